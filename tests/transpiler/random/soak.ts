/** Tries new random programs and mutants without end: `npm run soak -- language`. */
import fc from 'fast-check';
import { tryMutants } from '../mutants/tryMutants.js';
import { tryModules } from './findings.js';
import { anyProgram, modulesOf } from './modules.js';

const MOST_PROGRAMS = 300;
const MUTATED = 150;
const CASES = 20;
/** How long fast-check may shrink a finding. */
const SHRINKING_MILLISECONDS = 20 * 60_000;

/** The result of one round. */
export interface Round {
  readonly line: string;
  readonly finding: string | null;
}

/** Tries some random programs, and mutants of others. */
export async function soakLanguage(seed: number): Promise<Round> {
  const random = await tryPrograms(seed);
  if (random.finding !== null) return random;
  const { mutants, accepted, finding } = await tryMutants(seed, MUTATED);
  return { line: `${random.line}; ${mutants} mutants, ${accepted} of them accepted`, finding };
}

/** Tries up to `MOST_PROGRAMS` programs. fast-check shrinks a finding to fewer and smaller programs. */
async function tryPrograms(seed: number): Promise<Round> {
  let line = '';
  let finding: string | null = null;
  const batch = fc.array(anyProgram, { minLength: 1, maxLength: MOST_PROGRAMS, size: 'max' });
  const property = fc.asyncProperty(batch, async (programs) => {
    const tried = await tryModules(modulesOf(programs), { seed, cases: CASES });
    line ||= `${programs.length} programs, ${tried.calls} calls`;
    finding = tried.finding ?? finding;
    return tried.finding === null;
  });
  await fc.check(property, { seed, numRuns: 1, unbiased: true, interruptAfterTimeLimit: SHRINKING_MILLISECONDS });
  return { line, finding };
}
