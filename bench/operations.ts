/** Start-up, and what a single operation of a guest costs: images/bare/probe.asm measures. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { assembleBareProgram } from '../images/bare.js';
import { runCounted } from './machine.js';
import { output, root } from '../cli/paths.js';

export interface Operations {
  /** Instructions from the image's entry to the guest's first one; the guest's image is 2 KiB, so little is copied. */
  readonly startUp: number;
  /** Instructions that each takes, the guest's own one included. */
  readonly perOperation: Readonly<Record<string, number>>;
}

/** How often probe.asm does each. */
const ROUNDS = 1000;

export async function measureOperations(): Promise<Operations> {
  const folder = join(output, 'bench');
  await mkdir(folder, { recursive: true });
  const probe = join(folder, 'probe');
  const entry = join(folder, 'entry');
  await assembleBareProgram(root, 'probe', probe);
  await assembleBareProgram(root, 'entry', entry);
  // The same machine and the same modules: the firmware and the loader take as long for the one image as the other.
  const reference = await runCounted({ image: entry, kernel: probe, initrd: null, append: '' });
  const measured = await runCounted({ image: join(output, 'tsvm.bin'), kernel: probe, initrd: null, append: '' });
  const values = [...measured.matchAll(/^probe: (.+) = (0x[0-9a-f]+)$/gm)].map(
    ([, name = '', value = '']) => [name, Number(value)] as const,
  );
  const start = values.find(([name]) => name === 'start');
  if (start === undefined) throw new Error(`the probe did not start:\n${measured}`);
  const entered = Number(/^entry: start = (0x[0-9a-f]+)$/m.exec(reference)?.[1]);
  return {
    startUp: start[1] - entered,
    perOperation: Object.fromEntries(
      values.filter(([name]) => name !== 'start').map(([name, count]) => [name, count / ROUNDS]),
    ),
  };
}
