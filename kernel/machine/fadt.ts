/** Fields of the FADT about the power-management timer and about sleep states (ACPI Specification 6.4, 5.2.9). */
import { list, requires, U16, u16, u32, U32, u64, type Bytes } from '../../transpiler/lib/index.js';
import { fail } from '../report/fail.js';
import { findTable } from './acpi.js';

/** "FACP", the fixed ACPI description table. */
export const FADT = 0x5043_4146;

/** Returned for a register that does not exist or is not in port space. */
export const NO_PORT = 0;

const DSDT = 40;
const EXTENDED_DSDT = 140;
const TIMER_BLOCK = 76;
const FLAGS = 112;
const TIMER_HAS_32_BITS = 1 << 8;
const HARDWARE_REDUCED = 1 << 20;
/** A generic address (5.2.3.2), in tables since ACPI 2.0. If it is not zero, it replaces TIMER_BLOCK. */
const EXTENDED_TIMER_BLOCK = 208;
const SPACE = 0;
const ADDRESS = 4;
const GENERIC_ADDRESS_BYTES = 12;
const PORT_SPACE = 1;
/** Highest port of a 32-bit register. */
const HIGHEST_PORT = 0xfffcn;

const LOW_24_BITS = 0x00ff_ffff;
const ALL_32_BITS = 0xffff_ffff;

/** The port of the power-management timer, which is read as a doubleword. */
export function powerTimerPort(): u16 {
  const fadt = findTable(FADT);
  if (fadt === null || fadt.length < TIMER_BLOCK + 4) return NO_PORT;
  const extended = extendedPort(fadt);
  return extended === NO_PORT ? portAt(u64(fadt.u32(TIMER_BLOCK))) : extended;
}

/** The bits of the timer that count: the low 24, or all 32. */
export function powerTimerMask(): u32 {
  const fadt = findTable(FADT);
  if (fadt === null || fadt.length < FLAGS + 4) return LOW_24_BITS;
  return u32(fadt.u32(FLAGS) & TIMER_HAS_32_BITS) === 0 ? LOW_24_BITS : ALL_32_BITS;
}

/** Address of the DSDT from the 32-bit field; 0 if the table lacks the field. */
export function dsdtAddress(): u64 {
  const fadt = findTable(FADT);
  return fadt === null || fadt.length < DSDT + 4 ? 0n : u64(fadt.u32(DSDT));
}

/** Address of the DSDT from the 64-bit field, which later versions added; 0 if the table lacks it. */
export function extendedDsdtAddress(): u64 {
  const fadt = findTable(FADT);
  return fadt === null || fadt.length < EXTENDED_DSDT + 8 ? 0n : fadt.u64(EXTENDED_DSDT);
}

/** Registers that put the machine to sleep (5.2.9, table 5.9). Each holds SLP_TYP and SLP_EN in one byte. */
export const SleepRegister = { control: 0, pm1a: 1, pm1b: 2, extendedPm1a: 3, extendedPm1b: 4 } as const;
export const SLEEP_REGISTERS = 5;
const sleepFields = list(U32, [244, 64, 68, 172, 184]);
/**
 * Offset of that byte: PM1 control has 16 bits, with SLP_TYP and SLP_EN in the high byte (4.8.3.2.1); sleep control has
 * one byte (4.8.3.7).
 */
const sleepBytes = list(U16, [0, 1, 1, 1, 1]);

/**
 * The port of the byte with SLP_TYP and SLP_EN; NO_PORT if the machine lacks the register. Stops start-up if the
 * register is not in port space.
 */
export function sleepPort(register: u32): u16 {
  requires(register < SLEEP_REGISTERS);
  const fadt = findTable(FADT);
  if (fadt === null) fail('ACPI lists no FADT, which says where the registers of sleep are');
  const field = sleepFields.get(register);
  const isPlain = register === SleepRegister.pm1a || register === SleepRegister.pm1b;
  const address = isPlain ? plainAddress(fadt, field) : genericAddress(fadt, field);
  if (address === 0n) return NO_PORT;
  if (address > HIGHEST_PORT) refuseSleep();
  return u16(address + u64(sleepBytes.get(register)));
}

function plainAddress(fadt: Bytes, field: u32): u64 {
  return field + 4 <= fadt.length ? u64(fadt.u32(field)) : 0n;
}

function genericAddress(fadt: Bytes, field: u32): u64 {
  if (field + GENERIC_ADDRESS_BYTES > fadt.length) return 0n;
  const block = fadt.part(field, GENERIC_ADDRESS_BYTES);
  const address = block.u64(ADDRESS);
  if (address !== 0n && block.u8(SPACE) !== PORT_SPACE) refuseSleep();
  return address;
}

function refuseSleep(): never {
  fail('the ACPI table FADT names a register of sleep that is not behind a port: tsvm cannot intercept it');
}

/** Whether the machine is hardware-reduced ACPI, without ACPI's fixed registers, so that PM1 control may be missing. */
export function isHardwareReduced(): boolean {
  const fadt = findTable(FADT);
  return fadt !== null && fadt.length >= FLAGS + 4 && u32(fadt.u32(FLAGS) & HARDWARE_REDUCED) !== 0;
}

function extendedPort(fadt: Bytes): u16 {
  if (fadt.length < EXTENDED_TIMER_BLOCK + GENERIC_ADDRESS_BYTES) return NO_PORT;
  const block = fadt.part(EXTENDED_TIMER_BLOCK, GENERIC_ADDRESS_BYTES);
  return block.u8(SPACE) === PORT_SPACE ? portAt(block.u64(ADDRESS)) : NO_PORT;
}

function portAt(address: u64): u16 {
  return address > HIGHEST_PORT ? NO_PORT : u16(address);
}
