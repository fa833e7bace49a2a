/** The entries of nested page tables: those of the processor's own tables (APM 2, 15.25.5). */
import { instance } from '../../../transpiler/lib/index.js';
import { EntryFormat } from '../../paging/entryFormat.js';
import { largestPageLevel } from '../../paging/pageTables.js';
import {
  ENTRY_CACHE_DISABLE,
  ENTRY_LARGE,
  ENTRY_NO_EXECUTE,
  ENTRY_PRESENT,
  ENTRY_USER,
  ENTRY_WRITABLE,
  ENTRY_WRITE_THROUGH,
} from '../../x86/pageEntry.js';

const format = instance(EntryFormat);

/** The entry format of nested page tables. In them the guest's accesses count as accesses of privilege level 3. */
export function svmEntryFormat(): EntryFormat {
  format.table = ENTRY_PRESENT | ENTRY_WRITABLE | ENTRY_USER;
  format.read = ENTRY_PRESENT | ENTRY_USER;
  format.write = ENTRY_WRITABLE;
  format.noExecute = ENTRY_NO_EXECUTE;
  format.uncached = ENTRY_WRITE_THROUGH | ENTRY_CACHE_DISABLE;
  format.large = ENTRY_LARGE;
  format.largestLevel = largestPageLevel();
  return format;
}
