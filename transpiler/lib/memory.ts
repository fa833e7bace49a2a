/**
 * Memory: static instances, locals, and machine memory by physical address.
 *
 * In C, `instance` is a zeroed static variable, `local` a zeroed variable on the stack, and
 * `physical` and `window` reach machine memory through the program's map of it. In Node, machine
 * memory is a list of regions; each instance is a region of its own.
 */
import type { Hpa, u16, u32, u64, u8 } from './integers.js';
import { U16, U32, U64, U8, type Ref } from './layout.js';
import { placeOf, referenceTo, type Place } from './reference.js';

interface Region {
  readonly base: bigint;
  readonly view: DataView;
}

const PAGE = 4096n;
/** Simulated addresses of instances start here, above any memory that a test adds, and at none that generated cases try. */
const INSTANCES = 3n << 44n;

const instances: Region[] = [];
let added: Region[] = [];
let nextInstance = INSTANCES;

/** A zeroed static instance of `layout`, for module-level constants. `align` is in bytes, at most 4096. */
export function instance<L extends { readonly bytes: number }>(
  layout: L,
  options: { readonly align?: number } = {},
): Ref<L> {
  void options;
  const region = { base: nextInstance, view: new DataView(new ArrayBuffer(layout.bytes)) };
  instances.push(region);
  nextInstance += (BigInt(layout.bytes) / PAGE + 1n) * PAGE;
  return referenceTo(layout, { view: region.view, offset: 0, address: region.base });
}

/** A zeroed local of `layout`. It may be passed down, never returned or kept. */
export function local<L extends { readonly bytes: number }>(layout: L): Ref<L> {
  return referenceTo(layout, { view: new DataView(new ArrayBuffer(layout.bytes)), offset: 0, address: 0n });
}

/** The machine memory at `address`, seen as `layout`. The address is trusted: it is the caller's to check. */
export function physical<L extends { readonly bytes: number }>(layout: L, address: Hpa): Ref<L> {
  return referenceTo(layout, find(address, layout.bytes));
}

/** The machine address of what `reference` points to. Not for locals. */
export function addressOf(reference: object): Hpa {
  const { address } = placeOf(reference);
  if (address === 0n) throw new TypeError('a local has no machine address');
  return address;
}

/**
 * `length` bytes of machine memory. Each read is one volatile load, of an unaligned address too,
 * so what a guest or a device changes meanwhile is never read twice by one call.
 * The offsets are proved to lie inside.
 */
export interface Bytes {
  readonly length: u32;
  readonly start: Hpa;
  u8(offset: u32): u8;
  u16(offset: u32): u16;
  u32(offset: u32): u32;
  u64(offset: u32): u64;
  setU8(offset: u32, value: u8): void;
  setU16(offset: u32, value: u16): void;
  setU32(offset: u32, value: u32): void;
  setU64(offset: u32, value: u64): void;
  /** `length` bytes from `offset` on; both together are proved to lie inside. */
  part(offset: u32, length: u32): Bytes;
}

/** The `length` bytes of machine memory at `start`. The range is trusted: it is the caller's to check. */
export function window(start: Hpa, length: u32): Bytes {
  return bytesAt(find(start, length), start, length);
}

function bytesAt({ view, offset: base }: Place, start: Hpa, length: u32): Bytes {
  const place = (offset: u32, bytes: number): number => {
    if (!Number.isInteger(offset) || offset < 0 || bytes < 0 || offset + bytes > length)
      throw new RangeError(`${bytes} bytes at ${offset} are outside a window of ${length}`);
    return base + offset;
  };
  return {
    length,
    start,
    u8: (offset) => view.getUint8(place(offset, 1)),
    u16: (offset) => view.getUint16(place(offset, 2), true),
    u32: (offset) => view.getUint32(place(offset, 4), true),
    u64: (offset) => view.getBigUint64(place(offset, 8), true),
    setU8: (offset, value) => U8.store(view, place(offset, 1), value),
    setU16: (offset, value) => U16.store(view, place(offset, 2), value),
    setU32: (offset, value) => U32.store(view, place(offset, 4), value),
    setU64: (offset, value) => U64.store(view, place(offset, 8), value),
    part: (offset, count) =>
      bytesAt({ view, offset: place(offset, count), address: start }, start + BigInt(offset), count),
  };
}

/** Thrown in Node on an access to machine memory that no test added: a trusted address was wrong. */
export class NoMemoryError extends RangeError {
  constructor(address: bigint, length: number) {
    super(`no simulated memory at 0x${address.toString(16)}, ${length} bytes`);
    this.name = 'NoMemoryError';
  }
}

function find(address: bigint, length: number): Place {
  for (const { base, view } of [...added, ...instances]) {
    const offset = address - base;
    if (offset >= 0n && offset + BigInt(length) <= BigInt(view.byteLength))
      return { view, offset: Number(offset), address };
  }
  throw new NoMemoryError(address, length);
}

/** Copies `length` bytes of machine memory; the ranges may overlap. */
export function copyMemory(to: Hpa, from: Hpa, length: u64): void {
  bytesOf(to, length).set(bytesOf(from, length));
}

/** Sets `length` bytes of machine memory to `value`. */
export function fillMemory(to: Hpa, value: u8, length: u64): void {
  bytesOf(to, length).fill(value);
}

/**
 * Sets the doubleword at `address`, a multiple of 4, and gives what it was: in one step that no other processor sees
 * half of, and with all that was written before it.
 */
export function exchange32(address: Hpa, value: u32): u32 {
  const { view, offset } = find(address, 4);
  const before = view.getUint32(offset, true);
  U32.store(view, offset, value);
  return before;
}

/**
 * Adds `value` to the doubleword at `address`, a multiple of 4, and returns its old value, atomically. The sum wraps. Like
 * exchange32(), it is a full barrier.
 */
export function exchangeAdd32(address: Hpa, value: u32): u32 {
  const { view, offset } = find(address, 4);
  const before = view.getUint32(offset, true);
  U32.store(view, offset, (before + value) >>> 0);
  return before;
}

/**
 * Sets the doubleword at `address`, a multiple of 4, to `value` if it is `expected`. Gives what it was. No other processor
 * sees a step in between.
 */
export function compareExchange32(address: Hpa, expected: u32, value: u32): u32 {
  const { view, offset } = find(address, 4);
  const before = view.getUint32(offset, true);
  if (before === expected) U32.store(view, offset, value);
  return before;
}

/** The same for the quadword at `address`, a multiple of 8. */
export function compareExchange64(address: Hpa, expected: u64, value: u64): u64 {
  const { view, offset } = find(address, 8);
  const before = view.getBigUint64(offset, true);
  if (before === expected) U64.store(view, offset, value);
  return before;
}

function bytesOf(address: Hpa, length: u64): Uint8Array {
  const { view, offset } = find(address, Number(length));
  return new Uint8Array(view.buffer, view.byteOffset + offset, Number(length));
}

/** Test support: adds simulated machine memory at `base` and returns its bytes. */
export function addMemory(base: bigint, contents: number | Uint8Array): Uint8Array {
  const bytes = typeof contents === 'number' ? new Uint8Array(contents) : contents;
  added.push({ base, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength) });
  return bytes;
}

/** Test support: forgets all added memory and zeroes every instance, as at power-on. */
export function resetMemory(): void {
  added = [];
  for (const { view } of instances) new Uint8Array(view.buffer).fill(0);
}

/** Test support: address and bytes of every instance, in the order they were made. */
export function instanceMemory(): readonly { readonly base: bigint; readonly bytes: Uint8Array }[] {
  return instances.map(({ base, view }) => ({ base, bytes: new Uint8Array(view.buffer) }));
}
