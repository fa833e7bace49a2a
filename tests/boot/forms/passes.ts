/** Measures what it costs that tsvm does an access for the guest whose owner lets it pass. */
import { join } from 'node:path';
import type { Test } from 'tap';
import { runCounted } from '../../../bench/machine.js';
import { assembleBareProgram } from '../../../images/bare.js';
import { root } from '../../../linker/paths.js';
import { temporaryFolder } from '../../support/machines/harness.js';
import { bootOn, type Emulator } from './machines.js';

const ROUNDS = 1000;
const SECONDS = 120;

/** The instructions that the hypervisor adds to each access in passes.asm, by name. */
export async function measurePasses(t: Test, emulator: Emulator, image: string): Promise<ReadonlyMap<string, number>> {
  const kernel = join(await temporaryFolder(t), 'passes');
  await assembleBareProgram(root, 'passes', kernel);
  const machine = { image, kernel, initrd: null, append: '' };
  const serial =
    emulator === 'QEMU' ? await runCounted(machine) : (await bootOn(emulator, { ...machine, seconds: SECONDS })).serial;
  const lines = [...serial.matchAll(/^passes: (.+) = (0x[0-9a-f]+)$/gm)];
  return new Map(lines.map(([, name = '', count]) => [name, Number(count) / ROUNDS - 1]));
}
