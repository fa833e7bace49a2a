/** Runs the machine on which everything is measured. */
import { execa } from 'execa';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { DEFAULT_MACHINE, emulatorParameters, type Machine } from '../emulators/qemu.js';
import { output } from '../linker/paths.js';

const TIMEOUT_SECONDS = 1200;

type Chosen = Pick<Machine, 'image' | 'kernel' | 'initrd'> & Partial<Machine>;

/** Runs the machine to its end, with instructions counted as time. Returns the output on the serial port. */
export function runCounted(machine: Chosen): Promise<string> {
  return run({ icount: true, ...machine }, 'tcg');
}

/** Runs the machine with all processors on one thread of the emulator, without instructions counted as time. */
export function runOnOneThread(machine: Chosen): Promise<string> {
  return run(machine, 'tcg,thread=single');
}

async function run(machine: Chosen, accelerator: string): Promise<string> {
  const chosen: Machine = {
    ...DEFAULT_MACHINE,
    machine: 'q35',
    memory: '1G',
    serial: 'stdio',
    endOnReset: true,
    ...machine,
    extra: ['-device', 'isa-debug-exit,iobase=0xf4', ...(machine.extra ?? [])],
  };
  const folder = join(output, 'bench');
  await mkdir(folder, { recursive: true });
  const parameters = await emulatorParameters(chosen, folder);
  const words = parameters.map((word) => (word === 'tcg' ? accelerator : word));
  const { stdout, timedOut } = await execa('qemu-system-x86_64', words, {
    stdin: 'ignore',
    stderr: 'ignore',
    reject: false,
    timeout: TIMEOUT_SECONDS * 1000,
  });
  if (timedOut) throw new Error(`the machine did not end within ${TIMEOUT_SECONDS} s; it wrote:\n${stdout}`);
  return stdout.replaceAll('\r', '');
}
