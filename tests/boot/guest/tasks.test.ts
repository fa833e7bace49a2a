import { join } from 'node:path';
import t, { type Test } from 'tap';
import { assembleBareProgram } from '../../../images/bare.js';
import { AMD_MODEL, bootInBochs } from '../../support/machines/bochs.js';
import { root } from '../../../linker/paths.js';
import { boot, temporaryFolder } from '../../support/machines/harness.js';

/** The program prints all registers about sixty times. */
const LEAST_LINES = 1500;

async function program(t: Test): Promise<{ kernel: string; initrd: null; append: string; seconds: number }> {
  const kernel = join(await temporaryFolder(t), 'tasks');
  await assembleBareProgram(root, 'tasks', kernel);
  return { kernel, initrd: null, append: '', seconds: 120 };
}

/** What the program says. A triple fault on the bare machine cuts off the end of the last line. */
function linesOf(serial: string): string[] {
  return [...serial.matchAll(/^tasks: (.*)$/gm)].map(([, line = '']) => line.trimEnd()).slice(0, -1);
}

t.test('under VT-x all ways to switch tasks do what they do on the bare machine', async (t) => {
  const machine = await program(t);
  const bare = await bootInBochs({ ...machine, image: null });
  const guest = await bootInBochs(machine);
  t.ok(linesOf(bare.serial).length > LEAST_LINES);
  t.same(linesOf(guest.serial), linesOf(bare.serial));
  t.equal(guest.ended, 'reset');
});

t.test('under AMD-V, too, where they do not leave the guest', async (t) => {
  const machine = { ...(await program(t)), machine: 'pc', memory: '512M' };
  const bare = await boot({ ...machine, image: null });
  const guest = await boot(machine);
  t.ok(linesOf(bare.serial).length > LEAST_LINES);
  t.same(linesOf(guest.serial), linesOf(bare.serial));
  t.equal(guest.ended, 'off');
});

/** Bochs 2.7 does not say in DR6 that the T flag of a task raised a #DB, where that leaves the guest. */
const withoutCauses = (lines: readonly string[]) => lines.filter((line) => !/^dr6 = 0xffff.*ff0$/.test(line.trim()));

t.test('and under the AMD-V of Bochs', async (t) => {
  const machine = { ...(await program(t)), model: AMD_MODEL };
  const bare = await bootInBochs({ ...machine, image: null });
  const guest = await bootInBochs(machine);
  t.ok(linesOf(bare.serial).length > LEAST_LINES);
  t.same(withoutCauses(linesOf(guest.serial)), withoutCauses(linesOf(bare.serial)));
  t.equal(guest.ended, 'reset');
});
