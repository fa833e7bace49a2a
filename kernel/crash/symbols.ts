/**
 * Looks up an address of the code in the image's symbol table, which linker/toolchain/symbols.ts writes: the function and the
 * line.
 */
import { hpa, min32, u32, u64, window, type Bytes, type Hva } from '../../transpiler/lib/index.js';
import { imageBounds } from '../x86/platform.js';
import { print, printBytes, printDecimal, printHex } from '../report/console.js';

/** 'SYM1', the magic number of the table. */
const MAGIC = 0x314d_5953;
const MAGIC_AT = 0;
const COUNT_AT = 4;
const HEADER_BYTES = 8;
const ENTRY_BYTES = 16;
const ADDRESS = 0;
const NAME = 4;
const FILE = 8;
const LINE = 12;

/** Prints `function (file.ts:line)`, or only the address if the table has no entry for it. */
export function printCodeAddress(address: Hva): void {
  const bounds = imageBounds();
  const table = window(hpa(bounds.physical + u64(bounds.symbols - bounds.text)), u32(bounds.data - bounds.symbols));
  const isCode = address >= bounds.text && address < bounds.constants;
  if (!isCode || !printSymbol(table, u32(address - bounds.text))) printHex(u64(address));
}

/** Prints the last entry at or before `offset`, counted from the image's start. Returns false if there is none. */
function printSymbol(table: Bytes, offset: u32): boolean {
  const length = table.length;
  if (length < HEADER_BYTES || table.u32(MAGIC_AT) !== MAGIC) return false;
  const count = min32(table.u32(COUNT_AT), u32((length - HEADER_BYTES) / ENTRY_BYTES));
  let found: u32 = count;
  for (let i: u32 = 0; i < count; i++) {
    if (table.u32(HEADER_BYTES + i * ENTRY_BYTES + ADDRESS) <= offset) found = i;
  }
  if (found >= count) return false;
  const entry = table.part(HEADER_BYTES + found * ENTRY_BYTES, ENTRY_BYTES);
  printString(table, entry.u32(NAME));
  print(' (');
  printString(table, entry.u32(FILE));
  print(':');
  printDecimal(u64(entry.u32(LINE)));
  print(')');
  return true;
}

/** Prints the string at `start`, which ends with a NUL. */
function printString(table: Bytes, start: u32): void {
  const length = table.length;
  if (start >= length) return;
  let end: u32 = start;
  while (end < length && table.u8(end) !== 0) end++;
  printBytes(table.part(start, end - start));
}
