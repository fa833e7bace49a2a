import { getSystemErrorMap } from 'node:util';

/** What the command can end with; `tsvm --help` lists the same. */
export const ExitCode = {
  success: 0,
  /** The program or an input is refused, or the guest ended in failure. */
  refused: 1,
  /** The command line is wrong. */
  usage: 2,
  /** A program of the system is missing or fails, or a call of the system does. */
  tool: 3,
  /** This program is wrong, as with EX_SOFTWARE of sysexits.h. */
  internal: 70,
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

/** Whether a call of the system failed: as one to write a file where the disk is full. */
export function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'syscall' in error && 'errno' in error;
}

/** The system's own words: `no such file or directory`. */
export function systemText({ errno, message }: NodeJS.ErrnoException): string {
  return getSystemErrorMap().get(errno ?? 0)?.[1] ?? message;
}
