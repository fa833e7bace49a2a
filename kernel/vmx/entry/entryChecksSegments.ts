/** Rules for the guest's segment registers (SDM 3C 26.3.1.2). */
import { requires, u64, type u32 } from '../../../transpiler/lib/index.js';
import { has, rule } from '../../report/entryRules.js';
import { isCanonical } from './entryCheck.js';
import { isUnrestrictedGuest } from './entryChecksControls.js';
import { isLongModeGuest, isVirtual8086 } from './entryChecksGuest.js';
import { vmread } from '../control/operations.js';
import { CR0_PE } from '../../x86/registers.js';
import { UNUSABLE } from '../../vcpu/state.js';
import { Field, GUEST_BASE, GUEST_LIMIT, GUEST_RIGHTS, GUEST_SELECTOR, Segment } from '../control/vmcs.js';

const SELECTOR_PRIVILEGE = 3n;
const SELECTOR_LOCAL = 1n << 2n;

// Access rights (table 24-2).
const TYPE = 0xfn;
const ACCESSED = 1n << 0n;
const READABLE = 1n << 1n;
const EXPANDS_OR_CONFORMS = 1n << 2n;
const CODE = 1n << 3n;
const NOT_SYSTEM = 1n << 4n;
const PRIVILEGE_SHIFT = 5n;
const PRESENT = 1n << 7n;
const CODE_IS_64_BIT = 1n << 13n;
const CODE_IS_32_BIT = 1n << 14n;
const IN_PAGES = 1n << 15n;
const RESERVED = 0xfffe_0f00n;
const NO_SEGMENT = u64(UNUSABLE);

const DATA_ACCESSED = 3n;
const DATA_DOWN_ACCESSED = 7n;
const CODE_ACCESSED = 9n;
const LDT = 2n;
const TASK_16_BUSY = 3n;
const TASK_32_BUSY = 11n;
const CONFORMING = 12n;

/** A segment in virtual-8086 mode: accessed, present data of privilege level 3; 64 KiB at 16 times the selector. */
const VIRTUAL_8086_RIGHTS = 0xf3n;
const VIRTUAL_8086_LIMIT = 0xffffn;

/** With a limit in pages its low 12 bits are ones; with one in bytes its high 12 bits are zeros. */
const LIMIT_LOW = 0xfffn;
const LIMIT_HIGH = 0xfff0_0000n;

export function checkSegments(): void {
  checkSelectors();
  checkBases();
  if (isVirtual8086()) {
    for (let segment: u32 = Segment.es; segment <= Segment.gs; segment++) checkVirtual8086(segment);
  } else {
    checkCode();
    checkStack();
    checkData(Segment.ds);
    checkData(Segment.es);
    checkData(Segment.fs);
    checkData(Segment.gs);
  }
  checkTask();
  if (isUsable(Segment.ldtr)) checkLocalTable();
}

function selector(segment: u32): u64 {
  requires(segment <= Segment.tr);
  return vmread(GUEST_SELECTOR + 2 * segment);
}

function base(segment: u32): u64 {
  requires(segment <= Segment.tr);
  return vmread(GUEST_BASE + 2 * segment);
}

function limit(segment: u32): u64 {
  requires(segment <= Segment.tr);
  return vmread(GUEST_LIMIT + 2 * segment);
}

function rights(segment: u32): u64 {
  requires(segment <= Segment.tr);
  return vmread(GUEST_RIGHTS + 2 * segment);
}

function isUsable(segment: u32): boolean {
  requires(segment <= Segment.tr);
  return !has(rights(segment), NO_SEGMENT);
}

/** The privilege level of the segment's descriptor. */
function privilege(segment: u32): u64 {
  requires(segment <= Segment.tr);
  return (rights(segment) >> PRIVILEGE_SHIFT) & 3n;
}

function requestedPrivilege(segment: u32): u64 {
  requires(segment <= Segment.tr);
  return selector(segment) & SELECTOR_PRIVILEGE;
}

function checkSelectors(): void {
  rule(!has(selector(Segment.tr), SELECTOR_LOCAL), 'a guest TR selector of the global table');
  if (isUsable(Segment.ldtr)) {
    rule(!has(selector(Segment.ldtr), SELECTOR_LOCAL), 'a guest LDTR selector of the global table');
  }
  if (isVirtual8086() || isUnrestrictedGuest()) return;
  rule(requestedPrivilege(Segment.ss) === requestedPrivilege(Segment.cs), 'equal RPL of guest SS and CS');
}

function checkBases(): void {
  rule(isCanonical(base(Segment.tr)), 'a canonical guest TR base');
  rule(isCanonical(base(Segment.fs)), 'a canonical guest FS base');
  rule(isCanonical(base(Segment.gs)), 'a canonical guest GS base');
  if (isUsable(Segment.ldtr)) rule(isCanonical(base(Segment.ldtr)), 'a canonical guest LDTR base');
  rule(base(Segment.cs) >> 32n === 0n, 'a guest CS base with bits 63:32 clear');
  checkShortBase(Segment.ss);
  checkShortBase(Segment.ds);
  checkShortBase(Segment.es);
}

function checkShortBase(segment: u32): void {
  requires(segment <= Segment.tr);
  if (!isUsable(segment)) return;
  rule(base(segment) >> 32n === 0n, 'guest SS, DS and ES bases with bits 63:32 clear');
}

function checkVirtual8086(segment: u32): void {
  requires(segment <= Segment.gs);
  rule(base(segment) === (selector(segment) & 0xffffn) << 4n, 'virtual-8086 segments at 16 times their selectors');
  rule(limit(segment) === VIRTUAL_8086_LIMIT, 'virtual-8086 segments of 64 KiB');
  rule(rights(segment) === VIRTUAL_8086_RIGHTS, 'virtual-8086 segments with access rights F3H');
}

function checkCode(): void {
  const value = rights(Segment.cs);
  const type = value & TYPE;
  const isData = type === DATA_ACCESSED && isUnrestrictedGuest();
  rule(isData || (type >= CODE_ACCESSED && has(type, ACCESSED)), 'guest CS of an accessed code type');
  rule(has(value, NOT_SYSTEM) && !has(value, NO_SEGMENT), 'a guest CS that is a usable code segment');
  if (isData) rule(privilege(Segment.cs) === 0n, 'guest CS.DPL 0 for a CS of data type');
  else if (type > CONFORMING) rule(privilege(Segment.cs) <= privilege(Segment.ss), 'conforming CS.DPL up to SS.DPL');
  else rule(privilege(Segment.cs) === privilege(Segment.ss), 'guest CS.DPL equal to SS.DPL');
  const is64Bit = isLongModeGuest() && has(value, CODE_IS_64_BIT);
  rule(!is64Bit || !has(value, CODE_IS_32_BIT), 'guest CS.D clear in 64-bit code');
  checkPresent(Segment.cs, 'guest CS present, with no reserved bit');
  checkGranularity(Segment.cs, 'guest CS.G as its limit needs it');
}

function checkStack(): void {
  checkStackPrivilege();
  if (!isUsable(Segment.ss)) return;
  const value = rights(Segment.ss);
  const type = value & TYPE;
  rule(type === DATA_ACCESSED || type === DATA_DOWN_ACCESSED, 'guest SS of an accessed, writable data type');
  rule(has(value, NOT_SYSTEM), 'guest SS a data segment');
  checkPresent(Segment.ss, 'guest SS present, with no reserved bit');
  checkGranularity(Segment.ss, 'guest SS.G as its limit needs it');
}

function checkStackPrivilege(): void {
  const level = privilege(Segment.ss);
  const isReal = !has(vmread(Field.guestCr0), CR0_PE);
  const hasDataCode = (rights(Segment.cs) & TYPE) === DATA_ACCESSED;
  if (!isUnrestrictedGuest()) rule(level === requestedPrivilege(Segment.ss), 'guest SS.DPL equal to its RPL');
  if (isReal || hasDataCode) rule(level === 0n, 'guest SS.DPL 0 in real mode and with a CS of data type');
}

function checkData(segment: u32): void {
  requires(segment <= Segment.tr);
  if (!isUsable(segment)) return;
  const value = rights(segment);
  rule(has(value, ACCESSED), 'guest DS, ES, FS and GS accessed');
  rule(!has(value, CODE) || has(value, READABLE), 'guest DS, ES, FS and GS readable');
  rule(has(value, NOT_SYSTEM), 'guest DS, ES, FS and GS code or data segments');
  const conforms = has(value, CODE) && has(value, EXPANDS_OR_CONFORMS);
  if (!isUnrestrictedGuest() && !conforms) {
    rule(privilege(segment) >= requestedPrivilege(segment), 'guest DS, ES, FS and GS with DPL from RPL on');
  }
  checkPresent(segment, 'guest DS, ES, FS and GS present, with no reserved bit');
  checkGranularity(segment, 'G of guest DS, ES, FS and GS as their limits need it');
}

function checkTask(): void {
  const value = rights(Segment.tr);
  const type = value & TYPE;
  rule(type === TASK_32_BUSY || (type === TASK_16_BUSY && !isLongModeGuest()), 'guest TR of a busy TSS type');
  rule(!has(value, NOT_SYSTEM) && !has(value, NO_SEGMENT), 'a guest TR that is a usable system segment');
  checkPresent(Segment.tr, 'guest TR present, with no reserved bit');
  checkGranularity(Segment.tr, 'guest TR.G as its limit needs it');
}

function checkLocalTable(): void {
  const value = rights(Segment.ldtr);
  rule((value & TYPE) === LDT && !has(value, NOT_SYSTEM), 'guest LDTR of the LDT type');
  checkPresent(Segment.ldtr, 'guest LDTR present, with no reserved bit');
  checkGranularity(Segment.ldtr, 'guest LDTR.G as its limit needs it');
}

function checkPresent(segment: u32, text: string): void {
  requires(segment <= Segment.tr);
  rule(has(rights(segment), PRESENT) && !has(rights(segment), RESERVED), text);
}

function checkGranularity(segment: u32, text: string): void {
  requires(segment <= Segment.tr);
  const inPages = has(rights(segment), IN_PAGES);
  const size = limit(segment);
  rule(inPages ? (size & LIMIT_LOW) === LIMIT_LOW : !has(size, LIMIT_HIGH), text);
}
