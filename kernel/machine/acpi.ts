/**
 * The ACPI tables (ACPI Specification 6.4, chapter 5), found by signature. The checksums of the root table and of
 * requested tables are verified; any other table may be damaged without harm.
 *
 * All tables must lie below 4 GiB, because only that memory is mapped when they are read.
 */
import {
  at,
  BOOL,
  ensures,
  hpa,
  HPA,
  instance,
  min32,
  requires,
  struct,
  u32,
  U32,
  u64,
  window,
  type Bytes,
  type Hpa,
} from '../../transpiler/lib/index.js';
import { beginLine, endLine, print, printHex } from '../report/console.js';
import { fail, stop } from '../report/fail.js';
import { findRsdp, placeOfRsdp, RSDP_BYTES, RSDP_EXTENDED_BYTES, sumOf } from './rsdp.js';

/** Longest table that is accepted: every table that tsvm needs is far shorter. */
const TABLE_BYTES_MOST = 0x40_0000;
/** Highest number of tables that are looked at. Real machines have far fewer. */
const TABLES_MOST = 1024;
/** A table of the greatest length at this address still ends below 4 GiB. */
const HIGHEST_TABLE = 0xffc0_0000n;

const Acpi = struct(
  'Acpi',
  { size: 24 },
  {
    rsdp: at(0, HPA),
    /** The root table's list of addresses: 64-bit ones in the XSDT, 32-bit ones in the RSDT. */
    list: at(8, HPA),
    count: at(16, U32),
    isNewer: at(20, BOOL),
  },
);
const acpi = instance(Acpi, { align: 8 });

/** Fields of the RSDP. */
const RSDP_RSDT = 16;
const RSDP_XSDT = 24;

const HEADER_BYTES = 36;
const SIGNATURE = 0;
const LENGTH = 4;

/** Finds the root table. Stops start-up if there is none, or if it is damaged. */
export function readAcpi(): void {
  const rsdp = findRsdp();
  if (rsdp === null || rsdp.length < RSDP_BYTES) fail('the firmware gives no ACPI tables');
  acpi.rsdp = placeOfRsdp(rsdp);
  const xsdt = rsdp.length >= RSDP_EXTENDED_BYTES ? rsdp.u64(RSDP_XSDT) : 0n;
  const root = checkedTable(xsdt !== 0n ? xsdt : u64(rsdp.u32(RSDP_RSDT)));
  const listBytes: u32 = root.length - HEADER_BYTES;
  acpi.list = hpa(root.start + u64(HEADER_BYTES));
  acpi.isNewer = xsdt !== 0n;
  acpi.count = u32(listBytes / (acpi.isNewer ? 8 : 4));
  tellOfHighTables();
}

/** Address of the RSDP; 0 if only the copy in `bootInfo` is known. */
export function rsdpAddress(): Hpa {
  return acpi.rsdp;
}

/** The first table with this signature; null if there is none. Stops start-up if that table is damaged. */
export function findTable(signature: u32): Bytes | null {
  const count = tableCount();
  for (let i: u32 = 0; i < count; i++) {
    const address = tableAddress(i);
    if (address === 0n || address > HIGHEST_TABLE) continue;
    if (window(hpa(address), HEADER_BYTES).u32(SIGNATURE) === signature) return checkedTable(address);
  }
  return null;
}

/** The table at `index` in the root table, if it has this signature and is intact; null otherwise. */
export function listedTable(index: u32, signature: u32): Bytes | null {
  requires(index < TABLES_MOST);
  const address = tableAddress(index);
  if (address === 0n || address > HIGHEST_TABLE) return null;
  return window(hpa(address), HEADER_BYTES).u32(SIGNATURE) === signature ? intactTable(address) : null;
}

/** The table at `address`; null if that is 0 or above 4 GiB, or if the table is damaged. */
export function intactTable(address: u64): Bytes | null {
  if (address === 0n || address > HIGHEST_TABLE) return null;
  const length = window(hpa(address), HEADER_BYTES).u32(LENGTH);
  if (length < HEADER_BYTES || length > TABLE_BYTES_MOST) return null;
  const table = window(hpa(address), length);
  return sumOf(table) === 0 ? table : null;
}

function tellOfHighTables(): void {
  const count = tableCount();
  for (let i: u32 = 0; i < count; i++) {
    const address = tableAddress(i);
    if (address <= HIGHEST_TABLE) continue;
    beginLine();
    print('the ACPI table at ');
    printHex(address);
    print(' lies above 4 GiB, so it is passed over');
    endLine();
    return;
  }
}

/** Number of tables that the root table lists. */
export function tableCount(): u32 {
  const count = min32(acpi.count, TABLES_MOST);
  ensures(count <= TABLES_MOST);
  return count;
}

function tableAddress(index: u32): u64 {
  requires(index < TABLES_MOST);
  if (acpi.isNewer) return window(hpa(acpi.list + u64(index) * 8n), 8).u64(0);
  return u64(window(hpa(acpi.list + u64(index) * 4n), 4).u32(0));
}

/** The table at `address`, at least as long as a header. Stops start-up if it is damaged. */
function checkedTable(address: u64): Bytes {
  if (address > HIGHEST_TABLE) refuseTable(address, 'lies above 4 GiB');
  const length = window(hpa(address), HEADER_BYTES).u32(LENGTH);
  if (length < HEADER_BYTES || length > TABLE_BYTES_MOST) refuseTable(address, 'has a bad length');
  const table = window(hpa(address), length);
  if (sumOf(table) !== 0) refuseTable(address, 'has a wrong checksum');
  return table;
}

function refuseTable(address: u64, reason: string): never {
  beginLine();
  print('the ACPI table at ');
  printHex(address);
  print(' ');
  print(reason);
  stop();
}
