/** Memory type range registers (SDM 3A, 11.11; APM 2, 7.7): they set how memory is cached. */
import {
  arr,
  at,
  BOOL,
  instance,
  invariant,
  list,
  local,
  min32,
  rdmsr,
  readCr3,
  requires,
  struct,
  tryRdmsr,
  U32,
  u32,
  U64,
  u64,
  U8,
  u8,
  wbinvd,
  writeCr3,
  wrmsr,
  type Hpa,
  type Ref,
} from '../../transpiler/lib/index.js';
import { FOUR_GIB, PAGE_BYTES } from '../x86/pages.js';

/** Memory types, with their numbers in MTRRs, PAT and EPT. */
export const MemoryType = { uncached: 0, writeCombining: 1, writeThrough: 4, writeProtected: 5, writeBack: 6 } as const;

const MTRR_CAPABILITIES = 0xfe;
export const MTRR_DEFAULT_TYPE = 0x2ff;
export const FIRST_VARIABLE_BASE = 0x200;
/** SYSCFG and TOP_MEM2, which AMD processors have (APM 2, 7.9). */
const SYSTEM_CONFIGURATION = 0xc001_0010;
const TOP_OF_MEMORY_2 = 0xc001_001d;

/** IA32_MTRR_DEF_TYPE: E and FE. */
const ENABLED = 1n << 11n;
const FIXED_ENABLED = 1n << 10n;
/** IA32_MTRRCAP: VCNT, FIX. */
const VARIABLE_COUNT_MASK = 0xffn;
const HAS_FIXED = 1n << 8n;
/** IA32_MTRR_PHYSMASKn: V. */
const VALID = 1n << 11n;
/** SYSCFG: MtrrTom2En, Tom2ForceMemTypeWB. */
const TOP_2_IS_WRITE_BACK = (1n << 21n) | (1n << 22n);
/** Mask of the type: AMD has RdMem and WrMem above it (APM 2, 7.9.1). */
const TYPE_MASK = 7n;

const FIXED_REGISTERS = list(U32, [0x250, 0x258, 0x259, 0x268, 0x269, 0x26a, 0x26b, 0x26c, 0x26d, 0x26e, 0x26f]);
const FIXED_REGISTER_COUNT = 11;
const MAX_VARIABLE = 32;

const FIXED_END = 0x10_0000n;
const ADDRESS_MASK = 0xf_ffff_ffff_f000n;
/** Page tables for the first MiB, which is mapped by 4 KiB pages. */
const FIRST_MIB_TABLES = 2;
/** Not a memory type: those are below 8. */
const NO_TYPE = 8;

const VariableRange = struct('VariableRange', { size: 24 }, { base: at(0, U64), mask: at(8, U64), type: at(16, U8) });

export const Mtrrs = struct(
  'Mtrrs',
  { size: 880 },
  {
    enabled: at(0, BOOL),
    fixedEnabled: at(1, BOOL),
    defaultType: at(2, U8),
    variableCount: at(4, U32),
    /** End of the write-back memory above 4 GiB that TOP_MEM2 sets; 4 GiB itself if it sets none. */
    writeBackEnd: at(8, U64),
    /** The types of the first MiB, one byte each, in the order of FIXED_REGISTERS. */
    fixed: at(16, arr(U64, FIXED_REGISTER_COUNT)),
    variable: at(104, arr(VariableRange, MAX_VARIABLE)),
  },
);
export type Mtrrs = Ref<typeof Mtrrs>;
/** The MTRRs of the BSP as the firmware set them. */
const firmware = instance(Mtrrs, { align: 8 });

/** Values for up to two registers, to find out what would follow before they are written. */
export const MtrrChange = struct(
  'MtrrChange',
  { size: 24 },
  { first: at(0, U32), second: at(4, U32), firstValue: at(8, U64), secondValue: at(16, U64) },
);
export type MtrrChange = Ref<typeof MtrrChange>;

/** Reads this processor's registers once. memoryTypeAt() and uniformType() refer to these values of the firmware. */
export function readMtrrs(): void {
  const none = local(MtrrChange);
  readMtrrsWith(firmware, none);
}

/**
 * Gives this processor the firmware's memory types of the BSP, since all processors must have the same (SDM 3A
 * 11.11.8). While the MTRRs are disabled all memory is uncached, so nothing is cached again after WBINVD.
 */
export function copyFirmwareMtrrs(): void {
  wrmsr(MTRR_DEFAULT_TYPE, 0n);
  wbinvd();
  const count = variableRegisters();
  for (let i: u32 = 0; i < count; i++) writeVariable(i);
  if (firmware.fixedEnabled) {
    for (let i: u32 = 0; i < FIXED_REGISTER_COUNT; i++) wrmsr(FIXED_REGISTERS.get(i), firmware.fixed.get(i));
  }
  const fixed: u64 = firmware.fixedEnabled ? FIXED_ENABLED : 0n;
  wrmsr(MTRR_DEFAULT_TYPE, (firmware.enabled ? ENABLED : 0n) | fixed | u64(firmware.defaultType));
  writeCr3(readCr3());
}

/** Writes a variable range. The valid ranges come first; the others are disabled. */
function writeVariable(index: u32): void {
  requires(index < MAX_VARIABLE);
  const range = firmware.variable.at(index);
  const isValid = index < firmware.variableCount;
  wrmsr(FIRST_VARIABLE_BASE + 2 * index, isValid ? range.base | u64(range.type) : 0n);
  wrmsr(FIRST_VARIABLE_BASE + 2 * index + 1, isValid ? range.mask | VALID : 0n);
}

/** Number of variable ranges of this processor, at most MAX_VARIABLE. */
function variableRegisters(): u32 {
  const capabilities = tryRdmsr(MTRR_CAPABILITIES);
  return min32(u32(capabilities.value & VARIABLE_COUNT_MASK), MAX_VARIABLE);
}

/** Reads this processor's registers into `mtrrs`, as if `change` had been written. */
export function readMtrrsWith(mtrrs: Mtrrs, change: MtrrChange): void {
  const defaults = registerWith(MTRR_DEFAULT_TYPE, change);
  mtrrs.enabled = (defaults & ENABLED) !== 0n;
  mtrrs.defaultType = u8(defaults & TYPE_MASK);
  mtrrs.writeBackEnd = readWriteBackEnd();
  const readCapabilities = tryRdmsr(MTRR_CAPABILITIES);
  const capabilities = readCapabilities.value;
  mtrrs.fixedEnabled = (defaults & FIXED_ENABLED) !== 0n && (capabilities & HAS_FIXED) !== 0n;
  if (mtrrs.fixedEnabled) readFixed(mtrrs, change);
  readVariable(mtrrs, variableRegisters(), change);
}

/** The value of a register as if `change` had been written; 0 if the processor lacks it. */
function registerWith(number: u32, change: MtrrChange): u64 {
  if (number === change.first) return change.firstValue;
  if (number === change.second) return change.secondValue;
  const seen = tryRdmsr(number);
  return seen.value;
}

function readWriteBackEnd(): u64 {
  const configuration = tryRdmsr(SYSTEM_CONFIGURATION);
  const forced = configuration.value & TOP_2_IS_WRITE_BACK;
  return forced === TOP_2_IS_WRITE_BACK ? rdmsr(TOP_OF_MEMORY_2) : FOUR_GIB;
}

function readFixed(mtrrs: Mtrrs, change: MtrrChange): void {
  for (let i: u32 = 0; i < FIXED_REGISTER_COUNT; i++) {
    mtrrs.fixed.set(i, registerWith(FIXED_REGISTERS.get(i), change));
  }
}

/** Stores the valid ones of the first `count` variable ranges. */
function readVariable(mtrrs: Mtrrs, count: u32, change: MtrrChange): void {
  requires(count <= MAX_VARIABLE);
  let kept: u32 = 0;
  for (let i: u32 = 0; i < count; i++) {
    invariant(kept <= i);
    const base = registerWith(FIRST_VARIABLE_BASE + 2 * i, change);
    const mask = registerWith(FIRST_VARIABLE_BASE + 2 * i + 1, change);
    if ((mask & VALID) !== 0n) {
      const range = mtrrs.variable.at(kept);
      range.base = base & ADDRESS_MASK;
      range.mask = mask & ADDRESS_MASK;
      range.type = u8(base & TYPE_MASK);
      kept += 1;
    }
  }
  mtrrs.variableCount = kept;
}

/** Most page tables that the ranges can require: each range has two ends, and each end splits pages of two sizes. */
export function splitTables(): u32 {
  return 4 * min32(firmware.variableCount, MAX_VARIABLE) + FIRST_MIB_TABLES;
}

/** The type of the page at `address` according to the firmware's MTRRs. */
export function memoryTypeAt(address: Hpa): u8 {
  return memoryTypeIn(firmware, address);
}

/** The type of the page at `address` according to `mtrrs`. */
export function memoryTypeIn(mtrrs: Mtrrs, address: Hpa): u8 {
  const byte = u64(address);
  if (!mtrrs.enabled) return MemoryType.uncached;
  if (mtrrs.fixedEnabled && byte < FIXED_END) return fixedType(mtrrs, u32(byte));
  return variableType(mtrrs, byte);
}

/** The type in the fixed ranges: of 64 KiB up to 80000h, of 16 KiB up to C0000h, then of 4 KiB. */
function fixedType(mtrrs: Mtrrs, address: u32): u8 {
  requires(address < 0x10_0000);
  if (address < 0x8_0000) return fixedTypeByNumber(mtrrs, address >> 16);
  if (address < 0xc_0000) return fixedTypeByNumber(mtrrs, 8 + ((address - 0x8_0000) >> 14));
  return fixedTypeByNumber(mtrrs, 24 + ((address - 0xc_0000) >> 12));
}

function fixedTypeByNumber(mtrrs: Mtrrs, number: u32): u8 {
  requires(number < 8 * FIXED_REGISTER_COUNT);
  const register = mtrrs.fixed.get(number >> 3);
  return u8((register >> (8n * u64(number & 7))) & TYPE_MASK);
}

/**
 * The type in the variable ranges. Where they overlap, uncached wins and write-through beats write-back; a combination
 * that the manual leaves undefined counts as uncached.
 */
function variableType(mtrrs: Mtrrs, address: u64): u8 {
  let type: u8 = NO_TYPE;
  const count = min32(mtrrs.variableCount, MAX_VARIABLE);
  for (let i: u32 = 0; i < count; i++) {
    const range = mtrrs.variable.at(i);
    if (((address ^ range.base) & range.mask) === 0n) type = combined(type, range.type);
  }
  if (type !== NO_TYPE) return type;
  return address >= FOUR_GIB && address < mtrrs.writeBackEnd ? MemoryType.writeBack : mtrrs.defaultType;
}

function combined(one: u8, other: u8): u8 {
  if (one === NO_TYPE || one === other) return other;
  const caches = isWriteBackOrThrough(one) && isWriteBackOrThrough(other);
  return caches ? MemoryType.writeThrough : MemoryType.uncached;
}

function isWriteBackOrThrough(type: u8): boolean {
  return type === MemoryType.writeBack || type === MemoryType.writeThrough;
}

/**
 * Whether the firmware's MTRRs give the whole page of `bytes` bytes at `start` one type, so that one entry may map it
 * (APM 2, 7.7.3). `bytes` is a power of two and `start` a multiple of it.
 */
export function uniformType(start: Hpa, bytes: u64): boolean {
  return isUniformIn(firmware, start, bytes);
}

/** Whether `mtrrs` give the whole page of `bytes` bytes at `start` one type. */
export function isUniformIn(mtrrs: Mtrrs, start: Hpa, bytes: u64): boolean {
  if (!mtrrs.enabled || bytes <= PAGE_BYTES) return true;
  const first = u64(start);
  if (mtrrs.fixedEnabled && first < FIXED_END) return false;
  const inside = u64(bytes - 1n);
  const end = mtrrs.writeBackEnd;
  if (first < end && end <= u64(first + inside) && end > FOUR_GIB) return false;
  const count = min32(mtrrs.variableCount, MAX_VARIABLE);
  for (let i: u32 = 0; i < count; i++) {
    const range = mtrrs.variable.at(i);
    const touches = ((first ^ range.base) & range.mask & u64(~inside)) === 0n;
    if (touches && (range.mask & inside) !== 0n) return false;
  }
  return true;
}
