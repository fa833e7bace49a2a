import { join } from 'node:path';
import t, { type Test } from 'tap';
import { assembleBareProgram } from '../../../images/bare.js';
import { AMD_MODEL, bootInBochs } from '../../support/machines/bochs.js';
import { root } from '../../../linker/paths.js';
import { boot, hypervisorLines, temporaryFolder } from '../../support/machines/harness.js';

interface Attack {
  readonly options?: string;
  readonly until?: RegExp;
  readonly append?: string;
  readonly cpus?: number;
}

interface Outcome {
  readonly serial: string;
  readonly ended: string;
}

async function program(t: Test, attack: Attack) {
  const kernel = join(await temporaryFolder(t), 'hostile');
  await assembleBareProgram(root, 'hostile', kernel);
  return { kernel, initrd: null, options: '', append: '', ...attack };
}

async function attackSvm(t: Test, attack: Attack): Promise<Outcome> {
  return boot({ machine: 'pc', memory: '512M', ...(await program(t, attack)) });
}

async function attackVmx(t: Test, attack: Attack): Promise<Outcome> {
  return bootInBochs({ seconds: 120, ...(await program(t, attack)) });
}

/** The attempts of hostile.asm on AMD-V only, and the outcomes that it must print. */
const OUTCOMES_ON_SVM = [
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
  'strings to the local APIC done',
  'INIT by other addresses of the command register done',
  'INIT by message done',
  'SIPI by message done',
];

/** The attempts on VT-x only, and their outcomes. */
const OUTCOMES_ON_VMX = [
  'VMXON #UD',
  'VMCALL of another hypervisor #UD',
  'set CR4.VMXE #GP',
  'write FEATURE_CONTROL #GP',
  'read VMX_BASIC #GP',
];

/** The readable words of hidden memory: the page of statistics, and three pages of counts for each processor. */
const STATISTICS_WORDS = (1 + 3 * 2) * 512;

/** The outcomes on both vendors, without the size of hidden memory. */
const BEFORE = [
  'read hidden memory done',
  `words that are not ones = 0x${STATISTICS_WORDS.toString(16)}`,
  'page table in hidden memory #PF',
  'code in hidden memory #UD',
];
/** The outcomes on VT-x, where in Bochs processors start through the trampoline page as long as the guest runs. */
const TRAMPOLINE = [
  'bytes of the trampoline = 0x1000',
  'read the trampoline done',
  'words that are not ones = 0x0',
  'write the trampoline done',
];
const AFTER = [
  'write hidden memory done',
  'APIC base over hidden memory #GP',
  'SIPI to itself done',
  'NMI to the other one done',
  'it has started by that = 0x0',
  'INIT and SIPI to the other one done',
  'it has started = 0x1',
  'hypercall after all that done',
  'triple fault next done',
];

/** The INITs of hostile.asm, in the order of their numbers on the command line. */
const INITS = [
  'to its processor',
  'to all by the broadcast number',
  'to itself by shorthand',
  'to all by shorthand',
  'to its processor by a logical destination',
  'to all by a logical destination',
];
/** The INIT to itself by shorthand: not valid on Intel's processors (SDM 3A 10.6.1, table 10-3), but on AMD's. */
const NONE_ON_VMX = 2;

/** The vendors. On VT-x the INIT itself causes a VM exit, so the report names no command. */
const VENDORS = [
  {
    ...{ name: 'AMD-V', attack: attackSvm, own: OUTCOMES_ON_SVM, reset: 'off', inits: INITS },
    ofInit: /the guest sent INIT to the processor that it started on/,
  },
  {
    ...{ name: 'VT-x', attack: attackVmx, own: OUTCOMES_ON_VMX, reset: 'reset' },
    ...{ inits: INITS.toSpliced(NONE_ON_VMX, 1, ''), ofInit: /starting the guest/ },
  },
];

/** Checks that all attempts have failed. `own`: the outcomes of the vendor's own attempts. */
function isContained(t: Test, serial: string, own: readonly string[]): void {
  const outcomes = [...serial.matchAll(/^hostile: (.*)$/gm)].map(([, outcome = '']) => outcome);
  t.same(
    outcomes.filter((outcome) => !outcome.startsWith('hidden pages')),
    own === OUTCOMES_ON_SVM ? [...own, ...BEFORE, ...AFTER] : [...own, ...BEFORE, ...TRAMPOLINE, ...AFTER],
  );
  const pages = parseInt(/^hostile: hidden pages = (0x[0-9a-f]+)$/m.exec(serial)?.[1] ?? '0');
  t.ok(pages >= 512, `${pages} hidden pages were tried`);
}

for (const { name, attack, own, reset, inits, ofInit } of VENDORS) {
  t.test(`on ${name} what a hostile guest tries is contained, and its triple fault resets the machine`, async (t) => {
    const { serial, ended } = await attack(t, { options: 'triple-fault=reset', cpus: 2 });
    isContained(t, serial, own);
    t.match(hypervisorLines(serial).at(-1), /triple fault/);
    t.equal(ended, reset);
  });

  t.test(`on ${name} with triple-fault=halt the machine stands still after it`, async (t) => {
    const until = /^tsvm: .*triple fault.*\n/m;
    const { serial, ended } = await attack(t, { options: 'triple-fault=halt', cpus: 2, until });
    t.match(hypervisorLines(serial).at(-1), /triple fault/);
    t.equal(ended, 'stopped');
  });

  for (const [number, how] of inits.entries()) {
    if (how === '') continue;
    t.test(`on ${name} an INIT ${how} resets the machine: the processor stays in the hypervisor`, async (t) => {
      const { serial, ended } = await attack(t, { append: String(number) });
      t.match(serial, /^hostile: INIT next done$/m);
      t.notMatch(serial, /survived/);
      t.match(hypervisorLines(serial).at(-1), ofInit);
      t.equal(ended, reset);
    });
  }
}

t.test('on VT-x an INIT to itself by shorthand has no effect', async (t) => {
  const { serial } = await attackVmx(t, { append: String(NONE_ON_VMX), until: /survived done/ });
  t.match(serial, /^hostile: survived done$/m);
});

t.test('on the AMD-V of Bochs, which keeps INITs pending, a hostile guest is contained too', async (t) => {
  const attack = await program(t, { options: 'triple-fault=reset', cpus: 2 });
  const { serial, ended } = await bootInBochs({ seconds: 120, model: AMD_MODEL, ...attack });
  isContained(t, serial, OUTCOMES_ON_SVM);
  t.equal(ended, 'reset', 'Bochs 2.7 has no exit for a triple fault, and resets by itself');
});
