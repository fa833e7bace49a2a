import t from 'tap';
import { onVmxEntryRefused } from '../../../kernel/vmx/entry/entryFailure.js';
import { ExitReason } from '../../../kernel/vmx/control/exitReason.js';
import { Activity, Field } from '../../../kernel/vmx/control/vmcs.js';
import { HALTED, HIDDEN } from '../support/guest.js';
import { injectedEvent, startIntelGuest, type IntelGuest } from '../support/intel.js';
import { logText } from '../support/startup.js';

const VALID = 1n << 31n;
const HAS_ERROR_CODE = 1n << 11n;
const GENERAL_PROTECTION = VALID | HAS_ERROR_CODE | 0x30dn;
const INVALID_CONTROLS = 7n;
const CR4_VMXE = 0x2000n;

function startRealModeGuest(): IntelGuest {
  const guest = startIntelGuest();
  guest.write(Field.guestCr0, 0x20n);
  guest.write(Field.guestEfer, 0n);
  return guest;
}

t.test('in real mode an exception that a handler raises has no error code', (t) => {
  const { rdmsr, wrmsr, xsetbv, controlRegister, xsaves } = ExitReason;
  for (const [reason, qualification] of [
    [rdmsr, 0n],
    [wrmsr, 0n],
    [xsetbv, 0n],
    [controlRegister, 4n],
    [xsaves, 0n],
  ] as const) {
    const guest = startRealModeGuest();
    guest.vcpu.registers.rcx = 0x4000_0000n;
    guest.vcpu.registers.rax = CR4_VMXE;
    guest.exit(reason, qualification);
    t.same(injectedEvent(guest), { vector: 13, type: 3, errorCode: null }, `exit reason ${reason}`);
  }
  t.end();
});

t.test('in real mode an exception that was in delivery, or that caused the exit, has no error code', (t) => {
  const guest = startRealModeGuest();
  guest.write(Field.guestPhysicalAddress, HIDDEN);
  guest.write(Field.idtVectoringInformation, GENERAL_PROTECTION);
  guest.exit(ExitReason.eptViolation);
  t.same(injectedEvent(guest), { vector: 13, type: 3, errorCode: null });
  guest.write(Field.exitInterruptionInformation, VALID | HAS_ERROR_CODE | 0x311n);
  guest.exit(ExitReason.exception);
  t.same(injectedEvent(guest), { vector: 17, type: 3, errorCode: null });
  t.end();
});

t.test('an exception in delivery for a halted guest wakes it, as the entry insists', (t) => {
  const guest = startIntelGuest();
  guest.write(Field.guestActivity, Activity.halted);
  guest.write(Field.guestPhysicalAddress, HIDDEN);
  guest.write(Field.idtVectoringInformation, GENERAL_PROTECTION);
  guest.exit(ExitReason.eptViolation);
  t.equal(injectedEvent(guest)?.vector, 13);
  t.equal(guest.read(Field.guestActivity), Activity.active);
  t.end();
});

t.test('an error code has 16 bits, all of which are delivered', (t) => {
  const guest = startIntelGuest();
  guest.write(Field.guestPhysicalAddress, HIDDEN);
  guest.write(Field.idtVectoringInformation, GENERAL_PROTECTION);
  guest.write(Field.idtVectoringErrorCode, 0xabcd_fff8n);
  guest.exit(ExitReason.eptViolation);
  t.equal(injectedEvent(guest)?.errorCode, 0xfff8);
  t.end();
});

t.test('where the processor refuses bit 15 of an error code, the entry is tried without it, once', (t) => {
  const guest = startIntelGuest();
  guest.write(Field.instructionError, INVALID_CONTROLS);
  guest.write(Field.entryInterruptionInformation, GENERAL_PROTECTION);
  guest.write(Field.entryErrorCode, 0xfff8n);
  onVmxEntryRefused(guest.vcpu);
  t.same(injectedEvent(guest), { vector: 13, type: 3, errorCode: 0x7ff8 });
  t.throws(() => onVmxEntryRefused(guest.vcpu), HALTED);
  t.match(logText(), /refused to enter the guest, VM-instruction error 7/);
  t.end();
});

t.test('an entry that is refused for anything else is a crash', (t) => {
  for (const [error, event, code] of [
    [8n, GENERAL_PROTECTION, 0x8000n],
    [INVALID_CONTROLS, GENERAL_PROTECTION, 0x7fffn],
    [INVALID_CONTROLS, GENERAL_PROTECTION & ~VALID, 0x8000n],
    [INVALID_CONTROLS, GENERAL_PROTECTION & ~HAS_ERROR_CODE, 0x8000n],
  ] as const) {
    const guest = startIntelGuest();
    guest.write(Field.instructionError, error);
    guest.write(Field.entryInterruptionInformation, event);
    guest.write(Field.entryErrorCode, code);
    t.throws(() => onVmxEntryRefused(guest.vcpu), HALTED);
    t.equal(guest.read(Field.entryErrorCode), code);
  }
  t.end();
});
