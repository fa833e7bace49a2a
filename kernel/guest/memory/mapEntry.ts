/**
 * Entries of the guest's memory map, in the format of the BIOS and of Linux's zero page (ACPI Specification 6.4, table
 * 15.3).
 */
import { requires, subSat64, u64, type Bytes, type u32 } from '../../../transpiler/lib/index.js';
import { memoryMap } from '../../machine/memoryMap.js';

export const MAP_ENTRY_BYTES = 20;

const START = 0;
const BYTES = 8;
const KIND = 16;

/** Writes range `index` of the memory map into `entry`: start, length and kind. */
export function writeMapEntry(entry: Bytes, index: u32): void {
  requires(entry.length === MAP_ENTRY_BYTES && index < memoryMap.ranges.length);
  const range = memoryMap.ranges.at(index);
  const start = u64(range.start);
  entry.setU64(START, start);
  entry.setU64(BYTES, subSat64(u64(range.end), start));
  entry.setU32(KIND, range.kind);
}
