/**
 * Emulates the guest's writes to MTRRs. The processor's MTRRs also apply to the hypervisor's memory: its code, and the
 * control pages, which the processor may cache internally only if they are write-back (APM 2, 15.5.1; SDM 3C 24.2). So
 * a write does not reach the register if hidden memory would no longer be write-back, or the local APIC's page would
 * become cached; the guest then reads back what it wrote. Raising #GP is not possible: Linux clears MTRR_DEF_TYPE.E on
 * each processor for a moment while it sets the other registers (SDM 3A 11.11.8).
 *
 * One processor at a time checks and does a write, because the threads of a core may share MTRRs: two writes, each
 * harmless according to the registers that its processor has read, could be harmful together.
 *
 * The guest's own memory then keeps its old types. On VT-x MTRRs do not apply to it at all. On AMD-V it stays cached
 * while the guest, with CR0.CD set and its caches written back, expects it to be uncached; that is still coherent.
 */
import {
  at,
  ensures,
  hpa,
  instance,
  local,
  rdmsr,
  struct,
  tryRdmsr,
  tryWrmsr,
  u32,
  u64,
  wrmsr,
} from '../../transpiler/lib/index.js';
import { apicPage } from '../machine/localApic.js';
import {
  FIRST_VARIABLE_BASE,
  isUniformIn,
  MemoryType,
  memoryTypeAt,
  memoryTypeIn,
  MTRR_DEFAULT_TYPE,
  MtrrChange,
  Mtrrs,
  readMtrrsWith,
} from '../paging/mtrr.js';
import { MTRR_REGISTERS, type MtrrShadow } from '../vcpu/mtrrShadow.js';
import { releaseLock, SpinLock, takeLock } from '../x86/spinLock.js';
import { hiddenBytes, hiddenStart } from './nestedPaging.js';

const VARIABLE_REGISTERS = 64;
const FIXED_64K = 0x250;
const FIXED_16K = 0x258;
const FIXED_4K = 0x268;

const Writes = struct('MtrrWrites', { size: 4 }, { lock: at(0, SpinLock) });
const writes = instance(Writes);

const CHUNK_BYTES = 0x20_0000n;
/** Reserved bits of MTRR_DEF_TYPE, of a variable range's base and of its mask (SDM 3A 11.11.2). */
const DEFAULT_RESERVED = 0xffff_ffff_ffff_f300n;
const BASE_RESERVED = 0xf00n;
const MASK_RESERVED = 0x7ffn;
const TYPE = 0xffn;
/** RdMem and WrMem, which AMD's fixed ranges have above each type: whether accesses go to memory (APM 2, 7.9.1). */
const ROUTING = 0x1818_1818_1818_1818n;
/** SYSCFG.MtrrFixDramModEn. While it is clear, RdMem and WrMem are reserved. */
const SYSTEM_CONFIGURATION = 0xc001_0010;
const ROUTING_CHANGES = 1n << 19n;

/** The value that the guest reads from the MTRR `number` of this processor. */
export function guestMtrr(shadow: MtrrShadow, number: u32): u64 {
  const index = indexOf(number);
  if (shadow.isShadowed.get(index)) return shadow.values.get(index);
  const seen = tryRdmsr(number);
  return seen.value;
}

/** Whether the guest's value of the MTRR `number` did not reach the register. */
export function isShadowed(shadow: MtrrShadow, number: u32): boolean {
  return shadow.isShadowed.get(indexOf(number));
}

/** Writes `value` to the MTRR `number` of this processor for the guest. Returns false if that raises #GP. */
export function writeMtrr(shadow: MtrrShadow, number: u32, value: u64): boolean {
  takeLock(writes.lock);
  const isDone = writeLocked(shadow, number, value);
  releaseLock(writes.lock);
  return isDone;
}

function writeLocked(shadow: MtrrShadow, number: u32, value: u64): boolean {
  const present = tryRdmsr(number);
  if (present.faulted || !isWellFormed(number, value, present.value)) return false;
  if (value === present.value) {
    forget(shadow, number);
    return true;
  }
  if (isFixed(number) && !keepsRouting(value, present.value)) {
    keep(shadow, number, value);
    return true;
  }
  if (isVariable(number) && isShadowed(shadow, number ^ 1)) return writePair(shadow, number, value);
  return writeOne(shadow, number, value);
}

function writeOne(shadow: MtrrShadow, number: u32, value: u64): boolean {
  const change = local(MtrrChange);
  change.first = number;
  change.firstValue = value;
  if (!keepsTypes(change)) {
    keep(shadow, number, value);
    return true;
  }
  if (!tryWrmsr(number, value)) return false;
  forget(shadow, number);
  return true;
}

/**
 * Writes one register of a range whose other register is shadowed. Both registers get the guest's values, or neither
 * does. The range is disabled in between.
 */
function writePair(shadow: MtrrShadow, number: u32, value: u64): boolean {
  const baseNumber = u32(number & ~1);
  const maskNumber = u32(number | 1);
  const off = local(MtrrChange);
  off.first = maskNumber;
  const both = local(MtrrChange);
  both.first = baseNumber;
  both.firstValue = number === baseNumber ? value : guestMtrr(shadow, baseNumber);
  both.second = maskNumber;
  both.secondValue = number === maskNumber ? value : guestMtrr(shadow, maskNumber);
  if (!keepsTypes(off) || !keepsTypes(both)) {
    keep(shadow, number, value);
    return true;
  }
  if (!setRange(both)) return false;
  forget(shadow, baseNumber);
  forget(shadow, maskNumber);
  return true;
}

/** Sets both registers of a range. Returns false, with the range unchanged, if the processor rejects a value. */
function setRange(both: MtrrChange): boolean {
  const base = rdmsr(both.first);
  const mask = rdmsr(both.second);
  wrmsr(both.second, 0n);
  if (tryWrmsr(both.first, both.firstValue) && tryWrmsr(both.second, both.secondValue)) return true;
  wrmsr(both.first, base);
  wrmsr(both.second, mask);
  return false;
}

/**
 * Whether with `change` hidden memory is write-back, and the local APIC's page uncached if the firmware made it so. A
 * chunk of 2 MiB with more than one type counts as not write-back.
 */
function keepsTypes(change: MtrrChange): boolean {
  const mtrrs = local(Mtrrs);
  readMtrrsWith(mtrrs, change);
  const start = hiddenStart();
  const bytes = hiddenBytes();
  for (let offset: u64 = 0n; offset < bytes; offset = u64(offset + CHUNK_BYTES)) {
    const chunk = hpa(u64(start + offset));
    const isKept = isUniformIn(mtrrs, chunk, CHUNK_BYTES) && memoryTypeIn(mtrrs, chunk) === MemoryType.writeBack;
    if (!isKept) return false;
  }
  const page = apicPage();
  return memoryTypeAt(page) !== MemoryType.uncached || memoryTypeIn(mtrrs, page) === MemoryType.uncached;
}

function keep(shadow: MtrrShadow, number: u32, value: u64): void {
  const index = indexOf(number);
  shadow.values.set(index, value);
  shadow.isShadowed.set(index, true);
}

function forget(shadow: MtrrShadow, number: u32): void {
  shadow.isShadowed.set(indexOf(number), false);
}

/** Whether the processor would accept `value`. A shadowed write is not tried on the processor. */
function isWellFormed(number: u32, value: u64, present: u64): boolean {
  if (isFixed(number)) return areTypes(value & u64(~ROUTING)) && (keepsRouting(value, present) || mayChangeRouting());
  if (!isVariable(number)) return (value & DEFAULT_RESERVED) === 0n && isType(value & TYPE);
  return (number & 1) !== 0 ? (value & MASK_RESERVED) === 0n : (value & BASE_RESERVED) === 0n && isType(value & TYPE);
}

function keepsRouting(value: u64, present: u64): boolean {
  return ((value ^ present) & ROUTING) === 0n;
}

function mayChangeRouting(): boolean {
  const configuration = tryRdmsr(SYSTEM_CONFIGURATION);
  return (configuration.value & ROUTING_CHANGES) !== 0n;
}

function areTypes(value: u64): boolean {
  for (let shift: u64 = 0n; shift < 64n; shift += 8n) {
    if (!isType((value >> shift) & TYPE)) return false;
  }
  return true;
}

/** Whether `type` is defined: 2, 3 and those above 6 are reserved. */
function isType(type: u64): boolean {
  return type <= u64(MemoryType.writeBack) && type !== 2n && type !== 3n;
}

function isVariable(number: u32): boolean {
  return number >= FIRST_VARIABLE_BASE && number < FIRST_VARIABLE_BASE + VARIABLE_REGISTERS;
}

function isFixed(number: u32): boolean {
  return !isVariable(number) && number !== MTRR_DEFAULT_TYPE;
}

/** The index of the MTRR `number` in the shadow. */
function indexOf(number: u32): u32 {
  let index: u32 = MTRR_REGISTERS - 1;
  if (isVariable(number)) index = number - FIRST_VARIABLE_BASE;
  else if (number === FIXED_64K) index = VARIABLE_REGISTERS;
  else if (number === FIXED_16K || number === FIXED_16K + 1) index = VARIABLE_REGISTERS + 1 + (number - FIXED_16K);
  else if (number >= FIXED_4K && number < FIXED_4K + 8) index = VARIABLE_REGISTERS + 3 + (number - FIXED_4K);
  ensures(index < MTRR_REGISTERS);
  return index;
}
