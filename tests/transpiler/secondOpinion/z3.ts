/** Asks Debian's z3, one process for all questions. */
import { execa } from 'execa';
import { scriptOf } from './smt.js';
import type { Obligation } from './obligations.js';

const MILLISECONDS_EACH = 300;

export interface Opinions {
  readonly confirmed: number;
  readonly refuted: readonly Obligation[];
  /** Obligations that z3 does not decide in time. */
  readonly undecided: number;
  /** Obligations with an operator that integer arithmetic cannot express. */
  readonly skipped: number;
}

/** Asks z3 about the obligations. Rejects if it does not answer each of them. */
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
