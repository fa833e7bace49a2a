/**
 * The length of an intercepted instruction. Processors that save the next RIP tell it; for the
 * others its bytes are read through the guest's page tables and decoded.
 */
import { gva, hpa, invariant, u32, u64, u8, window, type Gva, type Hpa } from '../../transpiler/lib/index.js';
import { Answer } from '../exits/answer.js';
import { guestPhysical, NOT_PRESENT } from '../memory/guestPaging.js';
import { hostAddress } from '../memory/nestedPaging.js';
import { Exception, injectException, injectExceptionWithCode } from './inject.js';
import { EFER_LMA, RFLAGS_TF } from '../vcpu/registers.js';
import { DR6_BS, EFER_NXE } from './registers.js';
import { TlbControl, type Vmcb } from './vmcb.js';

/** The bytes of an instruction behind its prefixes, the first one lowest (APM 3). */
export const Opcode = { wrmsr: 0x30_0f, rdmsr: 0x32_0f, vmmcall: 0xd9_01_0f } as const;
export type Opcode = (typeof Opcode)[keyof typeof Opcode];

/** No instruction is longer (APM 3, 1.1). */
const MOST_BYTES = 15;
const OFFSET_IN_PAGE = 0xfffn;
/** Bit 9 of a segment's attributes: 64-bit code. */
const LONG = 1 << 9;
/** Page-fault error code: from privilege level 3; an instruction fetch, told apart where NX is on (APM 2, 8.4.2). */
const USER = 1 << 2;
const FETCH = 1 << 4;

/**
 * The length of the instruction at the guest's RIP, which is `opcode`. 0 where the guest's memory says
 * something else: the guest is then set up to look again, and gets the page fault it may have coming.
 */
export function instructionLength(vmcb: Vmcb, opcode: Opcode): u32 {
  const next = vmcb.nextRip;
  if (next !== 0n) return u32(next - vmcb.rip);
  const isLong = is64Bit(vmcb);
  const start = isLong ? gva(vmcb.rip) : gva((vmcb.cs.base + vmcb.rip) & 0xffff_ffffn);
  const length = decodedLength(vmcb, start, opcode, isLong);
  if (length === 0) vmcb.tlbControl = TlbControl.flushAll;
  return length;
}

/** Moves the guest behind the instruction of `length` bytes that was done for it. */
export function skipInstruction(vmcb: Vmcb, length: u32): void {
  vmcb.rip = u64(vmcb.rip + u64(length));
  vmcb.interruptShadow = 0n;
  if ((vmcb.rflags & RFLAGS_TF) === 0n) return;
  vmcb.dr6 = vmcb.dr6 | DR6_BS;
  injectException(vmcb, Exception.debug);
}

/** Ends the instruction of `length` bytes as a neutral handler says. */
export function finishInstruction(vmcb: Vmcb, length: u32, answer: Answer): void {
  if (answer === Answer.done) skipInstruction(vmcb, length);
  else if (answer === Answer.generalProtection) injectExceptionWithCode(vmcb, Exception.generalProtection, 0);
  else injectException(vmcb, Exception.invalidOpcode);
}

function is64Bit(vmcb: Vmcb): boolean {
  return (vmcb.efer & EFER_LMA) !== 0n && u32(vmcb.cs.attributes & LONG) !== 0;
}

function decodedLength(vmcb: Vmcb, start: Gva, opcode: Opcode, isLong: boolean): u32 {
  let rest: u32 = opcode;
  let page: Hpa = hpa(0n);
  for (let i: u32 = 0; i < MOST_BYTES; i++) {
    invariant(rest <= 0xff_ffff);
    const address = u64(start + u64(i));
    const offset = address & OFFSET_IN_PAGE;
    if (i === 0 || offset === 0n) {
      const fetched = guestPhysical(vmcb.cr0, u64(vmcb.cr3), vmcb.cr4, vmcb.efer, gva(address));
      if (fetched === NOT_PRESENT) return raiseFetchFault(vmcb, gva(address));
      page = hpa(hostAddress(fetched) - offset);
    }
    const byte = window(hpa(page + offset), 1).u8(0);
    if (byte === u8(rest)) {
      rest = rest >> 8;
      if (rest === 0) return i + 1;
    } else if (rest !== opcode || !isPrefix(byte, isLong)) {
      return 0;
    }
  }
  return 0;
}

/** Legacy prefixes, and REX in 64-bit code (APM 3, 1.2). LOCK is none of them: with it the instruction raises #UD. */
function isPrefix(byte: u8, isLong: boolean): boolean {
  switch (byte) {
    case 0x26:
    case 0x2e:
    case 0x36:
    case 0x3e:
    case 0x64:
    case 0x65:
    case 0x66:
    case 0x67:
    case 0xf2:
    case 0xf3:
      return true;
    default:
      return isLong && byte >= 0x40 && byte <= 0x4f;
  }
}

/** What a processor without a TLB would raise: its entry is all that still made the fetch possible. */
function raiseFetchFault(vmcb: Vmcb, address: Gva): u32 {
  vmcb.cr2 = address;
  const fetch: u32 = (vmcb.efer & EFER_NXE) !== 0n ? FETCH : 0;
  injectExceptionWithCode(vmcb, Exception.pageFault, vmcb.cpl === 3 ? fetch | USER : fetch);
  return 0;
}
