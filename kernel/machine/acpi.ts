/**
 * The ACPI tables (ACPI Specification 6.4, chapter 5), found by signature. The root table and those that are asked for are
 * checked whole; others may be damaged, as far as it matters here.
 *
 * What is read must lie below 4 GiB, because only that is mapped then.
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

/** No table that is needed comes near this; a length above it is an error. */
const TABLE_BYTES_MOST = 0x40_0000;
/** No machine has nearly so many; what is listed after them is not looked at. */
const TABLES_MOST = 1024;
/** From here a table of that length still ends below 4 GiB. */
const HIGHEST_TABLE = 0xffc0_0000n;

const Acpi = struct(
  'Acpi',
  { size: 24 },
  {
    rsdp: at(0, HPA),
    /** What the root table lists after its header: addresses of 64 bits in the newer one, else of 32. */
    list: at(8, HPA),
    count: at(16, U32),
    isNewer: at(20, BOOL),
  },
);
const acpi = instance(Acpi, { align: 8 });

/** Fields of the root pointer. */
const RSDP_RSDT = 16;
const RSDP_XSDT = 24;

const HEADER_BYTES = 36;
const SIGNATURE = 0;
const LENGTH = 4;

/** Finds the root table. Stops where there is none, or where it is damaged. */
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

/** Where the root system description pointer lies; 0 where only the copy in `bootInfo` is known. */
export function rsdpAddress(): Hpa {
  return acpi.rsdp;
}

/** The first table with this signature. Stops where that is damaged. */
export function findTable(signature: u32): Bytes | null {
  const count = tableCount();
  for (let i: u32 = 0; i < count; i++) {
    const address = tableAddress(i);
    if (address === 0n || address > HIGHEST_TABLE) continue;
    if (window(hpa(address), HEADER_BYTES).u32(SIGNATURE) === signature) return checkedTable(address);
  }
  return null;
}

/** The table of that index in the root table, if it has this signature and is intact. */
export function listedTable(index: u32, signature: u32): Bytes | null {
  requires(index < TABLES_MOST);
  const address = tableAddress(index);
  if (address === 0n || address > HIGHEST_TABLE) return null;
  return window(hpa(address), HEADER_BYTES).u32(SIGNATURE) === signature ? intactTable(address) : null;
}

/** The table at `address`; null where that is 0, above 4 GiB, or the table is damaged. */
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

/** How many tables the root table lists. */
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

/** The table at `address`, of at least a header. Stops where it is damaged. */
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
