/**
 * Runs each parser of external data, in C, on inputs from libFuzzer. TSVM_FUZZ_RUNS is the number of inputs for each parser,
 * TSVM_SEED selects them.
 */
import t from 'tap';
import { scratchFolder } from '../support/hosted/scratch.js';
import { compileFuzzer, fuzz, parserSources } from './fuzzer.js';
import { fuzzSeeds } from './seeds.js';

t.setTimeout(3_600_000);

const runs = Number(process.env['TSVM_FUZZ_RUNS'] ?? 5_000);
const seed = Number(process.env['TSVM_SEED'] ?? 1);

const sources = parserSources();
const folder = scratchFolder(t, 'fuzz');
const binary = await compileFuzzer(sources, folder);
const seeds = await fuzzSeeds();

for (const [target, given] of seeds) {
  t.test(`${target}: ${runs} inputs give a result or a refusal`, async (t) => {
    const { found, said } = await fuzz(binary, folder, { target, seeds: given, runs, seed });
    t.notOk(found, said);
  });
}
