/** States in which an exit can find a guest on AMD-V, and what the processor tells of exits, for property tests. */
import fc from 'fast-check';
import { ExitCode } from '../../../kernel/svm/control/exitCode.js';
import type { Vmcb } from '../../../kernel/svm/control/vmcb.js';
import { CODE, HIDDEN, HIDDEN_BYTES, TABLES } from './guest.js';
import { LEGACY_TABLES, PAE_TABLES } from './pageTables.js';
import { bits, canonical, isLong, isPaged, isProtected, word16, word32, word64, type Mode } from './vmcsStates.js';

/** What the VMCB has of the guest, but for segments; CS is all that handlers look at. */
export interface GuestState {
  readonly registers: Readonly<
    Record<'cr0' | 'cr3' | 'cr4' | 'efer' | 'rflags' | 'rip' | 'rsp' | 'dr6' | 'dr7' | 'interruptShadow', bigint>
  >;
  readonly cpl: number;
  readonly attributes: number;
  readonly base: bigint;
}

export interface SvmExit {
  readonly code: number;
  readonly info1: bigint;
  readonly info2: bigint;
  /** EXITINTINFO. */
  readonly event: bigint;
  /** 0 where the processor does not save it; else how many bytes the instruction has. */
  readonly length: bigint;
  readonly bytes: Uint8Array;
  readonly registers: Readonly<Record<string, bigint>>;
}

const CR0_FREE = 0x6005_003en; // MP, EM, TS, ET, NE, WP, AM, NW, CD
const CR0_NW = 1n << 29n;
const CR0_CD = 1n << 30n;
const CR4_FREE = 0x14_07dfn;
const CR4_PAE = 0x20n;
const EFER_FREE = 0x4801n; // SCE, NXE, FFXSR
const EFER_SVME = 0x1000n;
const EFER_LONG = 0x500n;
const EFER_LME = 0x100n;
const RFLAGS_FREE = 0x3d_7fd5n;
const RFLAGS_VM = 0x2_0000n;
const VALID = 1n << 31n;
const HAS_ERROR_CODE = 1n << 11n;

function tablesOf(mode: Mode): bigint {
  if (isLong(mode)) return BigInt(TABLES);
  return BigInt(mode === 'pae' ? PAE_TABLES : LEGACY_TABLES);
}

function attributesOf(mode: Mode): number {
  if (mode === 'bits64') return 0xa9b;
  return mode === 'real' || mode === 'virtual8086' || mode === 'bits16' ? 0x9b : 0xc9b;
}

/** Mostly where CODE is, seldom anywhere. */
const places = fc.oneof(
  { weight: 3, arbitrary: fc.constant({ rip: 0n, base: BigInt(CODE) }) },
  { weight: 1, arbitrary: fc.record({ rip: bits(0xffffn), base: word32 }) },
);
const places64 = fc.oneof(
  { weight: 3, arbitrary: fc.constant({ rip: BigInt(CODE), base: 0n }) },
  { weight: 1, arbitrary: fc.record({ rip: canonical, base: word32 }) },
);

/** What a guest in this mode may have in the VMCB. */
export function guestStates(mode: Mode): fc.Arbitrary<GuestState> {
  const fixed0 = (isProtected(mode) ? 1n : 0n) | (isPaged(mode) ? 1n << 31n : 0n);
  const fixed4 = isLong(mode) || mode === 'pae' ? CR4_PAE : 0n;
  const level = mode === 'real' ? 0 : mode === 'virtual8086' ? 3 : null;
  return fc
    .record({
      cr0: bits(CR0_FREE),
      cr4: bits(mode === 'paged32' ? CR4_FREE : CR4_FREE | CR4_PAE),
      cr3: fc.oneof(fc.constant(tablesOf(mode)), bits(0xff_ffff_f000n)),
      efer: bits(isPaged(mode) ? EFER_FREE : EFER_FREE | EFER_LME),
      rflags: bits(RFLAGS_FREE),
      rsp: word64,
      dr6: word32,
      dr7: word32,
      interruptShadow: bits(1n),
      cpl: level === null ? fc.integer({ min: 0, max: 3 }) : fc.constant(level),
      place: mode === 'bits64' ? places64 : places,
    })
    .map(({ cr0, cr4, efer, rflags, cpl, place, ...others }) => ({
      cpl,
      attributes: attributesOf(mode),
      base: place.base,
      registers: {
        ...others,
        cr0: ((cr0 & CR0_CD) === 0n ? cr0 & ~CR0_NW : cr0) | fixed0,
        cr4: cr4 | fixed4,
        efer: efer | EFER_SVME | (isLong(mode) ? EFER_LONG : 0n),
        rflags: rflags | 2n | (mode === 'virtual8086' ? RFLAGS_VM : 0n),
        rip: place.rip,
      },
    }));
}

/** Puts the state into `vmcb`. */
export function setState(vmcb: Vmcb, { registers, cpl, attributes, base }: GuestState): void {
  Object.assign(vmcb, registers);
  vmcb.cpl = cpl;
  vmcb.cs.attributes = attributes;
  vmcb.cs.base = base;
}

const WITH_ERROR_CODE = [8n, 10n, 11n, 12n, 13n, 14n, 17n];
const EXCEPTIONS = [0n, 1n, 3n, 4n, 5n, 6n, 7n, ...WITH_ERROR_CODE, 16n, 18n, 19n];
/** Not in 64-bit code. */
const OF_OLDER_MODES = [4n, 5n];

/** An event in delivery, as processors tell it, and as QEMU does: interrupts and NMIs are exceptions to it. */
function eventsInDelivery(mode: Mode): fc.Arbitrary<bigint> {
  const vectors = EXCEPTIONS.filter((vector) => mode !== 'bits64' || !OF_OLDER_MODES.includes(vector));
  const exception = fc.record({ vector: fc.constantFrom(...vectors), code: word16 }).map(({ vector, code }) => {
    // What processors tell of an error code in real mode is not documented.
    return VALID | 0x300n | vector | (WITH_ERROR_CODE.includes(vector) ? HAS_ERROR_CODE | (code << 32n) : 0n);
  });
  const vectorOfInterrupt = bits(0xffn).filter((vector) => !OF_OLDER_MODES.includes(vector));
  return fc.oneof(
    fc.constant(0n),
    exception,
    bits(0xffn).map((vector) => VALID | vector),
    vectorOfInterrupt.map((vector) => VALID | 0x300n | vector),
    fc.constant(VALID | 0x202n),
    bits(0xffn).map((vector) => VALID | 0x400n | vector),
  );
}

const PREFIXES = [0x66, 0x67, 0xf2, 0xf3, 0x2e, 0x48, 0xf0];
/** The instructions that exit, writes to memory, and what is none. */
const OPCODES = [
  [0x0f, 0x32],
  [0x0f, 0x30],
  [0x0f, 0x08],
  [0x0f, 0x01, 0xd9],
  [0x89, 0x07],
  [0xc7, 0x07, 1, 2, 3, 4],
  [0x83, 0x0f, 0x80],
  [0x87, 0x0f],
  [0xa3, 0, 0, 0, 0],
  [0x0f, 0x0b],
];
const code = fc
  .record({
    prefixes: fc.array(fc.constantFrom(...PREFIXES), { maxLength: 3 }),
    opcode: fc.constantFrom(...OPCODES),
    rest: fc.uint8Array({ minLength: 16, maxLength: 16 }),
  })
  .map(({ prefixes, opcode, rest }) => new Uint8Array([...prefixes, ...opcode, ...rest]));

const MSRS = [0x1b, 0x10, 0x277, 0x2ff, 0x830, 0x4000_0000, 0x4b56_4d00, 0xc000_0080, 0xc001_0010, 0xc001_0015].map(
  BigInt,
);
const MORE_MSRS = [0xc001_001d, 0xc001_0020, 0xc001_0058, 0xc001_0114, 0xc001_0117, 0xc001_0113, 0xdead_beef].map(
  BigInt,
);
const eferValues = bits(0xffff_ffffn).map((value) => value & 0x5d01n);
const HYPERCALL = 0x6d76_7374n;

const anyRegisters = fc.record({
  ...{ rax: word64, rcx: word64, rdx: word64, rbx: word64, rbp: word64, rsi: word64, rdi: word64 },
  ...{ r8: word64, r9: word64, r10: word64, r11: word64, r12: word64, r13: word64, r14: word64, r15: word64 },
});
const msrRegisters = fc
  .record({
    registers: anyRegisters,
    rcx: fc.oneof(fc.constantFrom(...MSRS, ...MORE_MSRS), word64),
    rax: fc.oneof(eferValues, word64),
    rdx: fc.oneof(fc.constant(0n), word64),
  })
  .map(({ registers, ...chosen }) => ({ ...registers, ...chosen }));
const callRegisters = fc
  .record({ registers: anyRegisters, rax: fc.oneof(fc.constant(HYPERCALL), word64), rcx: bits(0xfn) })
  .map(({ registers, ...chosen }) => ({ ...registers, ...chosen }));

function registersFor(exitCode: number): fc.Arbitrary<Readonly<Record<string, bigint>>> {
  if (exitCode === ExitCode.msr) return msrRegisters;
  return exitCode === ExitCode.vmmcall ? callRegisters : anyRegisters;
}

/** Hidden memory, the local APIC's page, and addresses of messages. */
const watchedAddress = fc.oneof(
  bits(HIDDEN_BYTES - 1n).map((offset) => HIDDEN + offset),
  bits(0xfffn).map((offset) => 0xfee0_0000n + offset),
  bits(0xf_ffffn).map((offset) => 0xfee0_0000n + offset),
);

/** Exits with this code. */
export function exitsWith(exitCode: number, mode: Mode): fc.Arbitrary<SvmExit> {
  const isMsr = exitCode === ExitCode.msr;
  const isMemory = exitCode === ExitCode.nestedPageFault;
  return fc.record({
    code: fc.constant(exitCode),
    info1: isMsr ? bits(1n) : isMemory ? bits(0x3_0000_001fn) : word64,
    info2: isMemory ? watchedAddress : word64,
    event: isMemory ? eventsInDelivery(mode) : fc.constant(0n),
    length: fc.oneof(fc.constant(0n), fc.bigInt({ min: 1n, max: 15n })),
    bytes: code,
    registers: registersFor(exitCode),
  });
}
