/** Tries mutants of random programs: refused, or they do the same in Node and in C. */
import fc from 'fast-check';
import { rmSync } from 'node:fs';
import { emptyFolder } from '../../support/hosted/scratch.js';
import { checkModules, type GeneratedModule } from '../random/batch.js';
import { drawn } from '../random/draw.js';
import { acceptedIn, tryModules } from '../random/findings.js';
import { anyProgram, modulesOf } from '../random/modules.js';
import { mutate } from './mutate.js';

const CASES = 12;
/** Mutants of one program. */
const EACH = 3;

export interface TriedMutants {
  readonly finding: string | null;
  readonly mutants: number;
  /** Those that the transpiler accepts all the same. */
  readonly accepted: number;
}

/** Tries mutants of those of `programs` random programs that are accepted. */
export async function tryMutants(seed: number, programs: number): Promise<TriedMutants> {
  const originals = acceptedAmong(modulesOf(fc.sample(anyProgram, { seed, numRuns: programs })));
  const mutants = Array.from({ length: EACH }, (_, index) => mutantsOf(originals, seed + index)).flat();
  const tried = await tryModules(mutants.map(renumbered), { seed, cases: CASES });
  const count = mutants.reduce((sum, { functions }) => sum + functions.length, 0);
  return { finding: tried.finding, mutants: count, accepted: acceptedIn(tried) };
}

function acceptedAmong(modules: readonly GeneratedModule[]): readonly GeneratedModule[] {
  const folder = emptyFolder(`mutated-${process.pid}`);
  try {
    return checkModules(folder, modules).accepted;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The modules with one mutant of each program. */
function mutantsOf(modules: readonly GeneratedModule[], seed: number): readonly GeneratedModule[] {
  const [mutants] = fc.sample(
    drawn((draw) =>
      modules.map(({ preamble, functions }) => ({
        preamble,
        functions: functions.flatMap((text) => mutate(text, draw) ?? []),
      })),
    ),
    { seed, numRuns: 1 },
  );
  return mutants ?? [];
}

/** The module as the one of this number in its program: names of layouts are the program's. */
function renumbered({ preamble, functions }: GeneratedModule, id: number): GeneratedModule {
  const renamed = (text: string): string =>
    text.replace(/\b(Flags|Record|State|Device)\d+\b/g, `$1${id}`).replace(/p\d+x(\d+)\b/g, `p${id}x$1`);
  return { preamble: renamed(preamble), functions: functions.map(renamed) };
}
