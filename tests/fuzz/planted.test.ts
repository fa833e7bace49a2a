/** The fuzzer finds faults: checks that a parser has forgotten. */
import t from 'tap';
import { scratchFolder } from '../support/hosted/scratch.js';
import { compileFuzzer, fuzz, parserSources, withFault } from './fuzzer.js';
import { fuzzSeeds } from './seeds.js';

t.setTimeout(600_000);

/** Of different targets, so that one program holds all. */
const FAULTS = [
  { target: 'bundle', file: 'boot/cpio.c', condition: 'end > (uint64_t)archive.length' },
  { target: 'multiboot2', file: 'boot/multiboot2.c', condition: 'length > tags.length - offset' },
  { target: 'acpi', file: 'machine/madt.c', condition: 'bytes > madt.length - offset' },
] as const;

const planted = FAULTS.reduce((sources, { file, condition }) => withFault(sources, file, condition), parserSources());
const folder = scratchFolder(t, 'planted');
const binary = await compileFuzzer(planted, folder);
const seeds = await fuzzSeeds();

for (const { target, condition } of FAULTS) {
  t.test(`${target} without the check ${condition}`, async (t) => {
    const { found, said } = await fuzz(binary, folder, {
      target,
      seeds: seeds.get(target) ?? [],
      runs: 300_000,
      seed: 1,
    });
    t.ok(found, 'the fuzzer finds it');
    t.match(said, /ERROR: (AddressSanitizer|libFuzzer)|runtime error/);
  });
}
