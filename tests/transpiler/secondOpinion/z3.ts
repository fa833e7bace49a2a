/** Asks Debian's z3, one process for all questions. */
import { execa } from 'execa';
import { scriptOf } from './smt.js';
import type { Obligation } from './obligations.js';

const MILLISECONDS_EACH = 300;

export interface Opinions {
  readonly confirmed: number;
  readonly refuted: readonly Obligation[];
  /** Those that z3 does not decide in its time. */
  readonly undecided: number;
  /** Those with an operator that has no exact form in the arithmetic of integers. */
  readonly skipped: number;
}

/** What z3 says of the obligations. Rejects where it says something else than an answer to each. */
export async function opinionsOn(obligations: readonly Obligation[]): Promise<Opinions> {
  const asked = obligations.flatMap((obligation) => {
    const script = scriptOf(obligation);
    return script === null ? [] : [{ obligation, script }];
  });
  const input = asked.map(({ script }) => `(push)\n${script}\n(check-sat)\n(pop)\n`).join('');
  const { stdout } = await execa('z3', ['-in', `-t:${MILLISECONDS_EACH}`], { input });
  const answers = stdout === '' ? [] : stdout.split('\n');
  const wrong = answers.find((answer) => !['sat', 'unsat', 'unknown', 'timeout'].includes(answer));
  if (wrong !== undefined || answers.length !== asked.length)
    throw new Error(`z3 gave ${answers.length} answers to ${asked.length} questions: ${wrong ?? ''}`);
  return {
    confirmed: answers.filter((answer) => answer === 'unsat').length,
    refuted: asked.filter((_, index) => answers[index] === 'sat').map(({ obligation }) => obligation),
    undecided: answers.filter((answer) => answer === 'unknown' || answer === 'timeout').length,
    skipped: obligations.length - asked.length,
  };
}
