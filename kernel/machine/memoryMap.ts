/**
 * The machine's memory map: all ranges, which memory is free during start-up, and what the guest sees.
 *
 * The boot loader's ranges are sorted and made disjoint; where two overlap, the more restrictive kind wins. Ranges
 * without overlap stay as the firmware gave them and are not merged, so that the guest sees the same ranges.
 */
import {
  addSat32,
  addSat64,
  arr,
  at,
  hpa,
  instance,
  min32,
  min64,
  requires,
  struct,
  U32,
  u64,
  type Hpa,
  type u32,
} from '../../transpiler/lib/index.js';
import { bootServicesIn, keptByFirmwareIn } from './efiMemoryMap.js';
import { bootInfo, GUEST_PARTS, MAX_BOOT_RANGES, MemoryKind, MemoryRange } from '../handover/bootInfo.js';
import { fail } from '../report/fail.js';

/** Most ranges: those of the boot loader and a few hidden ones. */
const MAX_SOURCES = 520;
/** Sources with 2 n ends make at most 2 n - 1 disjoint pieces. */
export const MAX_RANGES = 1040;
const MAX_EXCLUDED = 16;
const NOTHING = 0xffff_ffff;
const LAST_ADDRESS = 0xffff_ffff_ffff_ffffn;

const MemoryMap = struct(
  'MemoryMap',
  { size: 37840 },
  {
    count: at(0, U32),
    sourceCount: at(4, U32),
    excludedCount: at(8, U32),
    ranges: at(16, arr(MemoryRange, MAX_RANGES)),
    sources: at(24976, arr(MemoryRange, MAX_SOURCES)),
    excluded: at(37456, arr(MemoryRange, MAX_EXCLUDED)),
  },
);

/** The map. The first `count` entries of `ranges` are sorted and disjoint. */
export const memoryMap = instance(MemoryMap, { align: 8 });

/** Fills the map from the boot loader's ranges. */
export function readMemoryMap(): void {
  const count = bootInfo.rangeCount;
  if (count > MAX_BOOT_RANGES) fail('the memory map has too many ranges');
  for (let i: u32 = 0; i < count; i++) {
    const range = bootInfo.ranges.at(i);
    addSource(range.start, range.end, range.kind);
  }
  makeDisjoint();
}

/** Makes the range reserved in the map, and so in what the guest sees. */
export function hideRange(start: Hpa, bytes: u64): void {
  addSource(start, endOf(start, bytes), MemoryKind.reserved);
  makeDisjoint();
}

/** Makes highestFree() avoid the range. The map itself does not change. */
export function excludeRange(start: Hpa, bytes: u64): void {
  const count = memoryMap.excludedCount;
  if (count >= MAX_EXCLUDED) fail('too many ranges are kept free of each other');
  const range = memoryMap.excluded.at(count);
  range.start = start;
  range.end = endOf(start, bytes);
  memoryMap.excludedCount = count + 1;
}

/** Number of hidden ranges. */
export function hiddenCount(): u32 {
  const count = min32(memoryMap.sourceCount, MAX_SOURCES);
  const first = bootInfo.rangeCount;
  return count < first ? 0 : count - first;
}

/** Hidden range `index`, in the order of hiding. */
export function hiddenRange(index: u32): MemoryRange {
  return memoryMap.sources.at(min32(addSat32(bootInfo.rangeCount, index), MAX_SOURCES - 1));
}

/** End of the highest available memory. */
export function topOfMemory(): u64 {
  let top: u64 = 0n;
  const count = memoryMap.count;
  for (let i: u32 = 0; i < count && i < MAX_RANGES; i++) {
    const range = memoryMap.ranges.at(i);
    const end = u64(range.end);
    if (range.kind === MemoryKind.available && end > top) top = end;
  }
  return top;
}

/**
 * Whether all of the range is available memory, also in the EFI memory map if there is one beside the boot loader's.
 * Excluded ranges do not matter.
 */
export function isAvailable(start: Hpa, bytes: u64): boolean {
  const end = endOf(start, bytes);
  let reached: Hpa = start;
  const count = memoryMap.count;
  for (let i: u32 = 0; i < count && i < MAX_RANGES; i++) {
    const range = memoryMap.ranges.at(i);
    const rangeEnd = range.end;
    const holds = range.start <= reached && reached < rangeEnd;
    if (holds && range.kind === MemoryKind.available) reached = rangeEnd;
  }
  return reached >= end && keptByFirmwareIn(start, end) === end;
}

/**
 * Finds the highest `bytes` bytes of available memory that end at or below `below`, start at a multiple of `align`, and
 * overlap neither a part of the guest, nor memory that EFI or its boot services keep, nor an excluded range. Returns 0
 * if there are none; address 0 itself is never returned.
 */
export function highestFree(bytes: u64, below: u64, align: u64): Hpa {
  requires(align > 0n);
  let best: Hpa = hpa(0n);
  const count = memoryMap.count;
  for (let i: u32 = 0; i < count && i < MAX_RANGES; i++) {
    const range = memoryMap.ranges.at(i);
    if (range.kind !== MemoryKind.available) continue;
    const found = highestFreeWithin(range.start, min64(u64(range.end), below), bytes, align);
    if (found > best) best = found;
  }
  return best;
}

function highestFreeWithin(start: Hpa, end: u64, bytes: u64, align: u64): Hpa {
  requires(align > 0n);
  let top: u64 = end;
  while (top >= bytes) {
    const highest = top - bytes;
    const candidate = hpa(highest - (highest % align));
    if (candidate < start) break;
    const obstacle = obstacleIn(candidate, endOf(candidate, bytes));
    if (obstacle === LAST_ADDRESS) return candidate;
    top = u64(obstacle);
  }
  return hpa(0n);
}

/** The start of a range that overlaps this one and must not be overwritten; the last address if there is none. */
function obstacleIn(start: Hpa, end: Hpa): Hpa {
  const excluded = memoryMap.excludedCount;
  for (let i: u32 = 0; i < excluded && i < MAX_EXCLUDED; i++) {
    const range = memoryMap.excluded.at(i);
    if (range.start < end && range.end > start) return range.start;
  }
  const kept = keptByFirmwareIn(start, end);
  if (kept < end) return kept;
  const bootServices = bootServicesIn(start, end);
  if (bootServices < end) return bootServices;
  for (let i: u32 = 0; i < GUEST_PARTS; i++) {
    const part = bootInfo.parts.at(i);
    if (part.start < end && part.end > start) return part.start;
  }
  return LAST_ADDRESS;
}

function addSource(start: Hpa, end: Hpa, kind: u32): void {
  const count = memoryMap.sourceCount;
  if (count >= MAX_SOURCES) fail('too many ranges of memory are hidden');
  const source = memoryMap.sources.at(count);
  source.start = start;
  source.end = end;
  source.kind = kind;
  memoryMap.sourceCount = count + 1;
}

/**
 * Builds `ranges`. Steps from each start or end of a source to the next; between two of them the set of sources does
 * not change.
 */
function makeDisjoint(): void {
  memoryMap.count = 0;
  let last: u32 = NOTHING;
  let position: Hpa = hpa(0n);
  let next: Hpa = boundaryAfter(position);
  while (next > position) {
    const winner = mostRestrictiveAt(position);
    if (winner < MAX_SOURCES) addPiece(winner, position, next, winner === last);
    last = winner;
    position = next;
    next = boundaryAfter(position);
  }
}

/** The lowest start or end of a source above `position`; `position` itself if there is none. */
function boundaryAfter(position: Hpa): Hpa {
  let lowest: Hpa = LAST_ADDRESS;
  let found = false;
  const count = memoryMap.sourceCount;
  for (let i: u32 = 0; i < count && i < MAX_SOURCES; i++) {
    const source = memoryMap.sources.at(i);
    const start = source.start;
    const end = source.end;
    const boundary = start > position ? start : end;
    if (boundary > position && boundary <= lowest) {
      lowest = boundary;
      found = true;
    }
  }
  return found ? lowest : position;
}

/** The source of the most restrictive kind that covers `position`, or NOTHING. */
function mostRestrictiveAt(position: Hpa): u32 {
  let winner: u32 = NOTHING;
  let highest: u32 = 0;
  const count = memoryMap.sourceCount;
  for (let i: u32 = 0; i < count && i < MAX_SOURCES; i++) {
    const source = memoryMap.sources.at(i);
    const rank = restriction(source.kind);
    const covers = source.start <= position && position < source.end;
    if (covers && rank > highest) {
      winner = i;
      highest = rank;
    }
  }
  return winner;
}

/** Rank of a kind; the highest wins. An unknown kind counts as reserved. */
function restriction(kind: u32): u32 {
  switch (kind) {
    case MemoryKind.available:
      return 1;
    case MemoryKind.acpiReclaimable:
      return 2;
    case MemoryKind.acpiNvs:
      return 3;
    case MemoryKind.unusable:
      return 5;
    default:
      return 4;
  }
}

function addPiece(source: u32, start: Hpa, end: Hpa, continues: boolean): void {
  requires(source < MAX_SOURCES);
  const count = memoryMap.count;
  if (continues && count > 0 && count <= MAX_RANGES) {
    memoryMap.ranges.at(count - 1).end = end;
    return;
  }
  if (count >= MAX_RANGES) fail('the memory map has too many ranges');
  const piece = memoryMap.ranges.at(count);
  piece.start = start;
  piece.end = end;
  piece.kind = memoryMap.sources.at(source).kind;
  memoryMap.count = count + 1;
}

function endOf(start: Hpa, bytes: u64): Hpa {
  return hpa(addSat64(u64(start), bytes));
}
