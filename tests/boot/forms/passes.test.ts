/** What it costs that tsvm does an access for the guest whose owner lets it pass, in instructions. */
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { runCounted } from '../../../bench/machine.js';
import { assembleBareProgram } from '../../../images/bare.js';
import { root } from '../../../linker/paths.js';
import { temporaryFolder } from '../../support/machines/harness.js';
import { bootOn, EMULATORS, type Emulator } from './machines.js';
import { passedOnImage } from './passedOn.js';

t.setTimeout(300_000);

const ROUNDS = 1000;
const MOST_OF_PORT = 150;

/** The instructions of each access in passes.asm, by name. */
async function measure(t: Test, emulator: Emulator, image: string | null): Promise<ReadonlyMap<string, number>> {
  const kernel = join(await temporaryFolder(t), 'passes');
  await assembleBareProgram(root, 'passes', kernel);
  const machine = { image, kernel, initrd: null, append: '' };
  const serial =
    emulator === 'QEMU' ? await runCounted(machine) : (await bootOn(emulator, { ...machine, seconds: 120 })).serial;
  const lines = [...serial.matchAll(/^passes: (.+) = (0x[0-9a-f]+)$/gm)];
  return new Map(lines.map(([, name = '', count]) => [name, Number(count) / ROUNDS]));
}

for (const emulator of EMULATORS) {
  t.test(`an access to a port that passes takes ${MOST_OF_PORT} instructions at most, on ${emulator}`, async (t) => {
    const bare = await measure(t, emulator, null);
    const guest = await measure(t, emulator, await passedOnImage());
    for (const name of ['read of a port', 'write of a port']) {
      const more = (guest.get(name) ?? 0) - (bare.get(name) ?? 0);
      t.ok(more > 10 && more <= MOST_OF_PORT, `${name}: ${more}`);
    }
  });
}
