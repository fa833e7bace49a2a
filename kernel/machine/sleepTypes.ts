/**
 * The sleep types of this machine. The objects _S1 to _S5 of the firmware's AML code, each a package of constants, say
 * what a value of SLP_TYP means (ACPI Specification 6.4, 7.4.2). The guest may use S5 only (exits/sleep.ts). So tsvm
 * overwrites the names of the other objects, and the guest finds a machine without those states.
 */
import {
  addSat32,
  at,
  BOOL,
  ensures,
  instance,
  requires,
  struct,
  u32,
  U8,
  u8,
  type Bytes,
} from '../../transpiler/lib/index.js';
import { beginLine, endLine, print } from '../report/console.js';
import { intactTable, listedTable, tableCount } from './acpi.js';
import { dsdtAddress, extendedDsdtAddress } from './fadt.js';

/** Not a value of SLP_TYP, which has three bits. */
export const NO_TYPE = 8;

const SleepTypes = struct(
  'SleepTypes',
  { size: 4 },
  {
    /** SLP_TYP of S5 for the registers a and b. NO_TYPE if the firmware gives none, or contradictory ones. */
    offA: at(0, U8),
    offB: at(1, U8),
    /** Whether a definition of S5 was found. */
    isFound: at(2, BOOL),
    /** A bit for each type of register a that leads to S1, S2 or S3. */
    others: at(3, U8),
  },
);
export const sleepTypes = instance(SleepTypes);

/** "SSDT", of which there may be many. */
const SSDT = 0x5444_5353;
const HEADER_BYTES = 36;
const CHECKSUM = 9;

/** A name as AML stores it, such as `_S0_`. The mask leaves out the digit. */
const NAME = 0x5f00_535f;
const NAME_MASK = 0xff00_ffff;
const NAME_BYTES = 4;
const STATE_SHIFT = 16;
const STATE_S1 = 0x31;
const STATE_S3 = 0x33;
const STATE_S5 = 0x35;
/** Replaces the first letter of a hidden name: no operating system looks for `XS3_`. */
const UNDERSCORE = 0x5f;
const OTHER_LETTER = 0x58;

/** Opcodes of AML (ACPI Specification 6.4, 20.2). */
const Aml = {
  zero: 0x00,
  one: 0x01,
  name: 0x08,
  byte: 0x0a,
  word: 0x0b,
  doubleword: 0x0c,
  package: 0x12,
  root: 0x5c,
} as const;
/**
 * Bits 7:6 of the first byte of a package's length say how many more bytes the length has. The number of elements
 * follows.
 */
const LENGTH_FOLLOWS_SHIFT = 6;
const NO_BYTE = 0x100;

/** Reads the sleep types, and hides all states but S5. Prints a warning if the guest cannot switch the machine off. */
export function readSleepTypes(): void {
  sleepTypes.offA = NO_TYPE;
  sleepTypes.offB = NO_TYPE;
  readCode(intactTable(dsdtAddress()));
  if (extendedDsdtAddress() !== dsdtAddress()) readCode(intactTable(extendedDsdtAddress()));
  const count = tableCount();
  for (let i: u32 = 0; i < count; i++) readCode(listedTable(i, SSDT));
  const off = sleepTypes.offA;
  if (off < NO_TYPE && (sleepTypes.others & (1 << off)) === 0) return;
  sleepTypes.offA = NO_TYPE;
  sleepTypes.offB = NO_TYPE;
  beginLine();
  print('warning: the ACPI tables do not say clearly how the machine is switched off (_S5): the guest cannot do it');
  endLine();
}

/**
 * Searches every offset of `table`, since names in AML cannot be told apart without interpreting the code before them.
 */
function readCode(table: Bytes | null): void {
  if (table === null) return;
  for (let i: u32 = HEADER_BYTES; i + NAME_BYTES <= table.length; i++) {
    const name = table.u32(i);
    if (u32(name & NAME_MASK) !== NAME) continue;
    const state = (name >>> STATE_SHIFT) & 0xff;
    if (state < STATE_S1 || state > STATE_S5) continue;
    if (isDefined(table, i)) noteTypes(table, i + NAME_BYTES, state);
    if (state !== STATE_S5) hideName(table, i);
  }
}

/** Whether the name at `offset` is defined there, as a package. */
function isDefined(table: Bytes, offset: u32): boolean {
  if (byteAt(table, addSat32(offset, NAME_BYTES)) !== Aml.package || offset < 2) return false;
  const before = byteAt(table, offset - 1);
  return before === Aml.name || (before === Aml.root && byteAt(table, offset - 2) === Aml.name);
}

/**
 * Records the types in the package at `offset`, which defines `state`. Two definitions of S5 that differ count as none.
 */
function noteTypes(table: Bytes, offset: u32, state: u32): void {
  const follows = byteAt(table, addSat32(offset, 1)) >> LENGTH_FOLLOWS_SHIFT;
  const first = addSat32(offset, 3 + follows);
  const typeA = typeAt(table, first);
  const typeB = typeAt(table, addSat32(first, constantBytes(byteAt(table, first))));
  if (state <= STATE_S3 && typeA < NO_TYPE) sleepTypes.others = u8(sleepTypes.others | (1 << typeA));
  if (state !== STATE_S5) return;
  const isOther = sleepTypes.isFound && (sleepTypes.offA !== typeA || sleepTypes.offB !== typeB);
  sleepTypes.offA = isOther ? NO_TYPE : u8(typeA);
  sleepTypes.offB = isOther ? NO_TYPE : u8(typeB);
  sleepTypes.isFound = true;
}

/** The constant at `offset` if it is a sleep type, else NO_TYPE. */
function typeAt(table: Bytes, offset: u32): u32 {
  const opcode = byteAt(table, offset);
  const bytes = constantBytes(opcode);
  if (bytes === 1) return opcode <= Aml.one ? opcode : NO_TYPE;
  for (let i: u32 = 2; i < bytes; i++) {
    if (byteAt(table, addSat32(offset, i)) !== 0) return NO_TYPE;
  }
  const value = byteAt(table, addSat32(offset, 1));
  return value < NO_TYPE ? value : NO_TYPE;
}

/** Length of the constant that begins with `opcode`; 1 for anything else. */
function constantBytes(opcode: u32): u32 {
  const bytes: u32 = opcode === Aml.byte ? 2 : opcode === Aml.word ? 3 : opcode === Aml.doubleword ? 5 : 1;
  ensures(bytes <= 5);
  return bytes;
}

/** The byte at `offset`; NO_BYTE past the end. */
function byteAt(table: Bytes, offset: u32): u32 {
  const byte: u32 = offset < table.length ? table.u8(offset) : NO_BYTE;
  ensures(byte <= NO_BYTE);
  return byte;
}

/** Overwrites a name. In read-only memory it stays, but the state is refused to the guest all the same. */
function hideName(table: Bytes, offset: u32): void {
  requires(offset < table.length && table.length > HEADER_BYTES);
  table.setU8(offset, OTHER_LETTER);
  if (table.u8(offset) === OTHER_LETTER) table.setU8(CHECKSUM, u8(table.u8(CHECKSUM) + UNDERSCORE - OTHER_LETTER));
}
