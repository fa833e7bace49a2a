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

/** The program's lines. On the bare machine the triple fault at its end truncates the last line. */
function linesOf(serial: string): string[] {
  return [...serial.matchAll(/^tasks: (.*)$/gm)].map(([, line = '']) => line.trimEnd()).slice(0, -1);
}

t.test('all kinds of task switches do what they do on the bare machine, under VT-x', async (t) => {
  const machine = await program(t);
  const bare = await bootInBochs({ ...machine, image: null });
  const guest = await bootInBochs(machine);
  t.ok(linesOf(bare.serial).length > LEAST_LINES);
  t.same(linesOf(guest.serial), linesOf(bare.serial));
  t.equal(guest.ended, 'reset');
});

t.test('all kinds of task switches, under AMD-V, where they cause no VM exit', async (t) => {
  const machine = { ...(await program(t)), machine: 'pc', memory: '512M' };
  const bare = await boot({ ...machine, image: null });
  const guest = await boot(machine);
  t.ok(linesOf(bare.serial).length > LEAST_LINES);
  t.same(linesOf(guest.serial), linesOf(bare.serial));
  t.equal(guest.ended, 'off');
});

/** Removes causes of #DB: for an intercepted #DB, Bochs 2.7 does not store in DR6 that a task's T flag raised it. */
const withoutCauses = (lines: readonly string[]) => lines.filter((line) => !/^dr6 = 0xffff.*ff0$/.test(line.trim()));

t.test('all kinds of task switches, under the AMD-V of Bochs', async (t) => {
  const machine = { ...(await program(t)), model: AMD_MODEL };
  const bare = await bootInBochs({ ...machine, image: null });
  const guest = await bootInBochs(machine);
  t.ok(linesOf(bare.serial).length > LEAST_LINES);
  t.same(withoutCauses(linesOf(guest.serial)), withoutCauses(linesOf(bare.serial)));
  t.equal(guest.ended, 'reset');
});
