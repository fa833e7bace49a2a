import t from 'tap';
import fc from 'fast-check';
import { Event } from '../../../kernel/observe/events.js';
import { eventCount } from '../support/events.js';
import { ExitReason } from '../../../kernel/vmx/control/exitReason.js';
import { onNmi } from '../../../kernel/run/nmi.js';
import { vmxKeepNmi } from '../../../kernel/vmx/exits/nmi.js';
import { Field, GUEST_RIGHTS, Segment } from '../../../kernel/vmx/control/vmcs.js';
import { resetMemory, simulate } from '../../../transpiler/lib/testing.js';
import { CODE, HALTED, HIDDEN, RESET } from '../support/guest.js';
import { injectedEvent, IntelProcessor, plainProcessor, startIntelGuest } from '../support/intel.js';
import { logText } from '../support/startup.js';

const INVALID_OPCODE = { vector: 6, type: 3, errorCode: null };
const GENERAL_PROTECTION = { vector: 13, type: 3, errorCode: 0 };
const VALID = 1n << 31n;
const TIMER_ON = 1n << 6n;

/** Behind an instruction of two bytes. */
const NEXT = BigInt(CODE + 2);

t.test('each VMX instruction, and GETSEC, raises #UD and is an event', (t) => {
  const { vmclear, vmlaunch, vmptrld, vmptrst, vmread, vmresume, vmwrite, vmxoff, vmxon } = ExitReason;
  const { invept, invvpid, vmfunc, getsec } = ExitReason;
  const reasons = [vmclear, vmlaunch, vmptrld, vmptrst, vmread, vmresume, vmwrite, vmxoff, vmxon];
  for (const reason of [...reasons, invept, invvpid, vmfunc, getsec]) {
    const guest = startIntelGuest();
    guest.exit(reason);
    t.same(injectedEvent(guest), INVALID_OPCODE, `reason ${reason}`);
    t.equal(guest.read(Field.guestRip), BigInt(CODE));
    t.equal(eventCount(Event.virtualizationInstruction), 1n);
  }
  t.end();
});

t.test('instructions of TDX, and unknown ones, raise #UD', (t) => {
  for (const reason of [76, 77, 84, 85, 86, 200, 0xffff]) {
    const guest = startIntelGuest();
    guest.exit(reason);
    t.same(injectedEvent(guest), INVALID_OPCODE, `reason ${reason}`);
    t.equal(guest.read(Field.guestRip), BigInt(CODE));
  }
  t.end();
});

t.test('XSAVES and XRSTORS of the state of Intel PT raise #GP', (t) => {
  for (const reason of [ExitReason.xsaves, ExitReason.xrstors]) {
    const guest = startIntelGuest();
    guest.exit(reason);
    t.same(injectedEvent(guest), GENERAL_PROTECTION);
  }
  t.end();
});

t.test('an exit out of an enclave is handled as any other', (t) => {
  const guest = startIntelGuest();
  guest.write(Field.exitInterruptionInformation, VALID | 0xb11n);
  guest.exit(ExitReason.exception + (1 << 27));
  t.same(injectedEvent(guest), { vector: 17, type: 3, errorCode: 0 });
  t.end();
});

t.test('XSETBV is executed if the processor accepts the value, and raises #GP otherwise', (t) => {
  for (const [index, value, isDone] of [
    [0n, 7n, true],
    [0n, 0n, false],
    [0n, 5n, false],
    [1n, 1n, false],
    [0x1_0000_0000n, 3n, true],
  ] as const) {
    const guest = startIntelGuest();
    guest.vcpu.registers.rcx = index;
    guest.vcpu.registers.rax = value;
    guest.vcpu.registers.rdx = 0n;
    guest.exit(ExitReason.xsetbv);
    t.same(injectedEvent(guest), isDone ? null : GENERAL_PROTECTION, `XCR${index} = ${value}`);
    t.equal(guest.read(Field.guestRip), isDone ? NEXT : BigInt(CODE));
    t.equal(guest.processor.xcr0, isDone ? value : 1n);
  }
  t.end();
});

t.test('XSETBV raises #GP above privilege level 0, whatever the value', (t) => {
  for (const level of [1n, 2n, 3n]) {
    const guest = startIntelGuest();
    guest.write(GUEST_RIGHTS + 2 * Segment.ss, 0xc093n | (level << 5n));
    guest.vcpu.registers.rcx = 0n;
    guest.vcpu.registers.rax = 7n;
    guest.vcpu.registers.rdx = 0n;
    guest.exit(ExitReason.xsetbv);
    t.same(injectedEvent(guest), GENERAL_PROTECTION);
    t.equal(guest.processor.xcr0, 1n);
  }
  t.end();
});

t.test('INVD writes the caches back', (t) => {
  const guest = startIntelGuest();
  guest.exit(ExitReason.invd);
  t.equal(guest.processor.writesBack, 1);
  t.equal(guest.read(Field.guestRip), NEXT);
  t.end();
});

t.test('#DB reaches the guest with its cause in DR6', (t) => {
  const guest = startIntelGuest();
  guest.processor.dr6 = 0xffff_0ff2n;
  guest.write(Field.exitInterruptionInformation, VALID | 0x301n);
  guest.exit(ExitReason.exception, 0x4001n);
  t.same(injectedEvent(guest), { vector: 1, type: 3, errorCode: null });
  t.equal(guest.processor.dr6, 0xffff_4ff1n);
  t.end();
});

t.test('DR6 says by zeros that a bus lock or a transaction raised #DB', (t) => {
  for (const [before, qualification, after] of [
    [0xffff_0ff0n, 1n << 11n, 0xffff_07f0n],
    [0xfffe_07f0n, 1n, 0xffff_07f1n],
    [0xffff_0ff0n, (1n << 16n) | 2n, 0xfffe_0ff2n],
  ] as const) {
    const guest = startIntelGuest();
    guest.processor.dr6 = before;
    guest.write(Field.exitInterruptionInformation, VALID | 0x301n);
    guest.exit(ExitReason.exception, qualification);
    t.equal(guest.processor.dr6, after);
  }
  t.end();
});

t.test('an IRET that raises #AC has unmasked NMIs, as on the bare machine', (t) => {
  const guest = startIntelGuest();
  guest.write(Field.exitInterruptionInformation, VALID | 0x1b11n);
  guest.exit(ExitReason.exception);
  t.same(injectedEvent(guest), { vector: 17, type: 3, errorCode: 0 });
  t.equal(guest.read(Field.guestInterruptibility), 0n);
  t.end();
});

t.test('#DB for an access to debug registers clears DR7.GD', (t) => {
  const guest = startIntelGuest();
  guest.write(Field.guestDr7, 0x2400n);
  guest.write(Field.exitInterruptionInformation, VALID | 0x301n);
  guest.exit(ExitReason.exception, 0x2000n);
  t.equal(guest.read(Field.guestDr7), 0x400n);
  t.end();
});

t.test('INT1 keeps its type and its length', (t) => {
  const guest = startIntelGuest();
  guest.write(Field.exitInterruptionInformation, VALID | 0x501n);
  guest.exit(ExitReason.exception);
  t.same(injectedEvent(guest), { vector: 1, type: 5, errorCode: null });
  t.equal(guest.read(Field.entryInstructionLength), 2n);
  t.end();
});

t.test('#AC reaches the guest with its error code, and the shadow before it ends', (t) => {
  const guest = startIntelGuest();
  guest.write(Field.guestInterruptibility, 2n);
  guest.write(Field.exitInterruptionInformation, VALID | 0xb11n);
  guest.write(Field.exitErrorCode, 0n);
  guest.exit(ExitReason.exception);
  t.same(injectedEvent(guest), { vector: 17, type: 3, errorCode: 0 });
  t.equal(guest.read(Field.guestInterruptibility), 0n);
  t.end();
});

t.test('an event in delivery at an EPT violation is delivered again, software interrupts with their length', (t) => {
  for (const [event, type, errorCode] of [
    [0x30n, 0, null],
    [0x202n, 2, null],
    [0xb0en, 3, 0x1a],
    [0x480n, 4, null],
  ] as const) {
    const guest = startIntelGuest();
    guest.write(Field.guestPhysicalAddress, HIDDEN + 0x1234n);
    guest.write(Field.idtVectoringInformation, VALID | event);
    guest.write(Field.idtVectoringErrorCode, 0x1an);
    guest.exit(ExitReason.eptViolation);
    t.same(injectedEvent(guest), { vector: Number(event & 0xffn), type, errorCode });
    if (type === 4) t.equal(guest.read(Field.entryInstructionLength), 2n);
    t.equal(eventCount(Event.hiddenMemory), 1n);
  }
  t.end();
});

t.test('NMIs are masked again if an IRET has to be executed again', (t) => {
  const guest = startIntelGuest();
  guest.write(Field.guestPhysicalAddress, HIDDEN);
  guest.exit(ExitReason.eptViolation, 1n << 12n);
  t.equal(guest.read(Field.guestInterruptibility), 8n);
  t.end();
});

t.test('an emulated instruction ends the interrupt shadow, but not the masking of NMIs', (t) => {
  const guest = startIntelGuest();
  guest.write(Field.guestInterruptibility, 9n);
  guest.exit(ExitReason.invd);
  t.equal(guest.read(Field.guestInterruptibility), 8n);
  t.end();
});

t.test('a single-step trap follows an emulated instruction, unless only branches are stepped', (t) => {
  for (const [control, pending] of [
    [0n, 1n << 14n],
    [2n, 0n],
  ] as const) {
    const guest = startIntelGuest();
    guest.write(Field.guestRflags, 0x102n);
    guest.write(Field.guestDebugControl, control);
    guest.exit(ExitReason.cpuid);
    t.equal(guest.read(Field.guestPendingDebug), pending);
  }
  t.end();
});

t.test('in 32-bit code RIP wraps around at 4 GiB', (t) => {
  const guest = startIntelGuest();
  guest.write(GUEST_RIGHTS + 2 * Segment.cs, 0xc09bn);
  guest.write(Field.guestRip, 0xffff_fffen);
  guest.exit(ExitReason.cpuid);
  guest.write(Field.exitReason, 0x8000_0021n);
  guest.exit(0x8000_0021);
  t.equal(guest.read(Field.guestRip), 0n);
  t.end();
});

t.test('blocking by SMI, which Bochs saves and no VM entry accepts, is cleared', (t) => {
  const guest = startIntelGuest();
  guest.write(Field.guestInterruptibility, 0xcn);
  guest.write(Field.exitReason, 0x8000_0021n);
  guest.exit(0x8000_0021);
  t.equal(guest.read(Field.guestInterruptibility), 8n, 'and nothing else');
  t.throws(() => guest.exit(0x8000_0021), HALTED, 'a second refusal has another cause');
  t.end();
});

t.test('in legacy mode RIP wraps around at 4 GiB even with CS.L set, which means nothing there', (t) => {
  const guest = startIntelGuest();
  guest.write(Field.guestEfer, 0n);
  guest.write(Field.guestRip, 0x1_0000_0000n);
  guest.write(Field.exitReason, 0x8000_0021n);
  guest.exit(0x8000_0021);
  t.equal(guest.read(Field.guestRip), 0n);
  t.end();
});

t.test('an entry that the processor refuses for the guest’s state is a crash that names the rule', (t) => {
  const guest = startIntelGuest();
  guest.write(Field.guestRflags, 0n);
  guest.write(Field.exitReason, 0x8000_0021n);
  t.throws(() => guest.exit(0x8000_0021), HALTED);
  t.match(logText(), /VM entry needs: .*RFLAGS/);
  t.end();
});

t.test('an entry that fails for an MSR or a machine check is a crash that says so', (t) => {
  for (const [reason, text] of [
    [0x8000_0022, /an MSR rejects its value, entry 3\n/],
    [0x8000_0029, /a machine check came\n/],
    [0x8000_0030, /exit reason 0x80000030\n/],
  ] as const) {
    const guest = startIntelGuest();
    t.throws(() => guest.exit(reason, 3n), HALTED);
    t.match(logText(), text);
  }
  t.end();
});

t.test('an NMI that comes while the hypervisor runs ends the guest at once, and is injected then', (t) => {
  const guest = startIntelGuest();
  vmxKeepNmi(guest.vcpu);
  t.equal(guest.read(Field.pinControls) & TIMER_ON, TIMER_ON);
  t.equal(guest.read(Field.preemptionTimer), 0n);
  guest.exit(ExitReason.preemptionTimer);
  t.same(injectedEvent(guest), { vector: 2, type: 2, errorCode: null });
  t.equal(guest.read(Field.pinControls) & TIMER_ON, 0n);
  t.equal(guest.vcpu.vmx.quickReason, ExitReason.cpuid);
  t.end();
});

t.test('an NMI stays pending while the guest handles one or switches its stack', (t) => {
  for (const state of [8n, 2n]) {
    const guest = startIntelGuest();
    vmxKeepNmi(guest.vcpu);
    guest.write(Field.guestInterruptibility, state);
    guest.exit(ExitReason.preemptionTimer);
    t.equal(injectedEvent(guest), null);
    t.equal(guest.read(Field.pinControls) & TIMER_ON, TIMER_ON);
    t.not(guest.read(Field.preemptionTimer), 0n, 'the guest gets on');
    guest.write(Field.guestInterruptibility, 0n);
    guest.exit(ExitReason.preemptionTimer);
    t.equal(injectedEvent(guest)?.vector, 2);
  }
  t.end();
});

t.test('an NMI before the guest runs is not handled', (t) => {
  resetMemory();
  simulate(new IntelProcessor());
  t.equal(onNmi(), false);
  t.end();
});

t.test('a triple fault resets the machine, after one line', (t) => {
  const guest = startIntelGuest(plainProcessor());
  t.throws(() => guest.exit(ExitReason.tripleFault), RESET);
  t.match(logText(), /the guest shut its processor down \(triple fault\) at 0x20000\n$/);
  t.end();
});

t.test('INIT for the only processor resets the machine', (t) => {
  t.throws(() => startIntelGuest().exit(ExitReason.init), RESET);
  t.end();
});

t.test('an unexpected exit is a crash that names its reason', (t) => {
  t.throws(() => startIntelGuest().exit(12), HALTED);
  t.match(logText(), /exit reason 0xc/);
  t.end();
});

t.test(
  'any exit with any information and any registers: the guest goes on, or the machine ends in a known way',
  (t) => {
    const word = fc.bigInt({ min: 0n, max: 0xffff_ffff_ffff_ffffn });
    const { taskSwitch: _, ...others } = ExitReason;
    const reason = fc.oneof(fc.constantFrom(...Object.values(others)), fc.integer({ min: 10, max: 0xffff_ffff }));
    const given = fc.record({ reason, qualification: word, event: word, rax: word, rcx: word, rdx: word, rip: word });
    fc.assert(
      fc.property(given, ({ reason: number, qualification, event, rip, ...registers }) => {
        const guest = startIntelGuest();
        Object.assign(guest.vcpu.registers, registers);
        guest.write(Field.idtVectoringInformation, event);
        guest.write(Field.exitInterruptionInformation, event);
        guest.write(Field.guestPhysicalAddress, qualification);
        guest.write(Field.guestRip, rip);
        try {
          guest.exit(number, qualification);
        } catch (error) {
          if (![HALTED.name, RESET.name].includes((error as Error).name)) throw error;
        }
      }),
      { numRuns: 200 },
    );
    t.end();
  },
);
