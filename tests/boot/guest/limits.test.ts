import { join } from 'node:path';
import t, { type Test } from 'tap';
import { assembleBareProgram } from '../../../images/bare.js';
import { MsrOwner } from '../../../kernel/access/msrOwner.js';
import { ownerOf } from '../../../kernel/access/msrOwners.js';
import { startGuest } from '../../kernel/support/guest.js';
import { startIntelGuest } from '../../kernel/support/intel.js';
import { AMD_MODEL, bootInBochs } from '../../support/machines/bochs.js';
import { root } from '../../../linker/paths.js';
import { boot, hypervisorLines, temporaryFolder } from '../../support/machines/harness.js';

/** Outcomes under tsvm of what works on the bare machine: it has VT-x, but the guest's processor has none. */
const WITHOUT_VMX: Readonly<Record<string, string>> = {
  'bts cr4 13': '#GP',
};

async function program(t: Test): Promise<{ kernel: string; initrd: null; append: string }> {
  const kernel = join(await temporaryFolder(t), 'limits');
  await assembleBareProgram(root, 'limits', kernel);
  return { kernel, initrd: null, append: '' };
}

/** The expected outcome under tsvm if the bare machine gives `outcome`: MSRs that the guest does not have raise #GP. */
function underTsvm(name: string, outcome: string): string {
  const [, msr] = /^(?:RD|WR)MSR (0x[0-9a-f]+)/.exec(name) ?? [];
  if (msr === undefined) return outcome;
  const owner = ownerOf(Number(msr));
  return owner === MsrOwner.refused || owner === MsrOwner.absent ? '#GP' : outcome;
}

/** Outcomes with SVM on, as under a hypervisor: privilege is checked before an instruction's intercept (APM 2, 15.7). */
const WITH_SVM: Readonly<Record<string, string>> = Object.fromEntries(
  ['VMRUN', 'VMLOAD', 'VMSAVE', 'STGI', 'CLGI', 'INVLPGA'].map((name) => [`user's ${name}`, '#GP']),
);

/** Outcomes while local-APIC writes are intercepted, as on AMD-V until all processors have started: it cannot be moved. */
const WITH_WATCHED_APIC: Readonly<Record<string, string>> = { 'move the APIC and move it back': '#GP' };

/** Attempts that the program makes only under tsvm. */
const UNDER_TSVM = ['lay the APIC over hidden memory', 'APIC_BASE after that'];

/** CR4 is not compared: it shows whether VMXE was set. */
const isCompared = ([name]: readonly [string, string]) => name !== 'cr4' && !UNDER_TSVM.includes(name);

/** The outcome of each attempt, in order. */
function outcomes(serial: string): [string, string][] {
  const lines = [...serial.matchAll(/limits: (.*?) (done|#\w+|= 0x[0-9a-f]+|another exception)/g)];
  return lines.map(([, name = '', outcome = '']) => [name, outcome]);
}

/** The second model has AVX-512, PKRU and XSAVES. Linux does not start on it, since it asks for clock rates. */
for (const model of ['corei7_haswell_4770', 'corei7_icelake_u']) {
  t.test(`under VT-x a guest gets the outcomes of the bare machine, without VMX: ${model}`, async (t) => {
    const options = { ...(await program(t)), model, ignoreUnknownMsrs: false, seconds: 120 };
    const bare = await bootInBochs({ ...options, image: null });
    const guest = await bootInBochs(options);
    startIntelGuest();
    const expected = outcomes(bare.serial).filter(isCompared);
    t.ok(expected.length > 160);
    t.same(
      outcomes(guest.serial).filter(isCompared),
      expected.map(([name, outcome]) => [name, WITHOUT_VMX[name] ?? underTsvm(name, outcome)]),
    );
    t.equal(new Map(outcomes(guest.serial)).get('lay the APIC over hidden memory'), '#GP');
    t.equal(new Map(outcomes(guest.serial)).get('APIC_BASE after that'), '= 0xfee00900');
    t.match(hypervisorLines(guest.serial).at(-1), /triple fault/);
    t.equal(guest.ended, 'reset');
  });
}

t.test(
  'under AMD-V a guest gets the outcomes of the bare machine, without MSRs that processors do not have',
  async (t) => {
    const options = { ...(await program(t)), machine: 'pc', memory: '512M', seconds: 60 };
    const bare = await boot({ ...options, image: null });
    const guest = await boot(options);
    startGuest();
    const expected = outcomes(bare.serial).filter(isCompared);
    const deviations: Readonly<Record<string, string>> = { ...WITH_WATCHED_APIC, ...WITH_SVM };
    t.ok(expected.length > 120);
    t.same(
      outcomes(guest.serial).filter(isCompared),
      expected.map(([name, outcome]) => [name, deviations[name] ?? underTsvm(name, outcome)]),
    );
    t.equal(guest.ended, 'off');
  },
);

/** Attempts that do not depend on the model: QEMU's has other extended states, and no MSR that faults. */
const OF_ANY_MODEL =
  /^(VM\w+|STGI|CLGI|INV(D|EPT|VPID|LPGA)|GETSEC|WBINVD|LMSW|CLTS|CPUID OSXSAVE|XGETBV without OSXSAVE|single step.*|XSETBV 0 0 [012]|XSETBV 1 0 3)$/;

t.test('under AMD-V and under VT-x the guest gets the same outcomes', async (t) => {
  const options = await program(t);
  const amd = await boot({ ...options, machine: 'pc', memory: '512M' });
  const intel = await bootInBochs({ ...options, seconds: 120 });
  const common = (serial: string) => outcomes(serial).filter(([name]) => OF_ANY_MODEL.test(name));
  t.ok(common(intel.serial).length > 30);
  t.same(common(amd.serial), common(intel.serial));
  t.equal(amd.ended, 'off');
});

/** Outcomes with SVM on in Bochs, which unlike QEMU has SKINIT. */
const WITH_SVM_IN_BOCHS = { ...WITH_SVM, "user's SKINIT": '#GP' };

/** DR6 is not compared: for an intercepted #DB, Bochs 2.7 does not store its cause. */
const isSaidInBochs = ([name, outcome]: readonly [string, string]) =>
  isCompared([name, outcome]) && !(name === 'DR6' && outcome.startsWith('= 0xffff'));

t.test('under the AMD-V of Bochs a guest gets the outcomes of the bare machine', async (t) => {
  const options = { ...(await program(t)), model: AMD_MODEL, ignoreUnknownMsrs: false, seconds: 120 };
  const bare = await bootInBochs({ ...options, image: null });
  const guest = await bootInBochs(options);
  startGuest();
  const expected = outcomes(bare.serial).filter(isSaidInBochs);
  const deviations: Readonly<Record<string, string>> = { ...WITH_WATCHED_APIC, ...WITH_SVM_IN_BOCHS };
  t.ok(expected.length > 120);
  t.same(
    outcomes(guest.serial).filter(isSaidInBochs),
    expected.map(([name, outcome]) => [name, deviations[name] ?? underTsvm(name, outcome)]),
  );
  t.equal(guest.ended, 'reset');
});
