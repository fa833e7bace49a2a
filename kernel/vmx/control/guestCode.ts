/** The machine code at the guest's RIP, and what else of the guest its emulation needs. */
import { gva, local, requires, u32, u64, writeCr2 } from '../../../transpiler/lib/index.js';
import type { Bytes, Gva } from '../../../transpiler/lib/index.js';
import { CodeSize, lastAddress, READABLE_BYTES } from '../../instruction/code.js';
import { copyAcross, copyCode, fetchFaultCode, isInOnePage } from '../../instruction/fetch.js';
import { SegmentNumber } from '../../instruction/instruction.js';
import { guestPhysical, Paging } from '../../space/guestPaging.js';
import { Exception, injectExceptionWithCode } from './inject.js';
import { vmread } from './operations.js';
import { Field, GUEST_BASE, GUEST_RIGHTS, Segment } from './vmcs.js';

/** Access rights of a segment: the descriptor's privilege level (SDM 3C, table 24-2). */
const DPL_SHIFT = 5n;
const DPL_MASK = 3n;

/** The guest's privilege level, which is that of its stack segment (SDM 3C 24.4.1; SDM 3A 5.5). */
export function privilegeLevel(): u32 {
  return u32((vmread(GUEST_RIGHTS + 2 * Segment.ss) >> DPL_SHIFT) & DPL_MASK);
}

/** Reads how the guest translates addresses. */
export function readPaging(paging: Paging): void {
  paging.cr0 = vmread(Field.guestCr0);
  paging.cr3 = vmread(Field.guestCr3);
  paging.cr4 = vmread(Field.guestCr4);
  paging.efer = vmread(Field.guestEfer);
}

/** Fetches the code at the guest's RIP, of kind `size`, to `code`. Returns the number of bytes. */
export function fetchInstruction(code: Bytes, size: CodeSize): u32 {
  requires(code.length >= READABLE_BYTES);
  const paging = local(Paging);
  readPaging(paging);
  const address = linearAddress(size, 0);
  const first = guestPhysical(paging.cr0, paging.cr3, paging.cr4, paging.efer, address);
  return isInOnePage(first) ? copyCode(code, first) : copyAcross(code, paging, u64(address), lastAddress(size));
}

/** The base of a segment in code of kind `size`. In 64-bit code only FS and GS have one (SDM 3A 3.2.4). */
export function segmentBase(segment: u32, size: CodeSize): u64 {
  requires(segment < 8);
  return size === CodeSize.bits64 && segment < SegmentNumber.fs ? 0n : vmread(GUEST_BASE + 2 * segment);
}

/** Raises the page fault of fetching the byte at `index`. */
export function raiseFetchFault(size: CodeSize, index: u32): void {
  raisePageFault(linearAddress(size, index), fetchFaultCode(vmread(Field.guestEfer), privilegeLevel()));
}

/** Raises the page fault of an access to `address` with the error code `code`. */
export function raisePageFault(address: Gva, code: u32): void {
  writeCr2(u64(address));
  injectExceptionWithCode(Exception.pageFault, code);
}

/** The linear address of the byte at `index`. In 64-bit code RIP is a linear address. */
function linearAddress(size: CodeSize, index: u32): Gva {
  const rip = u64(vmread(Field.guestRip) + u64(index));
  if (size === CodeSize.bits64) return gva(rip);
  return gva(u64(vmread(GUEST_BASE + 2 * Segment.cs) + rip) & lastAddress(size));
}
