import { join } from 'node:path';
import t, { type Test } from 'tap';
import { assembleBareProgram } from '../../../images/bare.js';
import { bootInBochs } from '../../support/machines/bochs.js';
import { root } from '../../../linker/paths.js';
import { boot, temporaryFolder } from '../../support/machines/harness.js';

/** Lines of the program: 13 events, each with its vector and its error code. */
const LINES = 26;

async function program(t: Test): Promise<{ kernel: string; initrd: null; append: string; seconds: number }> {
  const kernel = join(await temporaryFolder(t), 'deliveries');
  await assembleBareProgram(root, 'deliveries', kernel);
  return { kernel, initrd: null, append: '', seconds: 120 };
}

/** The program's lines, without the one about the stacks: they must be in hidden memory only in the guest. */
function linesOf(t: Test, serial: string, isHidden: boolean): string[] {
  const lines = [...serial.matchAll(/^deliveries: (.*)$/gm)].map(([, line = '']) => line);
  const events = lines.filter((line) => !/^hidden|^end/.test(line));
  t.equal(lines.includes('hidden = 0x1'), isHidden);
  t.equal(lines.at(-1), 'end', 'the program comes to its end');
  t.equal(events.length, LINES);
  return events;
}

t.test('events whose delivery causes a VM exit are delivered as on the bare machine, under VT-x', async (t) => {
  const machine = { ...(await program(t)), ignoreUnknownMsrs: false };
  const bare = await bootInBochs({ ...machine, image: null });
  const guest = await bootInBochs(machine);
  t.same(linesOf(t, guest.serial, true), linesOf(t, bare.serial, false));
});

/** Differences from the bare machine: the guest has no MSRs of hypervisors, and bare QEMU raises #GP for no MSR. */
const OF_HYPERVISORS = ['#GP of WRMSR = 0xffffffffffffffff', '#GP of WRMSR = 0xd'] as const;

t.test(
  'events whose delivery causes a VM exit, under AMD-V, where QEMU reports NMIs and interrupts as exceptions',
  async (t) => {
    const machine = { ...(await program(t)), machine: 'pc', memory: '512M' };
    const bare = await boot({ ...machine, image: null });
    const guest = await boot(machine);
    const [without, within] = OF_HYPERVISORS;
    const expected = linesOf(t, bare.serial, false).map((line) => (line === without ? within : line));
    t.same(linesOf(t, guest.serial, true), expected);
  },
);
