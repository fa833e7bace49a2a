/**
 * Emulates hardware task switches, which always cause a VM exit (SDM 3C 25.4.2), as SDM 3A 7.3 describes them. All
 * memory that the switch reads or writes is located before anything changes, so that a page fault happens in the old
 * task.
 */
import {
  addSat32,
  at,
  local,
  readDr6,
  requires,
  struct,
  u32,
  u64,
  U64,
  writeCr2,
  writeDr6,
  type Ref,
} from '../../../transpiler/lib/index.js';
import { Paging } from '../../space/guestPaging.js';
import { findRange, GuestRange, writeRange } from '../../space/guestRange.js';
import type { Registers, Vcpu } from '../../vcpu/vcpu.js';
import {
  clearTypeBits,
  Descriptor,
  findDescriptor,
  IS_PRESENT,
  readDescriptor,
  Search,
  setSegmentRegister,
  setTypeBits,
  TABLE_IS_LOCAL,
  TYPE_AND_KIND,
} from './descriptor.js';
import { deliverFault } from './faultDelivery.js';
import { Exception, injectException } from '../control/inject.js';
import { vmread, vmwrite } from '../control/operations.js';
import { readPaging } from '../control/guestCode.js';
import { loadPaeEntries } from '../control/paeEntries.js';
import { CR0_PG, CR4_PAE } from '../../x86/registers.js';
import { Fault, loadSegments, loadSegments8086, raise, raisePageFault, showSelectors } from './taskSegments.js';
import {
  asksForDebugTrap,
  findLoadedFields,
  findSavedFields,
  isWide,
  loadRegisters,
  readSelectors,
  saveState,
  stateBytes,
  stateCr3,
  stateFlags,
  Task,
} from './taskState.js';
import { Activity, Field, GUEST_BASE, GUEST_LIMIT, GUEST_RIGHTS, GUEST_SELECTOR, Segment } from '../control/vmcs.js';
import { flushGuest } from '../control/vpid.js';

/** Exit qualification of a task switch (SDM 3C, table 27-2). */
const Source = { call: 0n, iret: 1n, jump: 2n, gate: 3n } as const;
const SOURCE_SHIFT = 30n;

/** IDT-vectoring information (SDM 3C, table 24-17). */
const TYPE_SHIFT = 8n;
const NMI = 2n;
/** First type of event that an instruction raises. */
const FIRST_SOFTWARE_TYPE = 4n;
const HAS_ERROR_CODE = 1n << 11n;
const EXTERNAL = 1;

/** Bits of a TSS descriptor's type: busy (the task runs, or waits for one that it called), and 32 bits. */
const IS_BUSY = 1 << 1;
const HAS_32_BITS = 1 << 3;
/** Types of a 16-bit TSS that can be called, and of one that can be returned to. */
const AVAILABLE_TASK = 1;
const BUSY_TASK = 3;

const FLAGS_NESTED = 1n << 14n;
const FLAGS_VIRTUAL_8086 = 1n << 17n;
/** Defined bits of RFLAGS, and the bit that is always set (SDM 3C 26.3.1.4). */
const FLAGS_DEFINED = 0x003f_7fd5n;
const FLAGS_ONE = 2n;
const CR0_TS = 1n << 3n;
/** L0 to L3 and LE of DR7, which belong to the task (SDM 3B 17.2.4). */
const DR7_LOCAL = 0x155n;
const DR6_TASK_SWITCH = 1n << 15n;
/** Access rights of a stack segment. */
const EXPANDS_DOWN = 1 << 2;
const STACK_HAS_32_BITS = 1 << 14;
/** Interruptibility state (SDM 3C, table 24-3). */
const SHADOWS = 3n;
const NMI_BLOCKED = 1n << 3n;

/** The state of a called task begins with the caller's selector. */
const LINK_BYTES = 2;

const Switch = struct(
  'TaskSwitch',
  { size: 344 },
  {
    source: at(0, U64),
    /** The event that came through a task gate. */
    event: at(8, U64),
    paging: at(16, Paging),
    fault: at(48, Fault),
    old: at(72, Task),
    next: at(208, Task),
  },
);
type Switch = Ref<typeof Switch>;

/** Switches to another task, or raises a fault of the switch in the old or the new task. */
export function onTaskSwitch(vcpu: Vcpu): void {
  const change = local(Switch);
  readRequest(change);
  if (findTasks(change)) {
    leaveTask(change, vcpu.registers);
    enterTask(change, vcpu.registers);
  }
  finish(change, vcpu);
}

function readRequest(change: Switch): void {
  const qualification = vmread(Field.exitQualification);
  change.source = (qualification >> SOURCE_SHIFT) & 3n;
  change.next.selector = u32(qualification) & 0xffff;
  change.old.selector = u32(vmread(GUEST_SELECTOR + 2 * Segment.tr)) & 0xffff;
  if (change.source === Source.gate) {
    change.event = vmread(Field.idtVectoringInformation);
    if (!isFromInstruction(change)) change.fault.external = EXTERNAL;
  }
  readPaging(change.paging);
}

/**
 * Whether an instruction caused the switch: CALL, JMP, IRET, or INT n and the like. The old task then continues after
 * the instruction.
 */
function isFromInstruction(change: Switch): boolean {
  return change.source !== Source.gate || eventType(change) >= FIRST_SOFTWARE_TYPE;
}

function eventType(change: Switch): u64 {
  return (change.event >> TYPE_SHIFT) & 7n;
}

/**
 * Finds all memory that the switch reads and writes, before anything changes. A TSS must be in the global table, or TR
 * could not be loaded (SDM 3C 26.3.1.2); the processor has checked that before the exit, too.
 */
function findTasks(change: Switch): boolean {
  const old = change.old;
  const next = change.next;
  if ((next.selector & TABLE_IS_LOCAL) !== 0) return raise(change.fault, wrongTask(change), next.selector & 0xfffc);
  if (!findTaskDescriptor(change, next, false) || !findTaskDescriptor(change, old, false)) return false;
  const descriptor = local(Descriptor);
  readDescriptor(descriptor, next.descriptor);
  next.base = descriptor.base;
  next.limit = descriptor.limit;
  next.rights = descriptor.rights;
  if (!canBeEntered(change)) return false;
  old.base = u32(vmread(GUEST_BASE + 2 * Segment.tr));
  old.limit = u32(vmread(GUEST_LIMIT + 2 * Segment.tr));
  old.rights = u32(vmread(GUEST_RIGHTS + 2 * Segment.tr));
  return findNextState(change) && findOldState(change) && findBusyBits(change);
}

function findTaskDescriptor(change: Switch, task: Task, isWrite: boolean): boolean {
  const search = findDescriptor(task.descriptor, change.paging, task.selector, isWrite);
  if (search === Search.outside) return raise(change.fault, wrongTask(change), task.selector & 0xfffc);
  return search === Search.found || raisePageFault(change.fault, task.descriptor);
}

/** The exception for a descriptor of the wrong kind (SDM 3A, table 7-1). */
function wrongTask(change: Switch): u64 {
  return change.source === Source.iret ? Exception.invalidTss : Exception.generalProtection;
}

/**
 * Does steps 4 to 6 of SDM 3A 7.3. The processor has done them before the exit, but perhaps with another descriptor:
 * one from a stale TLB entry, or one that another processor has changed since.
 */
function canBeEntered(change: Switch): boolean {
  const selector = change.next.selector & 0xfffc;
  const rights = change.next.rights;
  const type: u32 = change.source === Source.iret ? BUSY_TASK : AVAILABLE_TASK;
  if (u32(rights & TYPE_AND_KIND & ~HAS_32_BITS) !== type) return raise(change.fault, wrongTask(change), selector);
  return u32(rights & IS_PRESENT) !== 0 || raise(change.fault, Exception.segmentNotPresent, selector);
}

/** Finds the new task's state, and for writing its first word, in which a called task has its caller. */
function findNextState(change: Switch): boolean {
  const next = change.next;
  const paging = change.paging;
  const fault = change.fault;
  if (!hasWholeState(next, fault)) return false;
  if (!findRange(next.state, paging, next.base, stateBytes(next.width), false))
    return raisePageFault(fault, next.state);
  if (!findLoadedFields(next, paging)) return raisePageFault(fault, next.fields);
  const link = local(GuestRange);
  return !isNested(change) || findRange(link, paging, next.base, LINK_BYTES, true) || raisePageFault(fault, link);
}

function findOldState(change: Switch): boolean {
  const old = change.old;
  if (!hasWholeState(old, change.fault)) return false;
  return findSavedFields(old, change.paging) || raisePageFault(change.fault, old.fields);
}

function hasWholeState(task: Task, fault: Fault): boolean {
  task.width = (task.rights & HAS_32_BITS) === 0 ? 2 : 4;
  if (task.limit >= stateBytes(task.width) - 1) return true;
  return raise(fault, Exception.invalidTss, task.selector & 0xfffc);
}

/**
 * Finds the descriptors whose busy bit changes: JMP and IRET clear that of the old task, all but IRET set that of the
 * new one.
 */
function findBusyBits(change: Switch): boolean {
  if (endsOldTask(change) && !findTaskDescriptor(change, change.old, true)) return false;
  return change.source === Source.iret || findTaskDescriptor(change, change.next, true);
}

function endsOldTask(change: Switch): boolean {
  return change.source === Source.jump || change.source === Source.iret;
}

/** Does steps 7 to 11 of SDM 3A 7.3. The first word of a called task's state gets the caller's selector. */
function leaveTask(change: Switch, registers: Registers): void {
  const source = change.source;
  const old = change.old;
  const next = change.next;
  const flags = vmread(Field.guestRflags);
  const length = isFromInstruction(change) ? vmread(Field.instructionLength) : 0n;
  if (endsOldTask(change)) clearTypeBits(old.descriptor, IS_BUSY);
  saveState(
    old,
    registers,
    u64(vmread(Field.guestRip) + length),
    source === Source.iret ? flags & u64(~FLAGS_NESTED) : flags,
  );
  if (isNested(change)) writeRange(next.state, 0, LINK_BYTES, old.selector);
  if (source !== Source.iret) setTypeBits(next.descriptor, IS_BUSY);
}

/** Whether the new task returns to the old one: after CALL and through task gates. */
function isNested(change: Switch): boolean {
  return change.source === Source.call || change.source === Source.gate;
}

/** Does steps 12 to 14 of SDM 3A 7.3. From here on faults happen in the new task. */
function enterTask(change: Switch, registers: Registers): void {
  const next = change.next;
  const fault = change.fault;
  const nested = isNested(change) ? FLAGS_NESTED : 0n;
  const flags = (stateFlags(next) & FLAGS_DEFINED) | FLAGS_ONE | nested;
  loadTaskRegister(next);
  vmwrite(Field.guestCr0, vmread(Field.guestCr0) | CR0_TS);
  vmwrite(Field.guestDr7, vmread(Field.guestDr7) & u64(~DR7_LOCAL));
  vmwrite(Field.guestRflags, flags & u64(~FLAGS_VIRTUAL_8086));
  loadRegisters(next, registers);
  readSelectors(next);
  showSelectors(next);
  if (isWide(next) && !loadPageTables(change.paging, stateCr3(next))) raise(fault, Exception.generalProtection, 0);
  else if ((flags & FLAGS_VIRTUAL_8086) !== 0n) enterVirtual8086(next, flags);
  else loadSegments(next, change.paging, fault);
  blockNmis(change);
}

function enterVirtual8086(task: Task, flags: u64): void {
  vmwrite(Field.guestRflags, flags);
  loadSegments8086(task);
}

function loadTaskRegister(task: Task): void {
  const descriptor = local(Descriptor);
  descriptor.base = task.base;
  descriptor.limit = task.limit;
  descriptor.rights = u32(task.rights | IS_BUSY);
  setSegmentRegister(Segment.tr, task.selector, descriptor);
}

/** Loads CR3 if paging is on. Returns false if it is invalid: with PAE the four PDPTEs are loaded too. */
function loadPageTables(paging: Paging, cr3: u64): boolean {
  if ((paging.cr0 & CR0_PG) === 0n) return true;
  if ((paging.cr4 & CR4_PAE) !== 0n && !loadPaeEntries(cr3)) return false;
  vmwrite(Field.guestCr3, cr3);
  paging.cr3 = cr3;
  flushGuest();
  return true;
}

/**
 * Updates NMI blocking: IRET ends it, an NMI begins it. Also ends blocking by STI and MOV SS, since the instruction is
 * complete.
 */
function blockNmis(change: Switch): void {
  const state = vmread(Field.guestInterruptibility) & u64(~SHADOWS);
  if (change.source === Source.iret) vmwrite(Field.guestInterruptibility, state & u64(~NMI_BLOCKED));
  else if (change.source === Source.gate && eventType(change) === NMI)
    vmwrite(Field.guestInterruptibility, state | NMI_BLOCKED);
  else vmwrite(Field.guestInterruptibility, state);
}

/**
 * Finishes a switch that is done or has failed: pushes an error code, and raises exceptions. The event at a task gate
 * has woken a halted processor.
 */
function finish(change: Switch, vcpu: Vcpu): void {
  const fault = change.fault;
  vmwrite(Field.guestActivity, Activity.active);
  if (fault.vector === 0n && (change.event & HAS_ERROR_CODE) !== 0n) pushErrorCode(change);
  if (fault.vector !== 0n) {
    if (fault.vector === Exception.pageFault) writeCr2(fault.address);
    deliverFault(vcpu, change.event, fault.vector, fault.code);
  } else if (asksForDebugTrap(change.next)) {
    writeDr6(readDr6() | DR6_TASK_SWITCH);
    injectException(Exception.debug);
  }
}

/** Pushes the error code of an exception that came through a task gate on the new task's stack. */
function pushErrorCode(change: Switch): void {
  const width: u32 = isWide(change.next) ? 4 : 2;
  const rights = u32(vmread(GUEST_RIGHTS + 2 * Segment.ss));
  const mask: u32 = (rights & STACK_HAS_32_BITS) === 0 ? 0xffff : 0xffff_ffff;
  const pointer = u32(vmread(Field.guestRsp));
  const top = u32(u32(pointer - width) & mask);
  const place = local(GuestRange);
  if (!isOnStack(top, width, rights, mask)) {
    raise(change.fault, Exception.stackFault, 0);
    return;
  }
  if (!findRange(place, change.paging, u32(u32(vmread(GUEST_BASE + 2 * Segment.ss)) + top), width, true)) {
    raisePageFault(change.fault, place);
    return;
  }
  writeRange(place, 0, width, u32(vmread(Field.idtVectoringErrorCode)));
  vmwrite(Field.guestRsp, u64(u32((pointer & ~mask) | top)));
}

/** Whether `width` bytes at `top` lie in the stack segment. One that expands down starts above its limit. */
function isOnStack(top: u32, width: u32, rights: u32, mask: u32): boolean {
  requires(width >= 2 && width <= 4);
  const limit = u32(vmread(GUEST_LIMIT + 2 * Segment.ss));
  const last = addSat32(top, width - 1);
  return (rights & EXPANDS_DOWN) === 0 ? last <= limit : top > limit && last <= mask;
}
