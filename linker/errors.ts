/** What the command can end with; `tsvm --help` lists the same. */
export const ExitCode = {
  success: 0,
  /** The program or an input is refused, or the guest ended in failure. */
  refused: 1,
  /** The command line is wrong. */
  usage: 2,
  /** A program of the system is missing or fails. */
  tool: 3,
  /** The time given with --timeout is over, as with timeout(1). */
  timeout: 124,
} as const;
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

/** An error whose cause lies outside this program: it is told in a sentence, without a stack trace. */
export class UserError extends Error {
  readonly exitCode: ExitCode;
  /** Commands that would mend it. */
  readonly remedies: readonly string[];

  constructor(message: string, exitCode: ExitCode, remedies: readonly string[] = []) {
    super(message);
    this.name = 'UserError';
    this.exitCode = exitCode;
    this.remedies = remedies;
  }
}
