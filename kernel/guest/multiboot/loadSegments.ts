/** The parts in which a guest's kernel is loaded, from its headers. The address of each is checked when it is added. */
import {
  addSat64,
  arr,
  at,
  hpa,
  HPA,
  instance,
  struct,
  U32,
  u64,
  type Ref,
  type u32,
} from '../../../transpiler/lib/index.js';
import { GuestPart } from '../../handover/bootInfo.js';
import { refusePart } from '../../boot/bundle/refuse.js';
import { isAvailable } from '../../machine/memoryMap.js';

/** The most parts in which a kernel may be loaded. */
export const MAX_SEGMENTS = 8;

/** A part: `fileBytes` bytes at `offset` of the file go to `target`; zeros follow up to `memoryBytes`. */
export const LoadSegment = struct(
  'LoadSegment',
  { size: 24 },
  { target: at(0, HPA), offset: at(8, U32), fileBytes: at(12, U32), memoryBytes: at(16, U32) },
);
export type LoadSegment = Ref<typeof LoadSegment>;

const LoadSegments = struct(
  'LoadSegments',
  { size: 200 },
  { count: at(0, U32), list: at(8, arr(LoadSegment, MAX_SEGMENTS)) },
);
export const loadSegments = instance(LoadSegments, { align: 8 });

/** Removes all parts. */
export function clearSegments(): void {
  loadSegments.count = 0;
}

/**
 * Adds a part of a file of `length` bytes. Stops start-up if it lies outside the file or free memory, or overlaps
 * another part.
 */
export function addSegment(length: u32, target: u32, offset: u32, fileBytes: u32, memoryBytes: u32): void {
  if (memoryBytes === 0) return;
  const count = loadSegments.count;
  if (count >= MAX_SEGMENTS) refusePart(GuestPart.kernel, 'it is loaded in more than 8 parts');
  if (offset > length || fileBytes > length - offset)
    refusePart(GuestPart.kernel, 'truncated: a part of it ends behind the file');
  if (fileBytes > memoryBytes) refusePart(GuestPart.kernel, 'a part of it is larger in the file than in memory');
  if (!isAvailable(hpa(u64(target)), u64(memoryBytes)))
    refusePart(GuestPart.kernel, 'a part of it goes where no memory is free');
  if (overlaps(target, memoryBytes)) refusePart(GuestPart.kernel, 'its parts overlap in memory');
  const segment = loadSegments.list.at(count);
  segment.target = hpa(u64(target));
  segment.offset = offset;
  segment.fileBytes = fileBytes;
  segment.memoryBytes = memoryBytes;
  loadSegments.count = count + 1;
}

/** Whether one of the parts contains `address`. */
export function isLoaded(address: u32): boolean {
  return overlaps(address, 1);
}

function overlaps(target: u32, bytes: u32): boolean {
  const start = u64(target);
  const end = start + u64(bytes);
  const count = loadSegments.count;
  for (let i: u32 = 0; i < count && i < MAX_SEGMENTS; i++) {
    const segment = loadSegments.list.at(i);
    const other = u64(segment.target);
    if (start < addSat64(other, u64(segment.memoryBytes)) && other < end) return true;
  }
  return false;
}
