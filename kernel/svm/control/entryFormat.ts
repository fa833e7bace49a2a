/** The entries of nested page tables: those of the processor's own tables (APM 2, 15.25.5). */
import { instance } from '../../../transpiler/lib/index.js';
import { EntryFormat, largestPageLevel } from '../../paging/pageTables.js';

const PRESENT = 1n << 0n;
const WRITABLE = 1n << 1n;
/** The guest's accesses count as user accesses. */
const USER = 1n << 2n;
const LARGE = 1n << 7n;
const NO_EXECUTE = 1n << 63n;

/** Both together choose PAT entry 3, uncached. */
const WRITE_THROUGH = 1n << 3n;
const CACHE_DISABLE = 1n << 4n;

/** What a guest may read and execute only. */
export const NESTED_READ_ONLY = PRESENT | USER;
/** What it may read only, and never out of a cache: registers of a device. */
export const NESTED_READ_ONLY_UNCACHED = NESTED_READ_ONLY | WRITE_THROUGH | CACHE_DISABLE;
/** What makes it writable. */
export const NESTED_WRITABLE = WRITABLE;

const format = instance(EntryFormat);

/** What `buildNestedTables` makes the tables of. The guest has all rights to what is mapped. */
export function svmEntryFormat(): EntryFormat {
  format.table = PRESENT | WRITABLE | USER;
  format.page = PRESENT | WRITABLE | USER;
  format.largePage = PRESENT | WRITABLE | USER | LARGE;
  format.readOnly = PRESENT | USER | NO_EXECUTE;
  format.largestLevel = largestPageLevel();
  return format;
}
