/** What the fixed ACPI description table says of the power-management timer (ACPI Specification 6.4, 5.2.9). */
import { u16, u32, u64, type Bytes } from '../../transpiler/lib/index.js';
import { findTable } from './acpi.js';

/** "FACP", the fixed ACPI description table. */
export const FADT = 0x5043_4146;

/** What powerTimerPort() gives where there is no such timer, or none behind a port. */
export const NO_PORT = 0;

const TIMER_BLOCK = 76;
const FLAGS = 112;
const TIMER_HAS_32_BITS = 1 << 8;
/** A generic address (5.2.3.2). Tables have it since ACPI 2.0; where it is not zero it replaces TIMER_BLOCK. */
const EXTENDED_TIMER_BLOCK = 208;
const SPACE = 0;
const ADDRESS = 4;
const GENERIC_ADDRESS_BYTES = 12;
const PORT_SPACE = 1;
/** A timer of 32 bits ends with the last port. */
const HIGHEST_PORT = 0xfffcn;

const LOW_24_BITS = 0x00ff_ffff;
const ALL_32_BITS = 0xffff_ffff;

/** The port that the timer is read from, in doublewords. */
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

function extendedPort(fadt: Bytes): u16 {
  if (fadt.length < EXTENDED_TIMER_BLOCK + GENERIC_ADDRESS_BYTES) return NO_PORT;
  const block = fadt.part(EXTENDED_TIMER_BLOCK, GENERIC_ADDRESS_BYTES);
  return block.u8(SPACE) === PORT_SPACE ? portAt(block.u64(ADDRESS)) : NO_PORT;
}

function portAt(address: u64): u16 {
  return address > HIGHEST_PORT ? NO_PORT : u16(address);
}
