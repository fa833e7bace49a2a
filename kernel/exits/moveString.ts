/**
 * Emulates MOVS, which has two operands in memory: one in the region that was accessed, and another one anywhere. That
 * one is found through the guest's page tables with the guest's own rights, since another processor of the guest may
 * have changed code or tables since the exit. It may be in a region with an owner itself.
 */
import {
  at,
  gpa,
  GPA,
  gva,
  local,
  min32,
  requires,
  struct,
  u32,
  U32,
  u64,
  U64,
  u8,
  window,
} from '../../transpiler/lib/index.js';
import type { Gpa, Hpa, Ref } from '../../transpiler/lib/index.js';
import type { Access } from '../access/access.js';
import { Answer } from '../access/answer.js';
import { Owner, OWNERS } from '../access/owner.js';
import { ownerOfAddress } from '../access/regions.js';
import { CodeSize, lastAddress } from '../instruction/code.js';
import { complete, compute, hasNothingToDo } from '../instruction/execute.js';
import { WRITES } from '../instruction/instruction.js';
import { Outcome } from '../instruction/outcome.js';
import { accessOf } from '../instruction/parts.js';
import { NOT_PRESENT, Paging } from '../space/guestPaging.js';
import { CODE_USER, CODE_WRITE, Touch, touchPage } from '../space/guestRights.js';
import { mayRead, mayWrite, readableHostAddress, writableHostAddress } from '../space/nestedPaging.js';
import type { Vcpu } from '../vcpu/vcpu.js';
import { OFFSET_IN_PAGE, PAGE_BYTES } from '../x86/pages.js';
import { CR4_LA57, CR4_SMAP, RFLAGS_AC } from '../x86/registers.js';
import type { Emulation } from './emulate.js';
import { accessRegion, passOn, refuseBorder } from './regions.js';

/** The operand that is not the accessed one. */
export const OtherOperand = struct(
  'OtherOperand',
  { size: 56 },
  {
    paging: at(0, Paging),
    /** Its linear address, and the last one in this kind of code. */
    address: at(32, U64),
    last: at(40, U64),
    /** The guest's privilege level. */
    level: at(48, U32),
  },
);
export type OtherOperand = Ref<typeof OtherOperand>;

/** Where an operand is: in one page, or its first `split` bytes in one and the rest in another. */
const Place = struct(
  'OperandPlace',
  { size: 24 },
  {
    first: at(0, GPA),
    second: at(8, GPA),
    split: at(16, U32),
    /** The owner if the access is intercepted, and the guest if not. */
    owner: at(20, U32),
  },
);
type Place = Ref<typeof Place>;

/** An element has at most 8 bytes. */
const MOST_BYTES = 8;

/** Emulates one element of the decoded MOVS, of which one operand is in a region of `owner`. */
export function emulateMove(vcpu: Vcpu, emulation: Emulation, owner: u32, other: OtherOperand): Answer {
  requires(owner < OWNERS);
  const instruction = emulation.instruction;
  emulation.access.bytes = instruction.bytes;
  emulation.length = instruction.length;
  if (hasNothingToDo(instruction, vcpu.registers)) return Answer.done;
  const accessed = local(Place);
  accessed.first = gpa(emulation.access.address);
  accessed.split = MOST_BYTES;
  accessed.owner = owner;
  const found = local(Place);
  const isWritten = accessOf(instruction) === WRITES;
  const answer = findOther(found, emulation, other, isWritten ? 0 : CODE_WRITE);
  if (answer !== Answer.done) return answer;
  const moved = isWritten
    ? move(vcpu, emulation.access, found, accessed)
    : move(vcpu, emulation.access, accessed, found);
  if (moved === Answer.done) advance(vcpu, emulation);
  return moved;
}

function advance(vcpu: Vcpu, emulation: Emulation): void {
  const outcome = local(Outcome);
  outcome.flags = emulation.flags;
  compute(outcome, emulation.instruction, vcpu.registers, emulation.access.value);
  emulation.length = complete(outcome, emulation.instruction, vcpu.registers);
}

/** Finds the other operand, for a read, or for a write if `write` is CODE_WRITE. */
function findOther(place: Place, emulation: Emulation, other: OtherOperand, write: u32): Answer {
  requires(write <= CODE_WRITE);
  const bytes = u64(emulation.access.bytes);
  const start = other.address;
  if (!isCanonical(other, start) || !isCanonical(other, u64(start + u64(bytes - 1n)))) return Answer.generalProtection;
  const split = u64(PAGE_BYTES - (start & OFFSET_IN_PAGE));
  const overrides = (emulation.flags & RFLAGS_AC) !== 0n; // for accesses that an instruction makes (SDM 3A 4.6.1)
  if (overrides) other.paging.cr4 = other.paging.cr4 & u64(~CR4_SMAP);
  place.first = touch(emulation, other, start, write);
  if (place.first === NOT_PRESENT) return Answer.pageFault;
  place.split = MOST_BYTES;
  place.owner = interceptor(place.first, write);
  if (bytes <= split) return Answer.done;
  place.second = touch(emulation, other, u64(start + split) & other.last, write);
  if (place.second === NOT_PRESENT) return Answer.pageFault;
  place.split = u32(split) & 7;
  if (place.owner === Owner.guest && interceptor(place.second, write) === Owner.guest) return Answer.done;
  return refuseBorder(u64(place.first), emulation.access.rip);
}

/**
 * Whether `address` is canonical (SDM 1 3.3.7.1). A walk ignores the upper bits: without this check a program's pointer that
 * its kernel took for one to the lower half could lead to the kernel's.
 */
function isCanonical(other: OtherOperand, address: u64): boolean {
  if (other.last !== lastAddress(CodeSize.bits64)) return true;
  const half: u64 = (other.paging.cr4 & CR4_LA57) !== 0n ? 1n << 56n : 1n << 47n;
  return u64(address + half) < u64(half << 1n);
}

/** Walks to `address` as the guest does. NOT_PRESENT if that raises a page fault, which `emulation` has then. */
function touch(emulation: Emulation, other: OtherOperand, address: u64, write: u32): Gpa {
  requires(write <= CODE_WRITE);
  const touched = local(Touch);
  touchPage(touched, other.paging, gva(address), other.level === 3 ? write | CODE_USER : write);
  emulation.faultCode = touched.code;
  emulation.faultAddress = address;
  return touched.address;
}

/** The owner of `address` if the guest lacks the right for the access. */
function interceptor(address: Gpa, write: u32): u32 {
  const isPermitted = write !== 0 ? mayWrite(address) : mayRead(address);
  return isPermitted ? Owner.guest : ownerOfAddress(address);
}

function move(vcpu: Vcpu, access: Access, source: Place, destination: Place): Answer {
  const answer = accessPlace(vcpu, access, source, false);
  return answer === Answer.done ? accessPlace(vcpu, access, destination, true) : answer;
}

/** Reads the operand at `place` into `access.value`, or writes it. */
function accessPlace(vcpu: Vcpu, access: Access, place: Place, isWrite: boolean): Answer {
  access.isWrite = isWrite;
  access.address = u64(place.first);
  if (place.owner !== Owner.guest) return accessRegion(vcpu, access, min32(place.owner, OWNERS - 1));
  if (access.bytes > place.split) {
    accessBytes(access, place);
  } else {
    access.address = u64(hostPlace(place.first, isWrite));
    passOn(access);
  }
  return Answer.done;
}

/** Accesses an operand in two pages, byte by byte. */
function accessBytes(access: Access, place: Place): void {
  const split = place.split;
  let value: u64 = 0n;
  for (let i: u32 = 0; i < MOST_BYTES && i < access.bytes; i++) {
    const byte = i < split ? gpa(place.first + u64(i)) : gpa(place.second + u64(i - split));
    const memory = window(hostPlace(byte, access.isWrite), 1);
    if (access.isWrite) memory.setU8(0, u8(access.value >> u64(8 * i)));
    else value = value | (u64(memory.u8(0)) << u64(8 * i));
  }
  if (!access.isWrite) access.value = value;
}

function hostPlace(address: Gpa, isWrite: boolean): Hpa {
  return isWrite ? writableHostAddress(address) : readableHostAddress(address);
}
