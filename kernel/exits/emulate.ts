/**
 * Emulates an instruction of the guest that accesses a region with an owner. A vendor's handler does, in this order:
 *
 * 1. It has the code in a window, as the processor gives it or as it fetches it, sets `access.address` and `access.rip`, and
 *    RSP in the vcpu's registers, and calls decodeAccess().
 * 2. For a MOV to memory, the most frequent one, it calls emulateStore(). For others it sets `flags` and calls
 *    emulateMove() (moveString.ts) if the instruction is a MOVS, which needs more of the guest, or emulateAccess(). It takes
 *    over `flags` and RSP.
 * 3. It ends the instruction as the Answer says.
 */
import {
  addressOf,
  arr,
  at,
  local,
  physical,
  requires,
  struct,
  U32,
  U64,
  u64,
  U8,
  type Bytes,
  type Gpa,
  type Ref,
  type u32,
} from '../../transpiler/lib/index.js';
import { Access } from '../access/access.js';
import { Answer } from '../access/answer.js';
import { OWNERS } from '../access/owner.js';
import { READABLE_BYTES, type CodeSize } from '../instruction/code.js';
import { decode } from '../instruction/decode.js';
import { complete, compute, hasNothingToDo, isMov, loadRegister, storedValue } from '../instruction/execute.js';
import { BOTH, Decoding, Instruction, READS, WRITES } from '../instruction/instruction.js';
import { Outcome } from '../instruction/outcome.js';
import { accessOf } from '../instruction/parts.js';
import { widthMask } from '../instruction/registers.js';
import { Event } from '../observe/events.js';
import { recordEvent } from '../report/events.js';
import type { Vcpu } from '../vcpu/vcpu.js';
import { accessRegion } from './regions.js';

export const Emulation = struct(
  'Emulation',
  { size: 0x70 },
  {
    access: at(0x00, Access),
    instruction: at(0x20, Instruction),
    /** RFLAGS of the guest, before and then after the instruction. */
    flags: at(0x38, U64),
    /** With Answer.done, the distance that the guest's RIP moves. */
    length: at(0x40, U32),
    /** With Answer.pageFault, the error code and the address. */
    faultCode: at(0x44, U32),
    faultAddress: at(0x48, U64),
    /** The guest's code, where the processor does not give it. */
    code: at(0x50, arr(U8, READABLE_BYTES)),
  },
);
export type Emulation = Ref<typeof Emulation>;

/** The processor's own. What the handler does not set is of an earlier instruction. */
export function emulationOf(vcpu: Vcpu): Emulation {
  return physical(Emulation, addressOf(vcpu.emulation));
}

/** Number of bytes of an unknown instruction that its event has. */
const SHOWN_BYTES = 8;

/**
 * Decodes the first instruction of `code`, of which `count` bytes are the guest's code of `size`. It has caused the exit
 * by `access`, READS or WRITES.
 */
export function decodeAccess(emulation: Emulation, code: Bytes, count: u32, size: CodeSize, access: u32): Decoding {
  requires(code.length >= READABLE_BYTES && access <= BOTH);
  const decoding = decode(emulation.instruction, code, count, size, access);
  if (decoding === Decoding.unknown) recordEvent(Event.unknownInstruction, firstBytes(code), emulation.access.rip);
  return decoding;
}

/** The first bytes of `code` as one number, the first byte highest. */
function firstBytes(code: Bytes): u64 {
  requires(code.length >= READABLE_BYTES);
  let number: u64 = 0n;
  for (let i: u32 = 0; i < SHOWN_BYTES; i++) number = u64((number << 8n) | u64(code.u8(i)));
  return number;
}

/** The answer to an instruction that is not decoded, and not because its code ends in a page that is not present. */
export function undecoded(decoding: Decoding): Answer {
  return decoding === Decoding.invalid ? Answer.invalidOpcode : Answer.generalProtection;
}

/** Refuses to execute code in a region: the processor would have to fetch it from the device. */
export function refuseFetch(address: Gpa, rip: u64): Answer {
  recordEvent(Event.regionFetch, u64(address), rip);
  return Answer.generalProtection;
}

/** Emulates the decoded instruction, a MOV to memory, which changes neither flags nor registers. */
export function emulateStore(vcpu: Vcpu, emulation: Emulation, owner: u32): Answer {
  requires(owner < OWNERS);
  const instruction = emulation.instruction;
  emulation.access.bytes = instruction.bytes;
  return writeOperand(vcpu, emulation.access, owner, storedValue(instruction, vcpu.registers));
}

/** The result of a read, without what may be above its width. */
function valueOf(access: Access): u64 {
  return access.value & widthMask(access.bytes);
}

/** Emulates the decoded instruction, which is neither that nor a MOVS. */
export function emulateAccess(vcpu: Vcpu, emulation: Emulation, owner: u32): Answer {
  requires(owner < OWNERS);
  const instruction = emulation.instruction;
  emulation.access.bytes = instruction.bytes;
  emulation.length = instruction.length;
  if (isMov(instruction)) return emulateLoad(vcpu, emulation, owner);
  if (hasNothingToDo(instruction, vcpu.registers)) return Answer.done;
  const kind = accessOf(instruction);
  if ((kind & READS) !== 0) {
    const answer = readOperand(vcpu, emulation.access, owner);
    if (answer !== Answer.done) return answer;
  }
  return operate(vcpu, emulation, owner, (kind & WRITES) !== 0);
}

/** Emulates a MOV from memory. */
function emulateLoad(vcpu: Vcpu, emulation: Emulation, owner: u32): Answer {
  requires(owner < OWNERS);
  const answer = readOperand(vcpu, emulation.access, owner);
  if (answer === Answer.done) loadRegister(emulation.instruction, vcpu.registers, valueOf(emulation.access));
  return answer;
}

function readOperand(vcpu: Vcpu, access: Access, owner: u32): Answer {
  requires(owner < OWNERS);
  access.isWrite = false;
  return accessRegion(vcpu, access, owner);
}

/** Computes the result for the operand's present value, writes it where `writes`, and changes registers and flags. */
function operate(vcpu: Vcpu, emulation: Emulation, owner: u32, writes: boolean): Answer {
  requires(owner < OWNERS);
  const outcome = local(Outcome);
  outcome.flags = emulation.flags;
  compute(outcome, emulation.instruction, vcpu.registers, valueOf(emulation.access));
  if (writes) {
    const answer = writeOperand(vcpu, emulation.access, owner, outcome.written);
    if (answer !== Answer.done) return answer;
  }
  emulation.length = complete(outcome, emulation.instruction, vcpu.registers);
  emulation.flags = outcome.flags;
  return Answer.done;
}

/** Writes `value` to the memory operand. */
function writeOperand(vcpu: Vcpu, access: Access, owner: u32, value: u64): Answer {
  requires(owner < OWNERS);
  access.value = value;
  access.isWrite = true;
  return accessRegion(vcpu, access, owner);
}
