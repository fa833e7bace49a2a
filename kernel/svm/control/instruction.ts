/**
 * The length of an intercepted instruction. Processors that save the next RIP report it; on others the instruction is
 * read through the guest's page tables and decoded.
 */
import { invariant, requires, u32, u64, u8, type Bytes } from '../../../transpiler/lib/index.js';
import { Answer } from '../../access/answer.js';
import { CodeSize, MOST_BYTES, READABLE_BYTES } from '../../instruction/code.js';
import { firstMap, LOCK, PREFIX, REX } from '../../instruction/opcodes.js';
import { RFLAGS_RF, RFLAGS_TF } from '../../x86/registers.js';
import { codeSize, fetchInstruction, placeOfCode, raiseFetchFault } from './guestCode.js';
import { Exception, injectException, injectExceptionWithCode } from './inject.js';
import { DR6_BS } from './registers.js';
import { TlbControl, type Vmcb } from './vmcb.js';

/** Opcodes without prefixes, the first byte lowest (APM 3). */
export const Opcode = { invd: 0x08_0f, pause: 0x90, wrmsr: 0x30_0f, rdmsr: 0x32_0f, vmmcall: 0xd9_01_0f } as const;
export type Opcode = (typeof Opcode)[keyof typeof Opcode];

/**
 * The length of the instruction at the guest's RIP, which should be `opcode`. Returns 0 if guest memory holds another
 * instruction: the guest then executes it again, or gets the page fault that is due.
 */
export function instructionLength(vmcb: Vmcb, opcode: Opcode): u32 {
  const next = vmcb.nextRip;
  if (next !== 0n) return u32(next - vmcb.rip);
  const size = codeSize(vmcb);
  const code = placeOfCode(vmcb);
  const count = fetchInstruction(code, vmcb, size);
  const length = lengthBefore(code, count, opcode, size === CodeSize.bits64 ? PREFIX | REX : PREFIX);
  if (length !== 0 && length <= count) return length;
  if (length > count) raiseFetchFault(vmcb, size, count);
  vmcb.tlbControl = TlbControl.flushAll;
  return 0;
}

/** Advances the guest's RIP past an emulated instruction of `length` bytes. */
export function skipInstruction(vmcb: Vmcb, length: u32): void {
  vmcb.rip = u64(vmcb.rip + u64(length));
  vmcb.interruptShadow = 0n;
  const flags = vmcb.rflags;
  if ((flags & (RFLAGS_RF | RFLAGS_TF)) === 0n) return;
  vmcb.rflags = flags & ~RFLAGS_RF;
  if ((flags & RFLAGS_TF) === 0n) return;
  vmcb.dr6 = vmcb.dr6 | DR6_BS;
  injectException(vmcb, Exception.debug);
}

/** Ends the instruction of `length` bytes according to the answer of a neutral handler. */
export function finishInstruction(vmcb: Vmcb, length: u32, answer: Answer): void {
  if (answer === Answer.done) skipInstruction(vmcb, length);
  else if (answer === Answer.generalProtection) injectExceptionWithCode(vmcb, Exception.generalProtection, 0);
  else if (answer === Answer.invalidOpcode) injectException(vmcb, Exception.invalidOpcode);
}

/**
 * The length up to the end of `opcode`, which may exceed the `count` bytes fetched; 0 for another instruction.
 * `prefixes` are those that may precede it.
 */
function lengthBefore(code: Bytes, count: u32, opcode: Opcode, prefixes: u32): u32 {
  requires(code.length >= READABLE_BYTES);
  let rest: u32 = opcode;
  for (let i: u32 = 0; i < MOST_BYTES; i++) {
    invariant(rest <= 0xff_ffff);
    if (i >= count) return i + 1;
    const byte = code.u8(i);
    if (byte === u8(rest)) {
      rest = rest >> 8;
      if (rest === 0) return i + 1;
    } else if (rest !== opcode || !isPrefix(byte, prefixes)) {
      return 0;
    }
  }
  return 0;
}

/** Whether `byte` is a prefix. LOCK does not count: with it the instruction raises #UD. */
function isPrefix(byte: u8, prefixes: u32): boolean {
  const entry = firstMap.get(byte);
  return u32(entry & prefixes) !== 0 && (entry & LOCK) === 0;
}
