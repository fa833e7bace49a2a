/**
 * The segment registers of the new task (SDM 3A 7.3, table 7-1). All selectors are set before the first segment is
 * checked, so that a fault happens in the new task; registers not loaded by then are unusable.
 */
import { at, local, requires, struct, u32, U32, U64, type Ref, type u64 } from '../../../transpiler/lib/index.js';
import type { Paging } from '../../space/guestPaging.js';
import { GuestRange } from '../../space/guestRange.js';
import {
  CAN_BE_READ,
  CAN_BE_WRITTEN,
  Descriptor,
  findDescriptor,
  IS_ACCESSED,
  IS_CODE,
  IS_CONFORMING,
  IS_MEMORY,
  IS_PRESENT,
  privilegeOf,
  readDescriptor,
  Search,
  setSegmentRegister,
  setTypeBits,
  PRIVILEGE_SHIFT,
  setUnusable,
  TABLE_IS_LOCAL,
  TYPE_AND_KIND,
} from './descriptor.js';
import { Exception } from '../control/inject.js';
import type { Task } from './taskState.js';
import { vmread } from '../control/operations.js';
import { Field, GUEST_LIMIT, Segment } from '../control/vmcs.js';

/** An exception that the task switch raises; vector 0: none. */
export const Fault = struct(
  'Fault',
  { size: 24 },
  {
    vector: at(0, U64),
    code: at(8, U32),
    /** EXT bit of the error code: the task switch was caused from outside the program (SDM 3A 6.13). */
    external: at(12, U32),
    /** The address of a page fault. */
    address: at(16, U64),
  },
);
export type Fault = Ref<typeof Fault>;

const PRIVILEGE = 3;
const SELECTOR_IN_CODE = 0xfffc;
/** Descriptor type: a local descriptor table. */
const LOCAL_TABLE = 2;
/** Rights of a flat code segment: readable, accessed, 32 bits, limit in pages. */
const FLAT_CODE = 0xc09b;
/** Rights and limit of every segment in virtual-8086 mode (SDM 3C 26.3.1.2). */
const VIRTUAL_8086 = 0xf3;
const SEGMENT_64_KIB = 0xffff;

/** Records a fault. Returns false, so that the caller stops. */
export function raise(fault: Fault, vector: u64, code: u32): boolean {
  fault.vector = vector;
  fault.code = u32(code | fault.external);
  return false;
}

/** Records a page fault in `range`. Returns false, so that the caller stops. */
export function raisePageFault(fault: Fault, range: GuestRange): boolean {
  fault.vector = Exception.pageFault;
  fault.code = range.code;
  fault.address = range.missing;
  return false;
}

function raiseForSelector(fault: Fault, vector: u64, selector: u32): boolean {
  return raise(fault, vector, u32(selector & SELECTOR_IN_CODE));
}

/** Loads and checks all segment registers outside virtual-8086 mode. showSelectors() comes first. */
export function loadSegments(task: Task, paging: Paging, fault: Fault): void {
  const code = task.selectors.get(Segment.cs);
  const privilege = code & PRIVILEGE;
  if (!loadLocalTable(task, paging, fault)) return;
  if (!loadCode(code, paging, fault)) return;
  if (!loadStack(task.selectors.get(Segment.ss), privilege, paging, fault)) return;
  if (!loadData(task, Segment.ds, privilege, paging, fault)) return;
  if (!loadData(task, Segment.es, privilege, paging, fault)) return;
  if (!loadData(task, Segment.fs, privilege, paging, fault)) return;
  if (!loadData(task, Segment.gs, privilege, paging, fault)) return;
  if (vmread(GUEST_LIMIT + 2 * Segment.cs) < vmread(Field.guestRip)) raise(fault, Exception.generalProtection, 0);
}

/** Loads all segment registers in virtual-8086 mode, where nothing is checked. */
export function loadSegments8086(task: Task): void {
  const descriptor = local(Descriptor);
  descriptor.limit = SEGMENT_64_KIB;
  descriptor.rights = VIRTUAL_8086;
  for (let segment: u32 = Segment.es; segment <= Segment.gs; segment++) {
    const selector = task.selectors.get(segment);
    descriptor.base = selector << 4;
    setSegmentRegister(segment, selector, descriptor);
  }
  setUnusable(Segment.ldtr, task.localTable, 0);
}

/**
 * Sets the selectors of the new task, with segments that are not loaded yet. VM entry needs a usable code segment and a
 * privilege level in SS.
 */
export function showSelectors(task: Task): void {
  const privilege = task.selectors.get(Segment.cs) & PRIVILEGE;
  for (let segment: u32 = Segment.es; segment <= Segment.gs; segment++) {
    setUnusable(segment, task.selectors.get(segment), privilege);
  }
  setUnusable(Segment.ldtr, task.localTable, 0);
  const code = local(Descriptor);
  code.limit = 0xffff_ffff;
  code.rights = FLAT_CODE + (privilege << PRIVILEGE_SHIFT);
  setSegmentRegister(Segment.cs, task.selectors.get(Segment.cs), code);
}

function loadLocalTable(task: Task, paging: Paging, fault: Fault): boolean {
  const selector = task.localTable;
  if (isNull(selector)) return true;
  const descriptor = local(Descriptor);
  if ((selector & TABLE_IS_LOCAL) !== 0) return raiseForSelector(fault, Exception.invalidTss, selector);
  if (!fetchDescriptor(descriptor, selector, paging, fault)) return false;
  const isTable = (descriptor.rights & TYPE_AND_KIND) === LOCAL_TABLE;
  if (!isTable || !isPresent(descriptor)) return raiseForSelector(fault, Exception.invalidTss, selector);
  setSegmentRegister(Segment.ldtr, selector, descriptor);
  return true;
}

function loadCode(selector: u32, paging: Paging, fault: Fault): boolean {
  const descriptor = local(Descriptor);
  if (!fetchDescriptor(descriptor, selector, paging, fault)) return false;
  if (!isCode(descriptor) || !isCodeAllowed(descriptor, selector & PRIVILEGE))
    return raiseForSelector(fault, Exception.invalidTss, selector);
  if (!isPresent(descriptor)) return raiseForSelector(fault, Exception.segmentNotPresent, selector);
  return loadMemorySegment(Segment.cs, selector, descriptor, paging, fault);
}

function isCodeAllowed(descriptor: Descriptor, privilege: u32): boolean {
  const level = privilegeOf(descriptor);
  return isConforming(descriptor) ? level <= privilege : level === privilege;
}

function loadStack(selector: u32, privilege: u32, paging: Paging, fault: Fault): boolean {
  const descriptor = local(Descriptor);
  if (!fetchDescriptor(descriptor, selector, paging, fault)) return false;
  const isAllowed = privilegeOf(descriptor) === privilege && (selector & PRIVILEGE) === privilege;
  if (!isWritableData(descriptor) || !isAllowed) return raiseForSelector(fault, Exception.invalidTss, selector);
  if (!isPresent(descriptor)) return raiseForSelector(fault, Exception.stackFault, selector);
  return loadMemorySegment(Segment.ss, selector, descriptor, paging, fault);
}

/** Loads DS, ES, FS or GS, whose selector may be null. */
function loadData(task: Task, segment: u32, privilege: u32, paging: Paging, fault: Fault): boolean {
  requires(segment <= Segment.gs);
  const selector = task.selectors.get(segment);
  if (isNull(selector)) return true;
  const descriptor = local(Descriptor);
  if (!fetchDescriptor(descriptor, selector, paging, fault)) return false;
  const least = (selector & PRIVILEGE) > privilege ? selector & PRIVILEGE : privilege;
  if (!isReadable(descriptor) || (!isConforming(descriptor) && privilegeOf(descriptor) < least))
    return raiseForSelector(fault, Exception.invalidTss, selector);
  if (!isPresent(descriptor)) return raiseForSelector(fault, Exception.segmentNotPresent, selector);
  return loadMemorySegment(segment, selector, descriptor, paging, fault);
}

function fetchDescriptor(descriptor: Descriptor, selector: u32, paging: Paging, fault: Fault): boolean {
  const place = local(GuestRange);
  if (isNull(selector)) return raiseForSelector(fault, Exception.invalidTss, selector);
  const search = findDescriptor(place, paging, selector, false);
  if (search === Search.outside) return raiseForSelector(fault, Exception.invalidTss, selector);
  if (search === Search.pageFault) return raisePageFault(fault, place);
  readDescriptor(descriptor, place);
  return true;
}

/** Loads a code or data segment, and sets the accessed bit of its descriptor, as every load does. */
function loadMemorySegment(segment: u32, selector: u32, descriptor: Descriptor, paging: Paging, fault: Fault): boolean {
  requires(segment < 8);
  if (u32(descriptor.rights & IS_ACCESSED) === 0) {
    const place = local(GuestRange);
    if (findDescriptor(place, paging, selector, true) !== Search.found) return raisePageFault(fault, place);
    setTypeBits(place, IS_ACCESSED);
    descriptor.rights = u32(descriptor.rights | IS_ACCESSED);
  }
  setSegmentRegister(segment, selector, descriptor);
  return true;
}

function isNull(selector: u32): boolean {
  return (selector & SELECTOR_IN_CODE) === 0;
}

function isPresent(descriptor: Descriptor): boolean {
  return u32(descriptor.rights & IS_PRESENT) !== 0;
}

function isCode(descriptor: Descriptor): boolean {
  return u32(descriptor.rights & (IS_MEMORY | IS_CODE)) === (IS_MEMORY | IS_CODE);
}

function isConforming(descriptor: Descriptor): boolean {
  return isCode(descriptor) && u32(descriptor.rights & IS_CONFORMING) !== 0;
}

function isWritableData(descriptor: Descriptor): boolean {
  return u32(descriptor.rights & (IS_MEMORY | IS_CODE | CAN_BE_WRITTEN)) === (IS_MEMORY | CAN_BE_WRITTEN);
}

/** Whether the segment can be read: all data, and code that is readable. */
function isReadable(descriptor: Descriptor): boolean {
  const isMemory = u32(descriptor.rights & IS_MEMORY) !== 0;
  return isMemory && (!isCode(descriptor) || u32(descriptor.rights & CAN_BE_READ) !== 0);
}
