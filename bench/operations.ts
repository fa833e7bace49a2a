/** Measures start-up and single operations of a guest, with images/bare/probe.asm. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { assembleBareProgram } from '../images/bare.js';
import { runCounted } from './machine.js';
import { output, root } from '../linker/paths.js';

export interface Operations {
  /** Instructions from the image's entry to the guest's first one. The guest's image is only 2 KiB, so little is copied. */
  readonly startUp: number;
  /** Instructions with an initrd of 16 MiB, about the size of Debian's, which is checked; without those for its copying. */
  readonly startUpWith16Mib: number;
  /** Instructions for each operation, the guest's own included, on a machine with PROCESSORS processors. */
  readonly perOperation: Readonly<Record<string, number>>;
}

/** How often probe.asm repeats each operation. */
const ROUNDS = 1000;
const PROCESSORS = 4;
const INITRD_BYTES = 16 << 20;
/** Bytes that REP MOVSQ copies per step. The emulator counts each step as an instruction. */
const COPIED_AT_ONCE = 8;

export async function measureOperations(): Promise<Operations> {
  const folder = join(output, 'bench');
  await mkdir(folder, { recursive: true });
  const initrd = join(folder, 'initrd');
  await writeFile(initrd, Buffer.alloc(INITRD_BYTES, 'initrd'));
  const probe = join(folder, 'probe');
  const entry = join(folder, 'entry');
  await assembleBareProgram(root, 'probe', probe);
  await assembleBareProgram(root, 'entry', entry);
  const startUp = await measureStart(entry, probe, null);
  const large = await measureStart(entry, probe, initrd);
  const all = await runProbe(probe, null, PROCESSORS);
  const perOperation = [...all].filter(([name]) => name !== 'start');
  return {
    startUp,
    startUpWith16Mib: large - INITRD_BYTES / COPIED_AT_ONCE,
    perOperation: Object.fromEntries(perOperation.map(([name, count]) => [name, count / ROUNDS])),
  };
}

/** Measures start-up: the time of the guest's first instruction, less the time at which the same machine enters an image. */
async function measureStart(entry: string, probe: string, initrd: string | null): Promise<number> {
  const reference = await runCounted({ image: entry, kernel: probe, initrd, append: '' });
  const entered = Number(/^entry: start = (0x[0-9a-f]+)$/m.exec(reference)?.[1]);
  const values = await runProbe(probe, initrd, 1);
  return (values.get('start') ?? NaN) - entered;
}

/** Runs the probe under tsvm and returns the values that it prints, by name. */
async function runProbe(probe: string, initrd: string | null, cpus: number): Promise<ReadonlyMap<string, number>> {
  const machine = { image: join(output, 'tsvm.bin'), kernel: probe, initrd, append: '', cpus };
  const serial = await runCounted(machine);
  const lines = serial.matchAll(/^probe: (.+) = (0x[0-9a-f]+)$/gm);
  const values = new Map([...lines].map(([, name = '', value = '']) => [name, Number(value)]));
  if (!values.has('start')) throw new Error(`the probe did not start:\n${serial}`);
  return values;
}
