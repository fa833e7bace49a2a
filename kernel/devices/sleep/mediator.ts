/**
 * Answers writes to the registers that put the machine to sleep (ACPI Specification 6.4, 4.8.3.2.1 and 4.8.3.7). A
 * machine that wakes from S3 continues at an address from its memory, without the hypervisor. So the guest may use only
 * S5, which switches the machine off.
 */
import type { u32 } from '../../../transpiler/lib/index.js';
import { u16, u64, u8 } from '../../../transpiler/lib/index.js';
import { Verdict, type Access } from '../../access/access.js';
import { Owner } from '../../access/owner.js';
import { ownerOfPort, ownPort } from '../../access/ports.js';
import { isHardwareReduced, NO_PORT, SLEEP_REGISTERS, sleepPort, SleepRegister } from '../../machine/fadt.js';
import { readSleepTypes, sleepTypes } from '../../machine/sleepTypes.js';
import { fail } from '../../report/fail.js';
import { Event } from '../../observe/events.js';
import { recordEvent } from '../../report/events.js';
import type { Vcpu } from '../../vcpu/vcpu.js';

/** Fields of the byte with SLP_TYP and SLP_EN: the sleep control register, or the high byte of PM1 control. */
const TYPE_SHIFT = 2;
const TYPE_MASK = 7;
const ENABLE = 1 << 5;
const BITS_OF_BYTE = 8;
/** Number of bytes of a port access at most. */
const MOST_BYTES = 4;

/** Takes the registers from the guest, once the ACPI tables can be read. Stops start-up if that is not possible. */
export function ownSleep(): void {
  readSleepTypes();
  let count: u32 = 0;
  for (let register: u32 = 0; register < SLEEP_REGISTERS; register++) {
    const port = sleepPort(register);
    if (port === NO_PORT) continue;
    count++;
    // The FADT may name a register twice, in a 32-bit field and in a 64-bit one.
    if (ownerOfPort(port) === Owner.guest) ownPort(port, isB(register) ? Owner.sleepB : Owner.sleepA);
  }
  if (count === 0 && !isHardwareReduced()) fail('the ACPI table FADT names no PM1 control register');
}

function isB(register: u32): boolean {
  return register === SleepRegister.pm1b || register === SleepRegister.extendedPm1b;
}

/** Answers an access of which a byte reaches PM1a control or the sleep control register. */
export function mediateSleepA(_vcpu: Vcpu, access: Access): Verdict {
  return mediateSleep(access, Owner.sleepA, sleepTypes.offA);
}

/** Answers an access of which a byte reaches PM1b control. */
export function mediateSleepB(_vcpu: Vcpu, access: Access): Verdict {
  return mediateSleep(access, Owner.sleepB, sleepTypes.offB);
}

/**
 * Clears SLP_EN in a write with another type than `off`, that of S5, so that nothing happens, as in a machine without
 * that state.
 */
function mediateSleep(access: Access, owner: Owner, off: u8): Verdict {
  if (!access.isWrite) return Verdict.pass;
  for (let i: u32 = 0; i < MOST_BYTES && i < access.bytes; i++) {
    if (ownerOfPort(u16(access.address + u64(i))) !== owner) continue;
    const shift = u64(i * BITS_OF_BYTE) & 63n;
    const byte = u8(access.value >> shift);
    if ((byte & ENABLE) === 0 || ((byte >> TYPE_SHIFT) & TYPE_MASK) === off) continue;
    recordEvent(Event.sleep, u64(byte), access.rip);
    access.value = access.value & u64(~(u64(ENABLE) << shift));
  }
  return Verdict.pass;
}
