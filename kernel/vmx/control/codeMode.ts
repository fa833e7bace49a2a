import { CodeSize } from '../../instruction/code.js';
import { EFER_LMA } from '../../x86/registers.js';
import { vmread } from './operations.js';
import { Field, GUEST_RIGHTS, Segment } from './vmcs.js';

/** Access right of CS: 32-bit code. */
const DEFAULT_32 = 1n << 14n;
/** Access right of CS: 64-bit code (SDM 3C, table 24-2). In legacy mode the bit may be set but has no meaning. */
const LONG = 1n << 13n;

/** Whether the guest currently executes 64-bit code. */
export function isIn64BitCode(): boolean {
  return (vmread(GUEST_RIGHTS + 2 * Segment.cs) & LONG) !== 0n && (vmread(Field.guestEfer) & EFER_LMA) !== 0n;
}

/** The kind of code that the guest executes. */
export function codeSize(): CodeSize {
  if (isIn64BitCode()) return CodeSize.bits64;
  return (vmread(GUEST_RIGHTS + 2 * Segment.cs) & DEFAULT_32) !== 0n ? CodeSize.bits32 : CodeSize.bits16;
}
