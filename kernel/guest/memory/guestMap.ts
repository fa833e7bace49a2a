/**
 * The memory map for Linux. As many entries as fit are in the zero page, the rest is setup data (Linux,
 * Documentation/arch/x86/boot.rst, SETUP_E820_EXT).
 */
import { ensures, min32, requires, u32, u64, u8, type Bytes } from '../../../transpiler/lib/index.js';
import { MAX_RANGES, memoryMap } from '../../machine/memoryMap.js';
import { fail } from '../../report/fail.js';
import { MAP_ENTRY_BYTES, writeMapEntry } from './mapEntry.js';

const ENTRY_COUNT = 0x1e8;
const SETUP_DATA = 0x250;
const ENTRIES = 0x2d0;
const ENTRIES_MOST = 128;

/** The header of setup data: the next one's address, the type, and the length of the data. */
const LINK_BYTES = 16;
const LINK_TYPE = 8;
const LINK_LENGTH = 12;
const E820_EXTENSION = 1;

/** Number of bytes of the setup data; 0 if the zero page has room for all entries. */
export function extensionBytes(): u64 {
  const more = moreEntries();
  return more === 0 ? 0n : u64(LINK_BYTES + more * MAP_ENTRY_BYTES);
}

/**
 * Writes the map into the zero page, and the entries that do not fit to `extension`. Stops start-up if that is too
 * small.
 */
export function writeMemoryMap(page: Bytes, extension: Bytes): void {
  requires(page.length === 4096);
  const count = min32(memoryMap.count, ENTRIES_MOST);
  for (let i: u32 = 0; i < count; i++) writeMapEntry(page.part(ENTRIES + i * MAP_ENTRY_BYTES, MAP_ENTRY_BYTES), i);
  page.setU8(ENTRY_COUNT, u8(count));
  const more = moreEntries();
  if (more === 0) return;
  const bytes = LINK_BYTES + more * MAP_ENTRY_BYTES;
  if (extension.length < bytes) fail("the guest's memory map needs more room than it has");
  page.setU64(SETUP_DATA, u64(extension.start));
  const link = extension.part(0, bytes);
  link.setU64(0, 0n);
  link.setU32(LINK_TYPE, E820_EXTENSION);
  link.setU32(LINK_LENGTH, more * MAP_ENTRY_BYTES);
  for (let i: u32 = 0; i < more; i++)
    writeMapEntry(link.part(LINK_BYTES + i * MAP_ENTRY_BYTES, MAP_ENTRY_BYTES), ENTRIES_MOST + i);
}

function moreEntries(): u32 {
  const count = min32(memoryMap.count, MAX_RANGES);
  const more = count > ENTRIES_MOST ? u32(count - ENTRIES_MOST) : 0;
  ensures(more <= MAX_RANGES - ENTRIES_MOST);
  return more;
}
