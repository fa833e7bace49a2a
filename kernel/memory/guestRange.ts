/** What lies at a linear address of the guest, in one page or in two that follow each other. */
import {
  at,
  gva,
  hpa,
  HPA,
  requires,
  struct,
  u32,
  U32,
  u64,
  U64,
  window,
  type Hpa,
  type Ref,
} from '../../transpiler/lib/index.js';
import { guestPhysical } from './guestPaging.js';
import { ALLOWED, touchPage } from './guestRights.js';
import { hostAddress } from './nestedPaging.js';

/** The registers that say how the guest translates addresses. */
export const Paging = struct(
  'Paging',
  { size: 32 },
  { cr0: at(0, U64), cr3: at(8, U64), cr4: at(16, U64), efer: at(24, U64) },
);
export type Paging = Ref<typeof Paging>;

export const GuestRange = struct(
  'GuestRange',
  { size: 32 },
  {
    first: at(0, HPA),
    second: at(8, HPA),
    /** How many bytes are in the first page. */
    split: at(16, U32),
    /** Where the range cannot be used, a page fault's error code and address. */
    code: at(20, U32),
    missing: at(24, U64),
  },
);
export type GuestRange = Ref<typeof GuestRange>;

const PAGE_BYTES = 4096;
const OFFSET_IN_PAGE = 0xfff;

/**
 * Finds the `bytes` bytes, at most a page, at `address`, below 4 GiB, for reading, or for writing where `isWrite`. The
 * processor accesses them by itself, whatever the privilege level. False where a page of them cannot be used so.
 */
export function findRange(range: GuestRange, paging: Paging, address: u32, bytes: u32, isWrite: boolean): boolean {
  requires(bytes > 0 && bytes <= PAGE_BYTES);
  const split = PAGE_BYTES - (address & OFFSET_IN_PAGE);
  range.split = split;
  if (!touch(range, paging, address, isWrite)) return false;
  range.first = place(paging, address);
  if (bytes <= split) return true;
  const next = u32(address + split);
  if (!touch(range, paging, next, isWrite)) return false;
  range.second = place(paging, next);
  return true;
}

function touch(range: GuestRange, paging: Paging, address: u32, isWrite: boolean): boolean {
  const code = touchPage(paging.cr0, paging.cr3, paging.cr4, address, isWrite);
  if (code === ALLOWED) return true;
  range.code = code;
  range.missing = u64(address);
  return false;
}

function place(paging: Paging, address: u32): Hpa {
  return hostAddress(guestPhysical(paging.cr0, paging.cr3, paging.cr4, paging.efer, gva(u64(address))));
}

/** The `bytes` bytes, at most four, from `offset` on. */
export function readRange(range: GuestRange, offset: u32, bytes: u32): u32 {
  requires(bytes <= 4 && offset < PAGE_BYTES);
  let value: u32 = 0;
  for (let i: u32 = 0; i < bytes; i++) value = u32(value | u32(window(placeOf(range, offset + i), 1).u8(0) << (8 * i)));
  return value;
}

/** Writes the low `bytes` bytes, at most four, of `value` from `offset` on. */
export function writeRange(range: GuestRange, offset: u32, bytes: u32, value: u32): void {
  requires(bytes <= 4 && offset < PAGE_BYTES);
  for (let i: u32 = 0; i < bytes; i++) window(placeOf(range, offset + i), 1).setU8(0, (value >>> (8 * i)) & 0xff);
}

function placeOf(range: GuestRange, offset: u32): Hpa {
  const split = range.split;
  return offset < split ? hpa(range.first + u64(offset)) : hpa(range.second + u64(offset - split));
}
