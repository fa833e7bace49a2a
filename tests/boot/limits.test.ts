import { join } from 'node:path';
import t, { type Test } from 'tap';
import { assembleBareProgram } from '../../images/bare.js';
import { bootInBochs } from './bochs.js';
import { boot, hypervisorLines, root, temporaryFolder } from './harness.js';

/** Without a hypervisor these work, since the processor has VT-x; the guest's processor has none. */
const WITHOUT_VMX: Readonly<Record<string, string>> = {
  'bts cr4 13': '#GP',
  'RDMSR 0x480': '#GP',
  'RDMSR 0x48b': '#GP',
};

async function program(t: Test): Promise<{ kernel: string; initrd: null; append: string }> {
  const kernel = join(await temporaryFolder(t), 'limits');
  await assembleBareProgram(root, 'limits', kernel);
  return { kernel, initrd: null, append: '' };
}

/** No hypervisor that this runs under has them, and none of its own are there. */
const OF_HYPERVISORS: Readonly<Record<string, string>> = {
  'RDMSR 0x40000000': '#GP',
  'RDMSR 0x400000ff': '#GP',
  'WRMSR 0x40000000 0 0': '#GP',
};

/** While the APIC is watched, which is so on AMD-V until all processors have started, it cannot be moved. */
const WITH_WATCHED_APIC: Readonly<Record<string, string>> = { 'move the APIC and move it back': '#GP' };

/** What the program only does under tsvm. */
const UNDER_TSVM = ['lay the APIC over hidden memory', 'APIC_BASE after that'];

/** CR4 shows whether VMXE was set, and of the last line a triple fault on the bare machine cuts off the end. */
const isCompared = ([name]: readonly [string, string]) =>
  name !== 'cr4' && name !== 'triple fault next' && !UNDER_TSVM.includes(name);

/** What came of each attempt, in their order. */
function outcomes(serial: string): [string, string][] {
  const lines = [...serial.matchAll(/limits: (.*?) (done|#\w+|= 0x[0-9a-f]+|another exception)/g)];
  return lines.map(([, name = '', outcome = '']) => [name, outcome]);
}

t.test('under VT-x a guest at its limits gets what the bare machine gives, less VMX', async (t) => {
  const options = { ...(await program(t)), ignoreUnknownMsrs: false, seconds: 120 };
  const bare = await bootInBochs({ ...options, image: null });
  const guest = await bootInBochs(options);
  const expected = outcomes(bare.serial).filter(isCompared);
  t.ok(expected.length > 80);
  t.same(
    outcomes(guest.serial).filter(isCompared),
    expected.map(([name, outcome]) => [name, WITHOUT_VMX[name] ?? outcome]),
  );
  t.equal(new Map(outcomes(guest.serial)).get('lay the APIC over hidden memory'), '#GP');
  t.equal(new Map(outcomes(guest.serial)).get('APIC_BASE after that'), '= 0xfee00900');
  t.match(hypervisorLines(guest.serial).at(-1) ?? guest.serial, /starting the guest|triple fault/);
  t.equal(guest.ended, 'reset');
});

t.test('under AMD-V the guest gets what the bare machine gives, less MSRs of hypervisors', async (t) => {
  const options = { ...(await program(t)), machine: 'pc', memory: '512M', seconds: 60 };
  const bare = await boot({ ...options, image: null });
  const guest = await boot(options);
  const expected = outcomes(bare.serial).filter(isCompared);
  t.ok(expected.length > 70);
  t.same(
    outcomes(guest.serial).filter(isCompared),
    expected.map(([name, outcome]) => [name, OF_HYPERVISORS[name] ?? WITH_WATCHED_APIC[name] ?? outcome]),
  );
  t.equal(guest.ended, 'off');
});

/** What does not depend on the model of the processor: QEMU's has other extended states, and no MSR that faults. */
const OF_ANY_MODEL =
  /^(VM\w+|STGI|CLGI|INV\w+|GETSEC|WBINVD|LMSW|CLTS|CPUID OSXSAVE|XGETBV without OSXSAVE|single step.*|XSETBV 0 0 [012]|XSETBV 1 0 3)$/;

t.test('the same guest gets the same under AMD-V and VT-x', async (t) => {
  const options = await program(t);
  const amd = await boot({ ...options, machine: 'pc', memory: '512M' });
  const intel = await bootInBochs({ ...options, seconds: 120 });
  const common = (serial: string) => outcomes(serial).filter(([name]) => OF_ANY_MODEL.test(name));
  t.ok(common(intel.serial).length > 30);
  t.same(common(amd.serial), common(intel.serial));
  t.equal(amd.ended, 'off');
});
