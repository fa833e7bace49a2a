/** Start-up, and what a single operation of a guest costs: images/bare/probe.asm measures. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { assembleBareProgram } from '../images/bare.js';
import { runCounted } from './machine.js';
import { output, root } from '../cli/paths.js';

export interface Operations {
  /** Instructions from the image's entry to the guest's first one; the guest's image is 2 KiB, so little is copied. */
  readonly startUp: number;
  /** The same with an initrd of 16 MiB, as much as Debian's kernel and an initrd, which is checked; less its copying. */
  readonly startUpWith16Mib: number;
  /** Instructions that each takes, the guest's own one included. */
  readonly perOperation: Readonly<Record<string, number>>;
}

/** How often probe.asm does each. */
const ROUNDS = 1000;
const INITRD_BYTES = 16 << 20;
/** Bytes for each step of a repeated MOVSQ, which the emulator counts as an instruction. */
const COPIED_AT_ONCE = 8;

export async function measureOperations(): Promise<Operations> {
  const folder = join(output, 'bench');
  await mkdir(folder, { recursive: true });
  const initrd = join(folder, 'initrd');
  await writeFile(initrd, Buffer.alloc(INITRD_BYTES, 'initrd'));
  const { startUp, serial } = await measureStart(folder, null);
  const large = await measureStart(folder, initrd);
  const perOperation = [...valuesIn(serial)].filter(([name]) => name !== 'start');
  return {
    startUp,
    startUpWith16Mib: large.startUp - INITRD_BYTES / COPIED_AT_ONCE,
    perOperation: Object.fromEntries(perOperation.map(([name, count]) => [name, count / ROUNDS])),
  };
}

/** The same machine and bundle twice: the firmware and the loader take as long for the one image as for the other. */
async function measureStart(folder: string, initrd: string | null): Promise<{ startUp: number; serial: string }> {
  const probe = join(folder, 'probe');
  const entry = join(folder, 'entry');
  await assembleBareProgram(root, 'probe', probe);
  await assembleBareProgram(root, 'entry', entry);
  const reference = await runCounted({ image: entry, kernel: probe, initrd, append: '' });
  const serial = await runCounted({ image: join(output, 'tsvm.bin'), kernel: probe, initrd, append: '' });
  const start = valuesIn(serial).get('start');
  if (start === undefined) throw new Error(`the probe did not start:\n${serial}`);
  const entered = Number(/^entry: start = (0x[0-9a-f]+)$/m.exec(reference)?.[1]);
  return { startUp: start - entered, serial };
}

function valuesIn(serial: string): Map<string, number> {
  const lines = serial.matchAll(/^probe: (.+) = (0x[0-9a-f]+)$/gm);
  return new Map([...lines].map(([, name = '', value = '']) => [name, Number(value)]));
}
