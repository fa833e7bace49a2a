/** The format of EPT entries (SDM 3C 28.3.2) and of the EPT pointer (SDM 3C 24.6.11). */
import { instance, rdmsr, u64, type Hpa } from '../../../transpiler/lib/index.js';
import { EntryFormat } from '../../paging/entryFormat.js';
import { GIB_PAGE_LEVEL, LARGE_PAGE_LEVEL } from '../../x86/pages.js';
import { VMX_EPT_VPID } from './registers.js';
import { refuse } from './settings.js';

const READ = 1n << 0n;
const WRITE = 1n << 1n;
const EXECUTE = 1n << 2n;
const LARGE = 1n << 7n;
/** Bits 5:3 of an entry that maps a page are the memory type. */
const MEMORY_TYPE_UNIT = 1n << 3n;

/** IA32_VMX_EPT_VPID_CAP (SDM 3D, A.10). */
const CAN_WALK_FOUR_LEVELS = 1n << 6n;
const CAN_READ_TABLES_WRITE_BACK = 1n << 14n;
const HAS_2MIB_PAGES = 1n << 16n;
const HAS_1GIB_PAGES = 1n << 17n;
const HAS_ACCESSED_AND_DIRTY = 1n << 21n;

/**
 * Fields of the EPT pointer: write-back tables, a page walk of four levels (stored less 1), accessed and dirty flags
 * enabled.
 */
const POINTER_WRITE_BACK = 6n;
const POINTER_FOUR_LEVELS = 3n << 3n;
const POINTER_ACCESSED_AND_DIRTY = 1n << 6n;

const format = instance(EntryFormat);

/** Stops start-up if this processor does not support the format of vmxEntryFormat(). */
export function checkEntryFormat(): void {
  const capability = rdmsr(VMX_EPT_VPID);
  if ((capability & CAN_WALK_FOUR_LEVELS) === 0n) refuse('without ', 'extended page tables of four levels');
  if ((capability & CAN_READ_TABLES_WRITE_BACK) === 0n) refuse('without ', 'write-back extended page tables');
  if ((capability & HAS_2MIB_PAGES) === 0n) refuse('without ', '2 MiB pages in extended page tables');
}

/** The entry format for buildNestedTables(). The guest has all rights to mapped memory. */
export function vmxEntryFormat(): EntryFormat {
  const hasGibPages = (rdmsr(VMX_EPT_VPID) & HAS_1GIB_PAGES) !== 0n;
  format.table = READ | WRITE | EXECUTE;
  format.read = READ;
  format.write = WRITE;
  format.execute = EXECUTE;
  format.large = LARGE;
  format.memoryTypeUnit = MEMORY_TYPE_UNIT;
  format.largestLevel = hasGibPages ? GIB_PAGE_LEVEL : LARGE_PAGE_LEVEL;
  return format;
}

/** The EPT pointer for the top table at `root`. */
export function eptPointer(root: Hpa): u64 {
  const hasFlags = (rdmsr(VMX_EPT_VPID) & HAS_ACCESSED_AND_DIRTY) !== 0n;
  return u64(root) | POINTER_WRITE_BACK | POINTER_FOUR_LEVELS | (hasFlags ? POINTER_ACCESSED_AND_DIRTY : 0n);
}
