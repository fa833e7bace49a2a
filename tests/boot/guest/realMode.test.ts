import { join } from 'node:path';
import t, { type Test } from 'tap';
import { assembleBareProgram } from '../../../images/bare.js';
import { undoneImage } from '../../support/machines/undone.js';
import { AMD_MODEL, bootInBochs } from '../../support/machines/bochs.js';
import { root } from '../../../linker/paths.js';
import { boot, hypervisorLines, temporaryFolder } from '../../support/machines/harness.js';

/** The outcome of each attempt: `done`, or the vector, the bytes on the stack, IP and FLAGS. */
type Outcomes = Map<string, string[]>;

const LEAST_ATTEMPTS = 38;
const GENERAL_PROTECTION = '0x000d';
/** Attempts that bare QEMU accepts but the hypervisor refuses: MSRs and bits of EFER that processors do not have. */
const TAKEN_BY_QEMU = [
  'RDMSR 0x40000000',
  'RDMSR 0x400000ff',
  'RDMSR 0x4b564d00',
  'RDMSR 0x3f1',
  'RDMSR 0x570',
  'RDMSR 0x600',
  'RDMSR 0xdeadbeef',
  'WRMSR 0x40000000',
  'WRMSR 0x560',
  'WRMSR EFER, reserved',
  'WRMSR FEATURE_CONTROL',
  'a fault that is stepped',
];
/** FLAGS, CS and IP; with an error code it would be eight bytes. */
const BYTES_OF_EXCEPTION = '0x0006';

async function program(t: Test): Promise<{ kernel: string; initrd: null; append: string; seconds: number }> {
  const kernel = join(await temporaryFolder(t), 'real');
  await assembleBareProgram(root, 'real', kernel);
  return { kernel, initrd: null, append: '', seconds: 120 };
}

function outcomesOf(serial: string): Outcomes {
  const outcomes: Outcomes = new Map();
  let values: string[] = [];
  for (const [, line = ''] of serial.matchAll(/^real: (.*)$/gm)) {
    const [, detail] = /^ {2}\w+ = (\w+)$/.exec(line) ?? [];
    const [, name, outcome = ''] = /^(\S.*?)(?: = (?=0x)| (?=done$))(.*)$/.exec(line) ?? [];
    if (detail !== undefined) values.push(detail);
    else if (name !== undefined) outcomes.set(name, (values = [outcome]));
  }
  return outcomes;
}

/** Checks that the program ended, and that all exceptions except `deviations` equal those of the bare machine. */
function isSame(t: Test, guest: string, bare: string, deviations: readonly string[]): void {
  const seen = outcomesOf(guest);
  const expected = outcomesOf(bare);
  for (const serial of [bare, guest]) t.match(serial, /^real: end$/m, 'the program comes to its end');
  t.ok(expected.size >= LEAST_ATTEMPTS, `${expected.size} attempts`);
  for (const name of deviations) {
    t.equal(seen.get(name)?.[0], GENERAL_PROTECTION, `${name} raises #GP in the guest`);
    expected.delete(name);
  }
  for (const [vector, bytes] of seen.values()) if (vector !== 'done') t.equal(bytes, BYTES_OF_EXCEPTION);
  t.same(
    [...seen].filter(([name]) => !deviations.includes(name)),
    [...expected],
  );
}

t.test('in real mode the guest gets the exceptions of the bare machine, without error codes, under VT-x', async (t) => {
  const machine = { ...(await program(t)), ignoreUnknownMsrs: false };
  const bare = await bootInBochs({ ...machine, image: null });
  const guest = await bootInBochs(machine);
  isSame(t, guest.serial, bare.serial, ['VMXE']);
  t.match(hypervisorLines(guest.serial).at(-1), /triple fault/);
  t.equal(guest.ended, 'reset');
});

t.test(
  'control: under VT-x, an error code injected in real mode ends the hypervisor at the first exception',
  async (t) => {
    const from = 'isReal ? event & u64(~HAS_ERROR_CODE) : event';
    const undone = [{ file: 'kernel/vmx/control/inject.ts', from, to: 'isReal ? event & EVENT_MASK : event' }];
    const image = await undoneImage('real-mode-error-code', undone);
    const machine = { ...(await program(t)), ignoreUnknownMsrs: false };
    const { serial } = await bootInBochs({ ...machine, image, until: /^tsvm: halted$/m });
    t.match(serial, /tsvm: crash: the processor refused to enter .*\ntsvm: VM entry needs: no error code/);
  },
);

t.test('in real mode the guest gets the exceptions of the bare machine, under AMD-V', async (t) => {
  const machine = { ...(await program(t)), machine: 'pc', memory: '512M' };
  const bare = await boot({ ...machine, image: null });
  const guest = await boot(machine);
  isSame(t, guest.serial, bare.serial, TAKEN_BY_QEMU);
  t.match(hypervisorLines(guest.serial).at(-1), /triple fault/);
  t.equal(guest.ended, 'off');
});

t.test('in real mode the guest gets the exceptions of the bare machine, under the AMD-V of Bochs', async (t) => {
  const machine = { ...(await program(t)), model: AMD_MODEL, ignoreUnknownMsrs: false };
  const bare = await bootInBochs({ ...machine, image: null });
  const guest = await bootInBochs(machine);
  isSame(t, guest.serial, bare.serial, ['WRMSR FEATURE_CONTROL']); // Intel's MSR, which Bochs has on AMD too
  t.equal(guest.ended, 'reset', 'Bochs 2.7 has no exit for a triple fault, and resets by itself');
});
