/**
 * The ACPI tables (ACPI Specification 6.4, chapter 5): found, checked whole, and listed by signature.
 *
 * All must lie below 4 GiB, because only that is mapped when they are read.
 */
import type { u32 } from '../../transpiler/lib/index.js';
import {
  arr,
  at,
  hpa,
  HPA,
  instance,
  requires,
  struct,
  U32,
  u64,
  window,
  type Bytes,
  type Hpa,
} from '../../transpiler/lib/index.js';
import { beginLine, print, printHex } from '../report/console.js';
import { fail, stop } from '../report/fail.js';
import { findRsdp, placeOfRsdp, RSDP_BYTES, RSDP_EXTENDED_BYTES, sumOf } from './rsdp.js';

const MAX_TABLES = 64;
/** No table that is needed comes near this; a length above it is an error. */
const TABLE_BYTES_MOST = 0x40_0000;
/** From here a table of that length still ends below 4 GiB. */
const HIGHEST_TABLE = 0xffc0_0000n;

const AcpiTable = struct(
  'AcpiTable',
  { size: 16 },
  { address: at(0, HPA), signature: at(8, U32), length: at(12, U32) },
);
const Acpi = struct(
  'Acpi',
  { size: 1040 },
  { rsdp: at(0, HPA), count: at(8, U32), tables: at(16, arr(AcpiTable, MAX_TABLES)) },
);
const acpi = instance(Acpi, { align: 8 });

/** Fields of the root pointer. */
const RSDP_RSDT = 16;
const RSDP_XSDT = 24;

const HEADER_BYTES = 36;
const SIGNATURE = 0;
const LENGTH = 4;

/** Finds all tables. Stops where there are none, or where one is damaged. */
export function readAcpi(): void {
  const rsdp = findRsdp();
  if (rsdp === null || rsdp.length < RSDP_BYTES) fail('the firmware gives no ACPI tables');
  acpi.rsdp = placeOfRsdp(rsdp);
  const xsdt = rsdp.length >= RSDP_EXTENDED_BYTES ? rsdp.u64(RSDP_XSDT) : 0n;
  if (xsdt !== 0n) listTables(checkedTable(xsdt), 8);
  else listTables(checkedTable(u64(rsdp.u32(RSDP_RSDT))), 4);
}

/** Where the root system description pointer lies; 0 where only the copy in `bootInfo` is known. */
export function rsdpAddress(): Hpa {
  return acpi.rsdp;
}

/** The first table with this signature. */
export function findTable(signature: u32): Bytes | null {
  const count = acpi.count;
  for (let i: u32 = 0; i < count && i < MAX_TABLES; i++) {
    const table = acpi.tables.at(i);
    if (table.signature === signature) return window(table.address, table.length);
  }
  return null;
}

/** Lists what the root table points to: addresses of `width` bytes after its header. */
function listTables(root: Bytes, width: u32): void {
  requires(width === 4 || width === 8);
  let offset: u32 = HEADER_BYTES;
  while (offset + width <= root.length) {
    const address = width === 8 ? root.u64(offset) : u64(root.u32(offset));
    if (address !== 0n) addTable(checkedTable(address));
    offset += width;
  }
}

function addTable(table: Bytes): void {
  const count = acpi.count;
  if (count >= MAX_TABLES) fail('ACPI has more than 64 tables');
  if (table.length < HEADER_BYTES) return;
  const entry = acpi.tables.at(count);
  entry.address = table.start;
  entry.signature = table.u32(SIGNATURE);
  entry.length = table.length;
  acpi.count = count + 1;
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
