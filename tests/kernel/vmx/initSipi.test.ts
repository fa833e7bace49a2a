import t from 'tap';
import { vcpuOf } from '../../../kernel/vcpu/processors.js';
import { useTrampoline } from '../../../kernel/space/trampoline.js';
import { ExitReason } from '../../../kernel/vmx/control/exitReason.js';
import { findHeldInit, restartProcessors } from '../../../kernel/vmx/exits/heldInit.js';
import { vmxKeepNmi } from '../../../kernel/vmx/exits/nmi.js';
import {
  Activity,
  Field,
  GUEST_BASE,
  GUEST_RIGHTS,
  GUEST_SELECTOR,
  Segment,
} from '../../../kernel/vmx/control/vmcs.js';
import { window } from '../../../transpiler/lib/index.js';
import { addMemory } from '../../../transpiler/lib/testing.js';
import { HALTED, RESET } from '../support/guest.js';
import { IntelProcessor, startIntelGuest, type IntelGuest } from '../support/intel.js';
import { viewOf } from '../support/startup.js';

const TIMER_ON = 1n << 6n;
const ENTERS_64_BIT = 1n << 9n;
const HOLDS_NMI_AND_SMI = 0xcn;

/** The guest on a processor that is not the first. */
function startSecond(): IntelGuest {
  const guest = startIntelGuest(new IntelProcessor(), 1);
  guest.vcpu.number = 1;
  return guest;
}

function giveBochsTables(): void {
  Buffer.from('BOCHS ').forEach((byte, index) => window(0xf_0009n, 8).setU8(index, byte));
}

t.test('after an INIT a processor waits for a SIPI, with nothing masked or pending', (t) => {
  const guest = startSecond();
  guest.write(Field.guestInterruptibility, HOLDS_NMI_AND_SMI);
  guest.write(Field.guestPendingDebug, 0x4000n);
  guest.exit(ExitReason.init);
  t.equal(guest.read(Field.guestActivity), Activity.waitsForSipi);
  t.equal(guest.read(Field.guestInterruptibility), 0n);
  t.equal(guest.read(Field.guestPendingDebug), 0n);
  t.end();
});

t.test('an INIT of the BSP resets the machine', (t) => {
  const guest = startIntelGuest();
  t.throws(() => guest.exit(ExitReason.init), RESET);
  t.end();
});

t.test('a SIPI starts the guest in real mode at its page', (t) => {
  const guest = startSecond();
  guest.exit(ExitReason.init);
  guest.vcpu.registers.rax = 5n;
  guest.exit(ExitReason.sipi, 0x98n);
  t.equal(guest.read(Field.guestActivity), Activity.active);
  t.equal(guest.read(Field.guestRip), 0n);
  t.equal(guest.read(GUEST_SELECTOR + 2 * Segment.cs), 0x9800n);
  t.equal(guest.read(GUEST_BASE + 2 * Segment.cs), 0x9_8000n);
  t.equal(guest.read(GUEST_RIGHTS + 2 * Segment.cs), 0x93n);
  t.equal(guest.read(Field.guestEfer), 0n);
  t.equal(guest.read(Field.entryControls) & ENTERS_64_BIT, 0n);
  t.equal(guest.read(Field.cr0Shadow), 0x10n);
  t.equal(guest.read(Field.guestCr0), 0x30n, 'with the bit that VMX fixes');
  t.equal(guest.vcpu.registers.rax, 0n);
  t.end();
});

t.test('an INIT preserves CR0.CD and CR0.NW, and clears the breakpoints', (t) => {
  const guest = startSecond();
  guest.write(Field.guestCr0, 0xe001_0031n);
  guest.processor.breakpoints.fill(5n);
  guest.exit(ExitReason.init);
  guest.exit(ExitReason.sipi, 0x98n);
  t.equal(guest.read(Field.cr0Shadow), 0x6000_0010n);
  t.same(guest.processor.breakpoints, [0n, 0n, 0n, 0n]);
  t.end();
});

t.test('an INIT between a SIPI and the first instruction counts, too', (t) => {
  const guest = startSecond();
  guest.exit(ExitReason.sipi, 0x98n);
  guest.exit(ExitReason.init);
  t.equal(guest.read(Field.guestActivity), Activity.waitsForSipi);
  t.end();
});

t.test('an INIT drops a pending NMI', (t) => {
  const guest = startSecond();
  vmxKeepNmi(guest.vcpu);
  guest.exit(ExitReason.init);
  t.equal(guest.vcpu.vmx.holdsNmi, false);
  t.end();
});

t.test('an NMI on another processor than the first runs no tasks there, and the timer goes off', (t) => {
  const guest = startSecond();
  vmxKeepNmi(guest.vcpu);
  guest.exit(ExitReason.preemptionTimer);
  t.equal(guest.read(Field.pinControls) & TIMER_ON, 0n);
  t.equal(guest.read(Field.entryInterruptionInformation) & 0x8000_07ffn, 0x8000_0202n);
  t.equal(guest.vcpu.vmx.timerEnd, 0n);
  t.end();
});

t.test('only where Bochs made the ACPI tables an INIT is expected to stay', (t) => {
  startIntelGuest(new IntelProcessor(), 1);
  t.equal(findHeldInit(), false);
  giveBochsTables();
  t.equal(findHeldInit(), false, 'where CPUID names a hypervisor it is not Bochs');
  const processor = new IntelProcessor();
  processor.leaves[1] = { ecx: 1 << 5 };
  startIntelGuest(processor, 1);
  giveBochsTables();
  t.equal(findHeldInit(), true);
  startIntelGuest(processor);
  giveBochsTables();
  t.equal(findHeldInit(), false, 'one processor alone gets none');
  t.end();
});

t.test('an INIT that stays resets the processor, and the first one starts it', (t) => {
  const processor = new IntelProcessor();
  processor.leaves[1] = { ecx: 1 << 5 };
  processor.msrs.set(0x1b, 0xfee0_0800n);
  const guest = startIntelGuest(processor, 1);
  const apic = viewOf(addMemory(0xfee0_0000n, 0x1000));
  giveBochsTables();
  findHeldInit();
  useTrampoline(0x9_c000n);
  guest.vcpu.number = 1;
  guest.exit(ExitReason.sipi, 0x98n);
  t.equal(guest.vcpu.vmx.startVector, 0x98);
  t.throws(() => guest.exit(ExitReason.init), HALTED);
  t.equal(processor.leftVmx, true);
  t.equal(guest.vcpu.vmx.mailbox.wantsStart, 1);

  vcpuOf(1).vmx.mailbox.wantsStart = 1;

  restartProcessors(0n);
  t.equal(apic.getUint32(0x310, true), 1 << 24);
  t.equal(apic.getUint32(0x300, true), 0x469c);
  t.end();
});
