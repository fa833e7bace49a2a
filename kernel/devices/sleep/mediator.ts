/**
 * The registers by which a guest puts the machine to sleep (ACPI Specification 6.4, 4.8.3.2.1 and 4.8.3.7). A machine that
 * wakes from S3 goes where its memory says, without the hypervisor. So S5 alone, which switches it off, is the guest's.
 */
import { u64, type u32, type u8 } from '../../../transpiler/lib/index.js';
import { ownPort, PortOwner } from '../../access/ports.js';
import { isHardwareReduced, NO_PORT, SLEEP_REGISTERS, sleepPort, SleepRegister } from '../../machine/fadt.js';
import { readSleepTypes, sleepTypes } from '../../machine/sleepTypes.js';
import { fail } from '../../report/fail.js';
import { Event, recordEvent } from '../../report/events.js';

/** The byte with SLP_TYP and SLP_EN: the sleep control register, and the high one of PM1 control. */
const TYPE_SHIFT = 2;
const TYPE_MASK = 7;
const ENABLE = 1 << 5;

/** Takes the registers from the guest, once the ACPI tables can be read. Stops where that is not possible. */
export function ownSleep(): void {
  readSleepTypes();
  let count: u32 = 0;
  for (let register: u32 = 0; register < SLEEP_REGISTERS; register++) {
    const port = sleepPort(register);
    if (port === NO_PORT) continue;
    ownPort(port, isB(register) ? PortOwner.sleepB : PortOwner.sleepA);
    count++;
  }
  if (count === 0 && !isHardwareReduced()) fail('the ACPI table FADT names no PM1 control register');
}

function isB(register: u32): boolean {
  return register === SleepRegister.pm1b || register === SleepRegister.extendedPm1b;
}

/** What PM1a control or the sleep control register gets in place of `byte`. */
export function sleepByteA(byte: u8, rip: u64): u8 {
  return withoutSleep(byte, sleepTypes.offA, rip);
}

/** What PM1b control gets. */
export function sleepByteB(byte: u8, rip: u64): u8 {
  return withoutSleep(byte, sleepTypes.offB, rip);
}

/** SLP_EN with another type than that of S5 does nothing, as in a machine without that state. */
function withoutSleep(byte: u8, off: u8, rip: u64): u8 {
  if ((byte & ENABLE) === 0 || ((byte >> TYPE_SHIFT) & TYPE_MASK) === off) return byte;
  recordEvent(Event.sleep, u64(byte), rip);
  return byte & ~ENABLE;
}
