/** Starts of a second processor that today's kernels do not make: INIT and SIPI without pause, at vector 0; and in an NMI. */
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { assembleBareProgram } from '../../../images/bare.js';
import { AMD_MODEL, bootInBochs } from '../../support/machines/bochs.js';
import { undoneImage } from '../../support/machines/undone.js';
import { root } from '../../../linker/paths.js';
import { BELIEVES_ENABLE_BIT, FORGETS_EARLY_SIPI } from '../../adversary/otherUndoings.js';
import { boot, temporaryFolder } from '../../support/machines/harness.js';

t.setTimeout(600_000);

async function machine(t: Test, append: string) {
  const kernel = join(await temporaryFolder(t), 'quickStart');
  await assembleBareProgram(root, 'quickStart', kernel);
  return { kernel, initrd: null, append, cpus: 2, seconds: 120 };
}

function said(serial: string): string[] {
  return [...serial.matchAll(/^quickStart: .*$/gm)].map(([line]) => line);
}

/** The lines of a processor that started. `cr0` has the cache bits that the firmware left. */
const came = (cr0: string): string[] => [
  'quickStart: the other processor came = 0x1',
  'quickStart: CS there = 0x0',
  `quickStart: CR0 there = ${cr0}`,
];

for (const append of ['', 'e']) {
  const when = append === 'e' ? 'after APIC_BASE.EN was cleared and set' : 'as the firmware left the local APIC';
  t.test(`in QEMU, ${when}`, async (t) => {
    const options = { ...(await machine(t, append)), machine: 'pc', memory: '512M' };
    const bare = await boot({ ...options, image: null });
    t.same(said(bare.serial), came('0x60000010'));
    t.same(said((await boot(options)).serial), said(bare.serial));
  });
}

// On the bare machine Bochs 2.7 loses a SIPI for a processor that has not taken the INIT yet, and cannot switch on a local APIC
// again. A VM entry on VT-x leaves the cache bits of CR0 as the hypervisor has set them (SDM 3C 26.3.2.1).
for (const [vendor, model, cr0] of [
  ['VT-x', 'corei7_haswell_4770', '0x10'],
  ['AMD-V', AMD_MODEL, '0x60000010'],
] as const) {
  for (const [append, how] of [
    ['', 'INIT and SIPI'],
    ['s', 'an NMI, and a SIPI with no INIT'],
  ] as const) {
    t.test(`in Bochs on ${vendor}, by ${how}`, async (t) => {
      t.same(said((await bootInBochs({ ...(await machine(t, append)), model })).serial), came(cr0));
    });
  }
}

/** The lines of a processor that is started anew while it waits endlessly in an NMI handler. */
const cameTwice = (cr0: string): string[] => [
  'quickStart: it got NMIs = 0x1',
  'quickStart: the other processor came = 0x2',
  ...came(cr0).slice(1),
];

for (const [append, does] of [
  ['h', 'halts'],
  ['p', 'waits with PAUSE'],
] as const) {
  t.test(`a processor whose NMI handler ${does} is started anew`, async (t) => {
    const options = { ...(await machine(t, append)), machine: 'pc', memory: '512M' };
    t.same(said((await boot({ ...options, image: null })).serial), cameTwice('0x60000010'));
    t.same(said((await boot(options)).serial), cameTwice('0x60000010'));
    const inBochs = await bootInBochs({ ...(await machine(t, append)), model: AMD_MODEL });
    t.same(said(inBochs.serial), cameTwice('0x60000010'));
  });
}

/** Much more than the processor needs to come. */
const WAIT_MILLISECONDS = 4000;

for (const [undoing, append, last] of [
  [BELIEVES_ENABLE_BIT, 'e', /^tsvm: starting the guest$/m],
  [FORGETS_EARLY_SIPI, 'h', /^quickStart: it got NMIs = 0x1$/m],
] as const) {
  t.test(`control: no processor comes where ${undoing.what}`, async (t) => {
    const image = await undoneImage(undoing.name, undoing.replacements);
    const options = { ...(await machine(t, append)), machine: 'pc', memory: '512M', image };
    const { serial } = await boot({ ...options, until: last, settleMilliseconds: WAIT_MILLISECONDS });
    t.match(serial, last);
    t.notMatch(serial, /the other processor came/);
  });
}
