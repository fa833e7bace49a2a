/** The bytes of the guest's next instruction, each read once: the guest may change them meanwhile. */
import {
  at,
  gva,
  hpa,
  struct,
  u32,
  U32,
  U64,
  u64,
  u8,
  window,
  type Gpa,
  type Gva,
  type Ref,
} from '../../../transpiler/lib/index.js';
import { guestPhysical, NOT_PRESENT } from '../../space/guestPaging.js';
import { hostAddress } from '../../space/nestedPaging.js';
import { EFER_LMA } from '../../x86/registers.js';
import { Exception, injectExceptionWithCode } from './inject.js';
import { EFER_NXE } from './registers.js';
import type { Vmcb } from './vmcb.js';

/** No instruction is longer (APM 3, 1.1). */
export const MOST_BYTES = 15;

export const InstructionBytes = struct(
  'InstructionBytes',
  { size: 24 },
  {
    /** The first eight bytes, the first one lowest, and what follows them. */
    low: at(0, U64),
    high: at(8, U64),
    /** How many there are: fewer than MOST_BYTES where the page of the next one is not present. */
    count: at(16, U32),
  },
);
export type InstructionBytes = Ref<typeof InstructionBytes>;

/** What is not read of them yet, in the same order, and how many are. */
export const RestOfBytes = struct(
  'RestOfBytes',
  { size: 24 },
  { low: at(0, U64), high: at(8, U64), taken: at(16, U32) },
);
export type RestOfBytes = Ref<typeof RestOfBytes>;

const BYTES_READ = 16n;
const PAGE_BYTES = 0x1000n;
const OFFSET_IN_PAGE = 0xfffn;
/** Bits 9 and 10 of a segment's attributes (APM 2, 4.8.1): 64-bit code; else 32-bit code. */
const LONG = 1 << 9;
const DEFAULT_32 = 1 << 10;
/** Page-fault error code: from privilege level 3; an instruction fetch, told apart where NX is on (APM 2, 8.4.2). */
const USER = 1 << 2;
const FETCH = 1 << 4;

/** What the code that the guest executes is: the width of addresses in it, in bits. */
export const CodeSize = { bits16: 16, bits32: 32, bits64: 64 } as const;
export type CodeSize = (typeof CodeSize)[keyof typeof CodeSize];

/** Which code the guest executes. */
export function codeSize(vmcb: Vmcb): CodeSize {
  const attributes = vmcb.cs.attributes;
  if ((vmcb.efer & EFER_LMA) !== 0n && u32(attributes & LONG) !== 0) return CodeSize.bits64;
  return u32(attributes & DEFAULT_32) !== 0 ? CodeSize.bits32 : CodeSize.bits16;
}

/** Reads the bytes at the guest's RIP, in code of `size`, through its page tables. */
export function fetchInstruction(bytes: InstructionBytes, vmcb: Vmcb, size: CodeSize): void {
  const start = linearAddress(vmcb, size, 0);
  const offset = u64(start) & OFFSET_IN_PAGE;
  const first = translate(vmcb, start);
  bytes.count = 0;
  if (first === NOT_PRESENT) return;
  if (offset > PAGE_BYTES - BYTES_READ) {
    fetchAcross(bytes, vmcb, size);
    return;
  }
  const code = window(hostAddress(first), 16);
  bytes.low = code.u64(0);
  bytes.high = code.u64(8);
  bytes.count = MOST_BYTES;
}

/** Begins to read `bytes` from the first one on. */
export function startReading(rest: RestOfBytes, bytes: InstructionBytes): void {
  rest.low = bytes.low;
  rest.high = bytes.high;
  rest.taken = 0;
}

/** Takes the next byte off; zero behind the last one. */
export function takeByte(rest: RestOfBytes): u8 {
  const byte = u8(rest.low);
  rest.low = (rest.low >> 8n) | u64(rest.high << 56n);
  rest.high = rest.high >> 8n;
  rest.taken = u32(rest.taken + 1);
  return byte;
}

/**
 * Raises the page fault of fetching the byte of that index. A processor without a TLB would have raised it: its entry is
 * all that still made the fetch possible.
 */
export function raiseFetchFault(vmcb: Vmcb, size: CodeSize, index: u32): void {
  vmcb.cr2 = linearAddress(vmcb, size, index);
  const fetch: u32 = (vmcb.efer & EFER_NXE) !== 0n ? FETCH : 0;
  injectExceptionWithCode(vmcb, Exception.pageFault, vmcb.cpl === 3 ? fetch | USER : fetch);
}

/** As `fetchInstruction`, where the bytes may lie in two pages. */
function fetchAcross(bytes: InstructionBytes, vmcb: Vmcb, size: CodeSize): void {
  bytes.low = 0n;
  bytes.high = 0n;
  for (let i: u32 = 0; i < MOST_BYTES; i++) {
    const found = translate(vmcb, linearAddress(vmcb, size, i));
    if (found === NOT_PRESENT) return;
    const byte = u64(window(hpa(hostAddress(found)), 1).u8(0));
    if (i < 8) bytes.low = bytes.low | u64(byte << (8n * u64(i)));
    else bytes.high = bytes.high | u64(byte << (8n * u64(i - 8)));
    bytes.count = i + 1;
  }
}

function translate(vmcb: Vmcb, address: Gva): Gpa {
  return guestPhysical(vmcb.cr0, u64(vmcb.cr3), vmcb.cr4, vmcb.efer, address);
}

/** Where the byte of that index lies: in 64-bit code RIP is a linear address. */
function linearAddress(vmcb: Vmcb, size: CodeSize, index: u32): Gva {
  const rip = u64(vmcb.rip + u64(index));
  return size === CodeSize.bits64 ? gva(rip) : gva(u64(vmcb.cs.base + rip) & 0xffff_ffffn);
}
