import { join } from 'node:path';
import t, { type Test } from 'tap';
import { assembleBareProgram } from '../../../images/bare.js';
import { Owner } from '../../../kernel/access/msrOwner.js';
import { ownerOf } from '../../../kernel/access/msrOwners.js';
import { startGuest } from '../../kernel/support/guest.js';
import { startIntelGuest } from '../../kernel/support/intel.js';
import { AMD_MODEL, bootInBochs } from '../../support/machines/bochs.js';
import { root } from '../../../linker/paths.js';
import { boot, hypervisorLines, temporaryFolder } from '../../support/machines/harness.js';

/** Without a hypervisor these work, since the processor has VT-x; the guest's processor has none. */
const WITHOUT_VMX: Readonly<Record<string, string>> = {
  'bts cr4 13': '#GP',
};

async function program(t: Test): Promise<{ kernel: string; initrd: null; append: string }> {
  const kernel = join(await temporaryFolder(t), 'limits');
  await assembleBareProgram(root, 'limits', kernel);
  return { kernel, initrd: null, append: '' };
}

/** What becomes of an attempt that gives `outcome` on the bare machine: MSRs that the guest does not have raise #GP. */
function underTsvm(name: string, outcome: string): string {
  const [, msr] = /^(?:RD|WR)MSR (0x[0-9a-f]+)/.exec(name) ?? [];
  if (msr === undefined) return outcome;
  const owner = ownerOf(Number(msr));
  return owner === Owner.refused || owner === Owner.absent ? '#GP' : outcome;
}

/** Where SVM is on, which is so for the hypervisor, privilege is looked at before an instruction's exit (APM 2, 15.7). */
const WITH_SVM: Readonly<Record<string, string>> = Object.fromEntries(
  ['VMRUN', 'VMLOAD', 'VMSAVE', 'STGI', 'CLGI', 'INVLPGA'].map((name) => [`user's ${name}`, '#GP']),
);

/** While the APIC is watched, which is so on AMD-V until all processors have started, it cannot be moved. */
const WITH_WATCHED_APIC: Readonly<Record<string, string>> = { 'move the APIC and move it back': '#GP' };

/** What the program only does under tsvm. */
const UNDER_TSVM = ['lay the APIC over hidden memory', 'APIC_BASE after that'];

/** CR4 shows whether VMXE was set. */
const isCompared = ([name]: readonly [string, string]) => name !== 'cr4' && !UNDER_TSVM.includes(name);

/** What came of each attempt, in their order. */
function outcomes(serial: string): [string, string][] {
  const lines = [...serial.matchAll(/limits: (.*?) (done|#\w+|= 0x[0-9a-f]+|another exception)/g)];
  return lines.map(([, name = '', outcome = '']) => [name, outcome]);
}

/** The second one has AVX-512, PKRU and XSAVES; Linux, which asks it for its rates, does not start there. */
for (const model of ['corei7_haswell_4770', 'corei7_icelake_u']) {
  t.test(`under VT-x a guest at its limits gets what the bare machine gives, less VMX: ${model}`, async (t) => {
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

t.test('under AMD-V the guest gets what the bare machine gives, less MSRs that processors do not have', async (t) => {
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
});

/** What does not depend on the model of the processor: QEMU's has other extended states, and no MSR that faults. */
const OF_ANY_MODEL =
  /^(VM\w+|STGI|CLGI|INV(D|EPT|VPID|LPGA)|GETSEC|WBINVD|LMSW|CLTS|CPUID OSXSAVE|XGETBV without OSXSAVE|single step.*|XSETBV 0 0 [012]|XSETBV 1 0 3)$/;

t.test('the same guest gets the same under AMD-V and VT-x', async (t) => {
  const options = await program(t);
  const amd = await boot({ ...options, machine: 'pc', memory: '512M' });
  const intel = await bootInBochs({ ...options, seconds: 120 });
  const common = (serial: string) => outcomes(serial).filter(([name]) => OF_ANY_MODEL.test(name));
  t.ok(common(intel.serial).length > 30);
  t.same(common(amd.serial), common(intel.serial));
  t.equal(amd.ended, 'off');
});

/** SKINIT, which QEMU does not have, is one of these. */
const WITH_SVM_IN_BOCHS = { ...WITH_SVM, "user's SKINIT": '#GP' };

/** Bochs 2.7 does not say in DR6 why a #DB that leaves the guest was raised. */
const isSaidInBochs = ([name, outcome]: readonly [string, string]) =>
  isCompared([name, outcome]) && !(name === 'DR6' && outcome.startsWith('= 0xffff'));

t.test('and under the AMD-V of Bochs', async (t) => {
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
