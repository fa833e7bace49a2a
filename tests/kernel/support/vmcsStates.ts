/**
 * States in which an exit can find a guest on Intel VT-x, for property tests: each passes all rules of VM entries, as the state
 * of a guest that ran must.
 */
import fc from 'fast-check';
import {
  Field,
  GUEST_BASE,
  GUEST_LIMIT,
  GUEST_RIGHTS,
  GUEST_SELECTOR,
  Segment,
} from '../../../kernel/vmx/control/vmcs.js';
import { HIDDEN } from './guest.js';

export type Fields = Readonly<Record<number, bigint>>;

/** The modes in which a processor executes code; in all but the first CR0.PE is set. */
export const MODES = ['real', 'virtual8086', 'bits16', 'bits32', 'paged32', 'pae', 'compatibility', 'bits64'] as const;
export type Mode = (typeof MODES)[number];

const LONG_MODES: readonly Mode[] = ['compatibility', 'bits64'];
export const isLong = (mode: Mode): boolean => LONG_MODES.includes(mode);
export const isPaged = (mode: Mode): boolean => mode === 'paged32' || mode === 'pae' || isLong(mode);
export const isProtected = (mode: Mode): boolean => mode !== 'real';

const CR0_OWNED = 0x20n;
const CR0_FREE = 0x6005_001en; // MP, EM, TS, ET, WP, AM, NW, CD
const CR0_NW = 1n << 29n;
const CR0_CD = 1n << 30n;
const CR4_VMXE = 1n << 13n;
const CR4_PAE = 1n << 5n;
const CR4_PCIDE = 1n << 17n;
/** VME, PVI, TSD, DE, PSE, MCE, PGE, PCE, OSFXSR, OSXMMEXCPT, OSXSAVE, SMEP. */
const CR4_FREE = 0x14_07dfn;
const EFER_LONG = 0x500n;
const EFER_FREE = 0x801n;
const ENTERS_LONG_MODE = 1n << 9n;
const RFLAGS_FREE = 0x3d_7fd5n; // all that there are but VM
const RFLAGS_IF = 1n << 9n;
const RFLAGS_TF = 1n << 8n;
const RFLAGS_VM = 1n << 17n;
const DEBUGCTL_BTF = 2n;
const SINGLE_STEP = 1n << 14n;
const BY_STI = 1n;
const BY_MOV_SS = 2n;
const BY_NMI = 8n;
const IN_ENCLAVE = 16n;
const HALTED = 1n;
const UNUSABLE = 0x1_0000n;

export const bits = (mask: bigint): fc.Arbitrary<bigint> =>
  fc.bigInt({ min: 0n, max: 0xffff_ffff_ffff_ffffn }).map((value) => value & mask);
export const word64 = bits(0xffff_ffff_ffff_ffffn);
export const word32 = bits(0xffff_ffffn);
export const word16 = bits(0xffffn);
/** 48 bits, the highest extended. */
export const canonical = bits(0xffff_ffff_ffffn).map((value) => BigInt.asUintN(64, BigInt.asIntN(48, value)));
/** Where things end that an instruction may go beyond. */
const nearTop = (top: bigint): fc.Arbitrary<bigint> => fc.bigInt({ min: top - 16n, max: top });

interface SegmentValues {
  readonly selector: bigint;
  readonly base: bigint;
  readonly limit: bigint;
  readonly rights: bigint;
}

function fieldsOf(segment: number, { selector, base, limit, rights }: SegmentValues): Fields {
  return {
    [GUEST_SELECTOR + 2 * segment]: selector,
    [GUEST_BASE + 2 * segment]: base,
    [GUEST_LIMIT + 2 * segment]: limit,
    [GUEST_RIGHTS + 2 * segment]: rights,
  };
}

/** A limit and the bit G that goes with it. */
const size = fc.oneof(
  bits(0xf_ffffn).map((limit) => ({ limit, granularity: 0n })),
  bits(0xffff_f000n).map((limit) => ({ limit: limit | 0xfffn, granularity: 0x8000n })),
);

/** A segment of one of these types, S and P set, at this privilege level, with these further bits. */
function segment(types: readonly bigint[], level: bigint, further: bigint, base = word32): fc.Arbitrary<SegmentValues> {
  return fc
    .record({ selector: word16, base, size, type: fc.constantFrom(...types), available: bits(0x1000n) })
    .map(({ selector, base: start, size: { limit, granularity }, type, available }) => ({
      ...{ selector, base: start, limit },
      rights: type | 0x90n | (level << 5n) | granularity | available | further,
    }));
}

const unusable = (level = 0n): fc.Arbitrary<SegmentValues> =>
  fc.record({
    selector: word16,
    base: word32,
    limit: word32,
    rights: fc.constant(UNUSABLE | (level << 5n)),
  });

function codeSegment(mode: Mode, level: bigint): fc.Arbitrary<SegmentValues> {
  if (mode === 'real') return segment([3n, 9n, 11n], 0n, 0n);
  const further = mode === 'bits64' ? 0x2000n : mode === 'bits16' ? 0n : 0x4000n;
  return segment([9n, 11n], level, further);
}

function dataSegment(mode: Mode): fc.Arbitrary<SegmentValues> {
  const usable = fc.bigInt({ min: 0n, max: 3n }).chain((level) => segment([1n, 3n, 5n, 7n, 11n, 15n], level, 0n));
  return mode === 'real' ? segment([3n, 7n], 0n, 0n) : fc.oneof(usable, unusable());
}

/** TR and LDTR: system segments of the global table. */
function systemSegment(type: bigint, base: fc.Arbitrary<bigint>): fc.Arbitrary<SegmentValues> {
  return fc
    .record({ selector: bits(0xfffbn), base, size })
    .map(({ selector, base: start, size: { limit, granularity } }) => ({
      ...{ selector, base: start, limit },
      rights: type | 0x80n | granularity,
    }));
}

function segments8086(): fc.Arbitrary<Fields> {
  const one = word16.map((selector) => ({ selector, base: selector << 4n, limit: 0xffffn, rights: 0xf3n }));
  return fc
    .tuple(one, one, one, one, one, one)
    .map((values) => Object.assign({}, ...values.map((value, index) => fieldsOf(index, value))) as Fields);
}

function segmentsOf(mode: Mode, level: bigint): fc.Arbitrary<Fields> {
  if (mode === 'virtual8086') return segments8086();
  const stack = fc.oneof(segment([3n, 7n], level, 0n), ...(mode === 'bits64' ? [unusable(level)] : []));
  const wide = isLong(mode) ? canonical : word32;
  const data = dataSegment(mode);
  const withBase = fc.record({ values: data, base: wide }).map(({ values, base }) => ({ ...values, base }));
  return fc.tuple(codeSegment(mode, level), stack, data, data, withBase, withBase).map(([cs, ss, ds, es, fs, gs]) => ({
    ...{ ...fieldsOf(Segment.cs, cs), ...fieldsOf(Segment.ss, ss), ...fieldsOf(Segment.ds, ds) },
    ...{ ...fieldsOf(Segment.es, es), ...fieldsOf(Segment.fs, fs), ...fieldsOf(Segment.gs, gs) },
  }));
}

function systemSegmentsOf(mode: Mode): fc.Arbitrary<Fields> {
  const wide = isLong(mode) ? canonical : word32;
  const task = fc.constantFrom(...(isLong(mode) ? [11n] : [11n, 3n])).chain((type) => systemSegment(type, wide));
  const table = fc.oneof(systemSegment(2n, wide), unusable());
  return fc.tuple(task, table).map(([tr, ldtr]) => ({ ...fieldsOf(Segment.tr, tr), ...fieldsOf(Segment.ldtr, ldtr) }));
}

function controlRegistersOf(mode: Mode): fc.Arbitrary<Fields> {
  const fixed = CR0_OWNED | (isProtected(mode) ? 1n : 0n) | (isPaged(mode) ? 1n << 31n : 0n);
  const pae = mode === 'pae' || isLong(mode) ? CR4_PAE : 0n;
  const free4 = CR4_FREE | (isLong(mode) ? CR4_PCIDE : 0n) | (isPaged(mode) ? 0n : CR4_PAE);
  return fc
    .record({ cr0: bits(CR0_FREE), cr4: bits(free4), shadow0: bits(CR0_OWNED), cr3: bits(0x7f_ffff_ffffn) })
    .map(({ cr0, cr4, shadow0, cr3 }) => {
      const legal = (cr0 & CR0_CD) === 0n ? cr0 & ~CR0_NW : cr0;
      const whole0 = legal | fixed;
      const whole4 = cr4 | pae | CR4_VMXE;
      return {
        [Field.guestCr0]: whole0,
        [Field.cr0Shadow]: (whole0 & ~CR0_OWNED) | shadow0,
        [Field.guestCr4]: whole4,
        [Field.cr4Shadow]: whole4 & ~CR4_VMXE,
        [Field.guestCr3]: cr3,
      };
    });
}

const tables = fc
  .record({ gdt: canonical, idt: canonical, gdtLimit: word16, idtLimit: word16, esp: canonical, eip: canonical })
  .map(({ gdt, idt, gdtLimit, idtLimit, esp, eip }) => ({
    ...{ [Field.guestGdtrBase]: gdt, [Field.guestIdtrBase]: idt },
    ...{ [Field.guestGdtrLimit]: gdtLimit, [Field.guestIdtrLimit]: idtLimit },
    ...{ [Field.guestSysenterEsp]: esp, [Field.guestSysenterEip]: eip },
  }));

/** Present ones lie in the guest's memory. */
const pageDirectory = fc.oneof(
  bits(HIDDEN - 1n).map((address) => (address & ~0xfffn) | 1n),
  bits(0xffff_ffff_ffff_fffen),
);
const pageDirectories = fc.tuple(pageDirectory, pageDirectory, pageDirectory, pageDirectory).map((entries) => ({
  ...{ [Field.guestPdpte0]: entries[0], [Field.guestPdpte1]: entries[1] },
  ...{ [Field.guestPdpte2]: entries[2], [Field.guestPdpte3]: entries[3] },
}));

function instructionPointerOf(mode: Mode): fc.Arbitrary<bigint> {
  if (mode === 'bits64') return fc.oneof(canonical, nearTop(0x7fff_ffff_ffffn), nearTop(0xffff_ffff_ffff_ffffn));
  if (mode === 'real' || mode === 'virtual8086') return fc.oneof(word16, nearTop(0xffffn));
  return fc.oneof(word32, nearTop(0xffff_ffffn));
}

/** Flags, what blocks events, the activity, and debug exceptions that are pending: they depend on each other. */
function executionOf(mode: Mode, level: bigint): fc.Arbitrary<Fields> {
  return fc
    .record({
      flags: bits(RFLAGS_FREE),
      block: fc.constantFrom(0n, 0n, BY_STI, BY_MOV_SS),
      nmi: fc.constantFrom(0n, BY_NMI),
      enclave: fc.constantFrom(0n, 0n, IN_ENCLAVE),
      halted: fc.boolean(),
      pending: bits(0x500fn),
      control: bits(0x3n),
      dr7: bits(0xffff_ffffn),
    })
    .map(({ flags, block, nmi, enclave, halted, pending, control, dr7 }) => {
      const rflags = flags | 2n | (mode === 'virtual8086' ? RFLAGS_VM : 0n) | (block === BY_STI ? RFLAGS_IF : 0n);
      const isHalted = halted && level === 0n && block === 0n && mode !== 'virtual8086';
      const steps = (rflags & RFLAGS_TF) !== 0n && (control & DEBUGCTL_BTF) === 0n ? SINGLE_STEP : 0n;
      const isBound = isHalted || block !== 0n;
      return {
        [Field.guestRflags]: rflags,
        [Field.guestInterruptibility]: block | nmi | (block === BY_MOV_SS ? 0n : enclave),
        [Field.guestActivity]: isHalted ? HALTED : 0n,
        [Field.guestPendingDebug]: isBound ? (pending & ~SINGLE_STEP) | steps : pending,
        [Field.guestDebugControl]: control,
        [Field.guestDr7]: dr7,
      };
    });
}

/** What a guest in this mode, whose entry controls are `entryControls` otherwise, may have in the VMCS. */
export function guestStates(mode: Mode, entryControls: bigint): fc.Arbitrary<Fields> {
  const level = mode === 'real' ? fc.constant(0n) : mode === 'virtual8086' ? fc.constant(3n) : fc.bigInt(0n, 3n);
  return level.chain((privilege) =>
    fc
      .record({
        parts: fc.tuple(
          segmentsOf(mode, privilege),
          systemSegmentsOf(mode),
          controlRegistersOf(mode),
          tables,
          pageDirectories,
          executionOf(mode, privilege),
        ),
        rip: instructionPointerOf(mode),
        rsp: word64,
        efer: bits(EFER_FREE),
      })
      .map(({ parts, rip, rsp, efer }) => ({
        ...(Object.assign({}, ...parts) as Fields),
        [Field.guestRip]: rip,
        [Field.guestRsp]: rsp,
        [Field.guestEfer]: efer | (isLong(mode) ? EFER_LONG : 0n),
        [Field.entryControls]: isLong(mode) ? entryControls | ENTERS_LONG_MODE : entryControls & ~ENTERS_LONG_MODE,
      })),
  );
}
