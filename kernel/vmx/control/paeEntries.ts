/**
 * The page-directory-pointer table of PAE paging, whose four entries the processor keeps in registers (SDM 3A 4.4.1).
 */
import { arr, at, cpuid, gpa, local, min32, struct, u64, U64, type u32 } from '../../../transpiler/lib/index.js';
import { GuestBuffer, openBuffer, readWord } from '../../space/guestBuffer.js';
import { vmwrite } from './operations.js';
import { Field } from './vmcs.js';
import { Leaf } from '../../x86/cpuid.js';

const TABLE = 0xffff_ffe0n;
const TABLE_BYTES = 32n;
const ENTRIES = 4;
/** Reserved bits of a present entry, below the address. */
const PRESENT = 1n;
const RESERVED = 0x1e6n;
/** CPUID 8000_0008H, EAX[7:0]: the number of physical address bits. */
const MOST_BITS = 52;

const Entries = struct('PaeEntries', { size: 32 }, { words: at(0, arr(U64, ENTRIES)) });

/**
 * Loads the four entries at `cr3` and reads each once. Returns false, and loads none, if one is invalid or the guest may
 * not read them; the processor raises #GP for invalid ones.
 */
export function loadPaeEntries(cr3: u64): boolean {
  const table = local(GuestBuffer);
  if (!openBuffer(table, gpa(cr3 & TABLE), TABLE_BYTES)) return false;
  const sizes = cpuid(Leaf.addressSizes, 0);
  const reserved = RESERVED | u64(~((1n << u64(min32(sizes.eax & 0xff, MOST_BITS))) - 1n));
  const entries = local(Entries);
  for (let i: u32 = 0; i < ENTRIES; i++) {
    const entry = readWord(table, 8n * u64(i));
    if ((entry & PRESENT) !== 0n && (entry & reserved) !== 0n) return false;
    entries.words.set(i, entry);
  }
  for (let i: u32 = 0; i < ENTRIES; i++) vmwrite(Field.guestPdpte0 + 2 * i, entries.words.get(i));
  return true;
}
