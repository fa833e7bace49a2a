/** Reads and writes memory at a linear address of the guest, in one page or in two adjacent ones. */
import {
  at,
  gva,
  hpa,
  HPA,
  local,
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
import { NOT_PRESENT, type Paging } from './guestPaging.js';
import { CODE_WRITE, Touch, touchPage } from './guestRights.js';
import { writableHostAddress } from './nestedPaging.js';

export const GuestRange = struct(
  'GuestRange',
  { size: 32 },
  {
    first: at(0, HPA),
    second: at(8, HPA),
    /** Number of bytes in the first page. */
    split: at(16, U32),
    /** If the range cannot be accessed: the page fault's error code and address. */
    code: at(20, U32),
    missing: at(24, U64),
  },
);
export type GuestRange = Ref<typeof GuestRange>;

const PAGE_BYTES = 4096;
const OFFSET_IN_PAGE = 0xfff;

/**
 * Finds the `bytes` bytes, at most a page, at `address`, below 4 GiB, for reading, or for writing if `isWrite`. The access is one
 * that the processor makes by itself, at any privilege level. Returns false if a page cannot be accessed.
 */
export function findRange(range: GuestRange, paging: Paging, address: u32, bytes: u32, isWrite: boolean): boolean {
  requires(bytes > 0 && bytes <= PAGE_BYTES);
  const split = PAGE_BYTES - (address & OFFSET_IN_PAGE);
  range.split = split;
  range.first = touch(range, paging, address, isWrite);
  if (range.first === NOT_PRESENT) return false;
  if (bytes <= split) return true;
  range.second = touch(range, paging, u32(address + split), isWrite);
  return range.second !== NOT_PRESENT;
}

/**
 * The machine address of `address`, or NOT_PRESENT if it cannot be accessed. Other processors of the guest may change its page
 * tables at any time; the result is always in a page of the guest or the decoy, with the offset of `address`.
 */
function touch(range: GuestRange, paging: Paging, address: u32, isWrite: boolean): Hpa {
  const access = local(Touch);
  touchPage(access, paging, gva(u64(address)), isWrite ? CODE_WRITE : 0);
  if (access.address !== NOT_PRESENT) return writableHostAddress(access.address);
  range.code = access.code;
  range.missing = u64(address);
  return hpa(NOT_PRESENT);
}

/** Reads the `bytes` bytes, at most four, from `offset` on. */
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
