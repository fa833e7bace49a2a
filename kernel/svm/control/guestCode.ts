/** The machine code at the guest's RIP, its kind, and what else of the guest its emulation needs. */
import { addressOf, gva, hpa, local, requires, u32, u64, window } from '../../../transpiler/lib/index.js';
import type { Bytes, Gva } from '../../../transpiler/lib/index.js';
import { CodeSize, lastAddress, READABLE_BYTES } from '../../instruction/code.js';
import { copyAcross, copyCode, fetchFaultCode, isInOnePage } from '../../instruction/fetch.js';
import { SegmentNumber } from '../../instruction/instruction.js';
import { guestPhysical, Paging } from '../../space/guestPaging.js';
import { EFER_LMA } from '../../x86/registers.js';
import { Exception, injectExceptionWithCode } from './inject.js';
import { FETCHED_CODE, type Vmcb } from './vmcb.js';

/** Bits 9 and 10 of a segment's attributes (APM 2, 4.8.1): 64-bit code; 32-bit code. */
const LONG = 1 << 9;
const DEFAULT_32 = 1 << 10;

/** The kind of code that the guest executes. */
export function codeSize(vmcb: Vmcb): CodeSize {
  const attributes = vmcb.cs.attributes;
  if ((vmcb.efer & EFER_LMA) !== 0n && u32(attributes & LONG) !== 0) return CodeSize.bits64;
  return u32(attributes & DEFAULT_32) !== 0 ? CodeSize.bits32 : CodeSize.bits16;
}

/** Fetches the code at the guest's RIP, of kind `size`, to `code`. Returns the number of bytes. */
export function fetchInstruction(code: Bytes, vmcb: Vmcb, size: CodeSize): u32 {
  requires(code.length >= READABLE_BYTES);
  const address = linearAddress(vmcb, size, 0);
  const first = guestPhysical(vmcb.cr0, u64(vmcb.cr3), vmcb.cr4, vmcb.efer, address);
  return isInOnePage(first) ? copyCode(code, first) : fetchAcross(code, vmcb, address, size);
}

function fetchAcross(code: Bytes, vmcb: Vmcb, address: Gva, size: CodeSize): u32 {
  requires(code.length >= READABLE_BYTES);
  const paging = local(Paging);
  readPaging(paging, vmcb);
  return copyAcross(code, paging, u64(address), lastAddress(size));
}

/** Reads how the guest translates addresses. */
export function readPaging(paging: Paging, vmcb: Vmcb): void {
  paging.cr0 = vmcb.cr0;
  paging.cr3 = u64(vmcb.cr3);
  paging.cr4 = vmcb.cr4;
  paging.efer = vmcb.efer;
}

/** The base of a segment in code of kind `size`. In 64-bit code only FS and GS have one (APM 2, 4.5.3). */
export function segmentBase(vmcb: Vmcb, segment: u32, size: CodeSize): u64 {
  if (segment === SegmentNumber.fs) return vmcb.fs.base;
  if (segment === SegmentNumber.gs) return vmcb.gs.base;
  if (size === CodeSize.bits64) return 0n;
  if (segment === SegmentNumber.es) return vmcb.es.base;
  if (segment === SegmentNumber.cs) return vmcb.cs.base;
  return segment === SegmentNumber.ss ? vmcb.ss.base : vmcb.ds.base;
}

/** Memory for the code that fetchInstruction() fetches. */
export function placeOfCode(vmcb: Vmcb): Bytes {
  return window(hpa(addressOf(vmcb) + FETCHED_CODE), READABLE_BYTES);
}

/** Raises the page fault of fetching the byte at `index`. */
export function raiseFetchFault(vmcb: Vmcb, size: CodeSize, index: u32): void {
  raisePageFault(vmcb, linearAddress(vmcb, size, index), fetchFaultCode(vmcb.efer, vmcb.cpl));
}

/** Raises the page fault of an access to `address` with the error code `code`. */
export function raisePageFault(vmcb: Vmcb, address: Gva, code: u32): void {
  vmcb.cr2 = address;
  injectExceptionWithCode(vmcb, Exception.pageFault, code);
}

/** The linear address of the byte at `index`. In 64-bit code RIP is a linear address. */
function linearAddress(vmcb: Vmcb, size: CodeSize, index: u32): Gva {
  const rip = u64(vmcb.rip + u64(index));
  return size === CodeSize.bits64 ? gva(rip) : gva(u64(vmcb.cs.base + rip) & lastAddress(size));
}
