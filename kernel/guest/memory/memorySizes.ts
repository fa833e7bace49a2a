/** The size of memory, for guests that ask for a number instead of a map. */
import { min64, u64, type u32 } from '../../../transpiler/lib/index.js';
import { MemoryKind } from '../../handover/bootInfo.js';
import { memoryMap } from '../../machine/memoryMap.js';
import { FOUR_GIB } from '../../x86/pages.js';

/** The end of the available memory that begins at `start`, at most 4 GiB; `start` itself if there is none. */
export function endOfMemoryFrom(start: u64): u64 {
  let end: u64 = start;
  const count = memoryMap.count;
  for (let i: u32 = 0; i < count && i < memoryMap.ranges.length; i++) {
    const range = memoryMap.ranges.at(i);
    const from = u64(range.start);
    if (range.kind === MemoryKind.available && from <= end && u64(range.end) > end) end = u64(range.end);
  }
  return min64(end, FOUR_GIB);
}
