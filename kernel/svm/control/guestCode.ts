/** The machine code at the guest's RIP, and its kind. */
import {
  addressOf,
  gva,
  hpa,
  requires,
  u32,
  u64,
  window,
  type Bytes,
  type Gpa,
  type Gva,
} from '../../../transpiler/lib/index.js';
import { CodeSize, MOST_BYTES, READABLE_BYTES } from '../../instruction/code.js';
import { copyByte, copyCode, isInOnePage } from '../../instruction/fetch.js';
import { guestPhysical, NOT_PRESENT } from '../../space/guestPaging.js';
import { EFER_LMA } from '../../x86/registers.js';
import { Exception, injectExceptionWithCode } from './inject.js';
import { EFER_NXE } from './registers.js';
import { FETCHED_CODE, type Vmcb } from './vmcb.js';

/** Bits 9 and 10 of a segment's attributes (APM 2, 4.8.1): 64-bit code; 32-bit code. */
const LONG = 1 << 9;
const DEFAULT_32 = 1 << 10;
/**
 * Bits of a page fault's error code: from privilege level 3; an instruction fetch, which is reported if NX is enabled
 * (APM 2, 8.4.2).
 */
const USER = 1 << 2;
const FETCH = 1 << 4;

/** The last linear address outside 64-bit code. */
const LAST_32 = 0xffff_ffffn;
const LAST_64 = 0xffff_ffff_ffff_ffffn;

/** The kind of code that the guest executes. */
export function codeSize(vmcb: Vmcb): CodeSize {
  const attributes = vmcb.cs.attributes;
  if ((vmcb.efer & EFER_LMA) !== 0n && u32(attributes & LONG) !== 0) return CodeSize.bits64;
  return u32(attributes & DEFAULT_32) !== 0 ? CodeSize.bits32 : CodeSize.bits16;
}

/** Fetches the code at the guest's RIP, of kind `size`, to `code`. Returns the number of bytes. */
export function fetchInstruction(code: Bytes, vmcb: Vmcb, size: CodeSize): u32 {
  requires(code.length >= READABLE_BYTES);
  const first = translate(vmcb, linearAddress(vmcb, size, 0));
  if (isInOnePage(first)) return copyCode(code, first);
  return copyAcross(code, vmcb, u64(linearAddress(vmcb, size, 0)), MOST_BYTES);
}

/**
 * Copies `count` bytes of the guest at the linear address `start`, which may be in two pages, to `bytes`. Returns the
 * number of bytes copied, which is less if the next page is not present.
 */
export function copyAcross(bytes: Bytes, vmcb: Vmcb, start: u64, count: u32): u32 {
  requires(bytes.length >= READABLE_BYTES && count <= READABLE_BYTES);
  const last = lastAddress(codeSize(vmcb));
  for (let i: u32 = 0; i < count; i++) {
    const found = translate(vmcb, gva(u64(start + u64(i)) & last));
    if (found === NOT_PRESENT) return i;
    copyByte(bytes, i, found);
  }
  return count;
}

function translate(vmcb: Vmcb, address: Gva): Gpa {
  return guestPhysical(vmcb.cr0, u64(vmcb.cr3), vmcb.cr4, vmcb.efer, address);
}

/** Memory for the code that fetchInstruction() fetches. */
export function placeOfCode(vmcb: Vmcb): Bytes {
  return window(hpa(addressOf(vmcb) + FETCHED_CODE), READABLE_BYTES);
}

/** The last linear address in code of kind `size`. */
export function lastAddress(size: CodeSize): u64 {
  return size === CodeSize.bits64 ? LAST_64 : LAST_32;
}

/**
 * Raises the page fault of fetching the byte at `index`. Only a stale TLB entry made the processor's own fetch
 * possible.
 */
export function raiseFetchFault(vmcb: Vmcb, size: CodeSize, index: u32): void {
  raiseAbsentFault(vmcb, linearAddress(vmcb, size, index), (vmcb.efer & EFER_NXE) !== 0n ? FETCH : 0);
}

/**
 * Raises the page fault of an access to `address`, whose page is not present. `access` is the access's part of the
 * error code.
 */
export function raiseAbsentFault(vmcb: Vmcb, address: Gva, access: u32): void {
  vmcb.cr2 = address;
  injectExceptionWithCode(vmcb, Exception.pageFault, vmcb.cpl === 3 ? u32(access | USER) : access);
}

/** The linear address of the byte at `index`. In 64-bit code RIP is a linear address. */
function linearAddress(vmcb: Vmcb, size: CodeSize, index: u32): Gva {
  const rip = u64(vmcb.rip + u64(index));
  return size === CodeSize.bits64 ? gva(rip) : gva(u64(vmcb.cs.base + rip) & LAST_32);
}
