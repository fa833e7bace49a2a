import { join } from 'node:path';
import t, { type Test } from 'tap';
import { assembleBareProgram } from '../../../images/bare.js';
import { AMD_MODEL, bootInBochs } from '../../support/machines/bochs.js';
import { root } from '../../../linker/paths.js';
import { boot, hypervisorLines, temporaryFolder } from '../../support/machines/harness.js';

async function program(t: Test): Promise<{ kernel: string; initrd: null }> {
  const kernel = join(await temporaryFolder(t), 'processors');
  await assembleBareProgram(root, 'processors', kernel);
  return { kernel, initrd: null };
}

async function sendAll(t: Test, cpus: number, more: string) {
  return boot({ machine: 'pc', memory: '512M', cpus, ...(await program(t)), append: `${cpus}${more}` });
}

/** Each way to send an interrupt, and the processors that got it. */
function receivers(serial: string): [string, number][] {
  const seen = [...serial.matchAll(/^processors: (.+) = (0x[0-9a-f]+)$/gm)];
  return seen.map(([, name = '', bits]) => [name, Number(bits)]);
}

/** The expected receivers of the interrupts of processors.asm, in its order, with a bit for each processor. `all`: all bits. */
const expected = (all: number): [string, number][] => [
  ['INIT, others', 0],
  ['SIPI, others', all - 1],
  ['SIPI, others again', 0],
  ['fixed, for 1', 2],
  ['fixed, for 0', 1],
  ['fixed, for 7', 0],
  ['fixed, broadcast', all],
  ['fixed, self', 1],
  ['fixed, all', all],
  ['fixed, others', all - 1],
  ['fixed, logical 2', 2],
  ['fixed, logical 3', 3],
  ['fixed, logical 0x40', 0],
  ['fixed, logical 0xff', all],
  ['NMI, for 1', 2],
  ['NMI, others', all - 1],
  ['NMI, logical 2', 2],
  ['all to the cluster model', all],
  ['fixed, cluster 1', 2],
  ['fixed, all of cluster 1', all],
  ['fixed, cluster 2', 0],
  ['INIT, for 1 with level 0', 0],
  ['fixed, for 1 after that', 2],
  ['INIT, for 1', 0],
  ['fixed, for 1 after that', 0],
  ['SIPI, for 1', 2],
  ['fixed, for 1 once more', 2],
  ['INIT, logical 2', 0],
  ['SIPI, for 1 then', 2],
];

for (const cpus of [2, 4]) {
  t.test(`each of ${cpus} processors gets the interrupts sent to it, and no others`, async (t) => {
    const { serial, ended } = await sendAll(t, cpus, '');
    t.same(receivers(serial), expected(2 ** cpus - 1));
    t.equal(ended, 'off');
  });
}

/** In Bochs interception of local-APIC writes ends when a kernel, in the upper half of the addresses, has started all. */
for (const [mode, letter] of [
  ['as firmware', ''],
  ['as a kernel', 'h'],
] as const) {
  t.test(
    `each processor gets the interrupts sent to it, where INITs stay pending: AMD-V in Bochs, ${mode}`,
    async (t) => {
      const machine = { cpus: 2, ...(await program(t)), model: AMD_MODEL, append: `2s${letter}`, seconds: 120 };
      const { serial, ended } = await bootInBochs(machine);
      t.same(receivers(serial), expected(3));
      t.equal(ended, 'reset');
    },
  );
}

/** A regression: it hung, since a reset called processors by NMI, which one with masked NMIs does not take. */
t.test('a processor that masks NMIs resets and starts another as on the bare machine', async (t) => {
  const machine = { cpus: 2, ...(await program(t)), model: AMD_MODEL, append: '2shm', seconds: 120 };
  const bare = receivers((await bootInBochs({ ...machine, image: null })).serial);
  t.same(bare.slice(expected(3).length), [
    ['INIT, with NMIs held back', 0],
    ['SIPI, with NMIs held back', 2],
    ['fixed, for 1 at last', 2],
  ]);
  t.same(receivers((await bootInBochs(machine)).serial), bare);
});

t.test('an INIT that an AP sends to the BSP resets the machine', async (t) => {
  const { serial, ended } = await sendAll(t, 2, 'i');
  t.match(serial, /^processors: INIT next done$/m);
  t.notMatch(serial, /survived/);
  t.match(hypervisorLines(serial).at(-1), /the guest sent INIT to the processor that it started on/);
  t.equal(ended, 'off');
});

/** In Bochs, logical destinations reach no processor in x2APIC mode. */
for (const [mode, letter, all] of [
  ['xAPIC', '', 29],
  ['x2APIC', 'x', 25],
] as const) {
  t.test(`under VT-x in ${mode} mode each processor gets the same interrupts as on the bare machine`, async (t) => {
    const machine = { cpus: 2, ...(await program(t)), append: `2s${letter}`, seconds: 120 };
    const bare = receivers((await bootInBochs({ ...machine, image: null })).serial);
    const guest = receivers((await bootInBochs(machine)).serial);
    t.equal(bare.length, all);
    if (mode === 'xAPIC') t.same(bare, expected(3));
    t.same(guest, bare);
  });
}
