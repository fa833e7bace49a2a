import { getSystemErrorMap } from 'node:util';

/** The exit codes of the command. `tsvm --help` lists the same. */
export const ExitCode = {
  success: 0,
  /** The program or an input is refused, or the guest ended in failure. */
  refused: 1,
  /** The command line is wrong. */
  usage: 2,
  /** A program of the system is missing or fails, or a call of the system does. */
  tool: 3,
  /** This program has a fault; the number is EX_SOFTWARE of sysexits.h. */
  internal: 70,
  /** The time given with --timeout is over; timeout(1) uses the same number. */
  timeout: 124,
} as const;
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

/** An error whose cause lies outside this program. The user sees its message without a stack trace. */
export class UserError extends Error {
  readonly exitCode: ExitCode;
  /** Commands that would mend the cause. */
  readonly remedies: readonly string[];

  constructor(message: string, exitCode: ExitCode, remedies: readonly string[] = []) {
    super(message);
    this.name = 'UserError';
    this.exitCode = exitCode;
    this.remedies = remedies;
  }
}

/** Whether `error` is a failed system call, for example a write to a full disk. */
export function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'syscall' in error && 'errno' in error;
}

/** The operating system's text for an error: `no such file or directory`. */
export function systemText({ errno, message }: NodeJS.ErrnoException): string {
  return getSystemErrorMap().get(errno ?? 0)?.[1] ?? message;
}
