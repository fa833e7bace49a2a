/** Runs the program of docs/hello in a machine. */
import { execa } from 'execa';

/** What the program prints. */
export const LINE = 'Hello from TypeScript\n';

/** Starts `kernel` in a machine and returns the first line that it prints. */
export async function firstLineOf(kernel: string): Promise<string> {
  const machine = execa(
    'qemu-system-x86_64',
    ['-accel', 'tcg', '-kernel', kernel, '-display', 'none', '-serial', 'stdio', '-no-reboot'],
    { stdin: 'ignore', timeout: 60_000, reject: false },
  );
  let printed = '';
  for await (const line of machine) {
    printed = `${line}\n`;
    machine.kill();
    break;
  }
  return printed;
}
