/** Decodes the instruction that accessed an intercepted address, and reads the source of a MOVS. */
import { gva, hpa, min32, requires, u64, window, type u32 } from '../../../transpiler/lib/index.js';
import { CodeSize, READABLE_BYTES } from '../../instruction/code.js';
import { decode } from '../../instruction/decode.js';
import { otherOffset, otherSegment } from '../../instruction/execute.js';
import { BOTH, Decoding, SegmentNumber, type Instruction } from '../../instruction/instruction.js';
import { Event } from '../../observe/events.js';
import { recordEvent } from '../../report/events.js';
import type { Vcpu } from '../../vcpu/vcpu.js';
import {
  codeSize,
  copyAcross,
  fetchInstruction,
  lastAddress,
  raiseAbsentFault,
  raiseFetchFault,
} from '../control/guestCode.js';
import { Exception, injectException, injectExceptionWithCode } from '../control/inject.js';
import { FETCHED_CODE, GIVEN_CODE, type Vmcb } from '../control/vmcb.js';

/**
 * Decodes the instruction at the guest's RIP, which does `access`, READS or WRITES, to an intercepted address. Returns
 * false if the guest gets an exception instead. A nested page fault does not report the next RIP (APM 2, 15.7.1), so
 * the length comes from the code.
 */
export function decodeAccess(instruction: Instruction, vcpu: Vcpu, vmcb: Vmcb, access: u32): boolean {
  requires(access <= BOTH);
  const size = codeSize(vmcb);
  const given = vmcb.givenBytes;
  const code = window(hpa(vcpu.controlPage + (given !== 0 ? GIVEN_CODE : FETCHED_CODE)), READABLE_BYTES);
  const count = given !== 0 ? given : fetchInstruction(code, vmcb, size);
  const decoding = decode(instruction, code, count, size, access);
  if (decoding === Decoding.done) return true;
  if (decoding === Decoding.cut) {
    raiseFetchFault(vmcb, size, count);
  } else if (decoding === Decoding.invalid) {
    injectException(vmcb, Exception.invalidOpcode);
  } else {
    recordEvent(Event.apicAccess, vmcb.exitInfo2, vmcb.rip);
    injectExceptionWithCode(vmcb, Exception.generalProtection, 0);
  }
  return false;
}

/**
 * Reads the value that a MOVS writes to an intercepted address, into FETCHED_CODE. Returns false if the guest gets a
 * page fault instead. The processor has already read the source, so only the presence of its page is checked.
 */
export function readSource(instruction: Instruction, vcpu: Vcpu, vmcb: Vmcb): boolean {
  const size = codeSize(vmcb);
  const last = lastAddress(size);
  const base = segmentBase(vmcb, otherSegment(instruction), size);
  const start = u64(base + otherOffset(instruction, vcpu.registers)) & last;
  const bytes = min32(instruction.bytes, 8);
  const count = copyAcross(window(hpa(vcpu.controlPage + FETCHED_CODE), READABLE_BYTES), vmcb, start, bytes);
  if (count < bytes) raiseAbsentFault(vmcb, gva(u64(start + u64(count)) & last), 0);
  return count === bytes;
}

/** In 64-bit code only FS and GS have a base (APM 2, 4.5.3). */
function segmentBase(vmcb: Vmcb, segment: u32, size: CodeSize): u64 {
  if (segment === SegmentNumber.fs) return vmcb.fs.base;
  if (segment === SegmentNumber.gs) return vmcb.gs.base;
  if (size === CodeSize.bits64) return 0n;
  if (segment === SegmentNumber.es) return vmcb.es.base;
  if (segment === SegmentNumber.cs) return vmcb.cs.base;
  return segment === SegmentNumber.ss ? vmcb.ss.base : vmcb.ds.base;
}
