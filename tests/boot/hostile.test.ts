import { join } from 'node:path';
import t, { type Test } from 'tap';
import { assembleBareProgram } from '../../images/bare.js';
import { boot, hypervisorLines, root, temporaryFolder } from './harness.js';

async function attack(t: Test, options: string, until?: RegExp, append = '') {
  const kernel = join(await temporaryFolder(t), 'hostile');
  await assembleBareProgram(root, 'hostile', kernel);
  return boot({
    machine: 'pc',
    memory: '512M',
    options,
    kernel,
    initrd: null,
    append,
    ...(until === undefined ? {} : { until }),
  });
}

/** What each line of hostile.asm must say, but for the size of the hidden memory. */
const OUTCOMES = [
  'VMRUN #UD',
  'VMLOAD #UD',
  'VMSAVE #UD',
  'STGI #UD',
  'CLGI #UD',
  'SKINIT #UD',
  'INVLPGA #UD',
  'VMMCALL of another hypervisor #UD',
  'EFER.SVME = 0x0',
  'set EFER.SVME #GP',
  'write EFER as it is done',
  'VM_CR = 0x18',
  'clear VM_CR done',
  'VM_CR then = 0x18',
  'write VM_HSAVE_PA done',
  'move the local APIC #GP',
  'write APIC_BASE as it is done',
  'renumber the local APIC done',
  'number of the local APIC = 0x0',
  '64 bits to the local APIC #GP',
  '16 bits to the local APIC #GP',
  'strings to the local APIC #GP',
  'INIT by other addresses of the command register done',
  'INIT by message done',
  'SIPI by message done',
  'read hidden memory done',
  'words that are not ones = 0x0',
  'page table in hidden memory #PF',
  'code in hidden memory #UD',
  'write hidden memory done',
  'hypercall after all that done',
  'triple fault next done',
];

t.test('what a hostile guest tries is contained, and its triple fault resets the machine', async (t) => {
  const { serial, ended } = await attack(t, 'triple-fault=reset');
  const lines = serial.split('\n').filter((line) => line.startsWith('hostile: '));
  const outcomes = lines.map((line) => line.slice('hostile: '.length));
  t.same(
    outcomes.filter((line) => !line.startsWith('hidden pages')),
    OUTCOMES,
  );
  const pages = parseInt(/^hostile: hidden pages = (0x[0-9a-f]+)$/m.exec(serial)?.[1] ?? '0');
  t.ok(pages >= 512, `${pages} hidden pages were tried`);
  t.match(hypervisorLines(serial).at(-1), /triple fault/);
  t.equal(ended, 'off');
});

t.test('with triple-fault=halt the machine stands still after it', async (t) => {
  const { serial, ended } = await attack(t, 'triple-fault=halt', /^tsvm: .*triple fault.*\n/m);
  t.match(hypervisorLines(serial).at(-1), /triple fault/);
  t.equal(ended, 'stopped');
});

/** The INITs that hostile.asm sends where its command line begins with their number. */
const INITS = [
  'to its processor',
  'to all by the broadcast number',
  'to itself by shorthand',
  'to all by shorthand',
  'to its processor by a logical destination',
  'to all by a logical destination',
];

for (const [number, how] of INITS.entries()) {
  t.test(`an INIT ${how} resets the machine: the processor does not leave the hypervisor`, async (t) => {
    const { serial, ended } = await attack(t, '', undefined, String(number));
    t.match(serial, /^hostile: INIT next done$/m);
    t.notMatch(serial, /survived/);
    t.match(hypervisorLines(serial).at(-1), /the guest sent INIT to the processor that it started on/);
    t.equal(ended, 'off');
  });
}
