import t from 'tap';
import {
  addressOf,
  arr,
  at,
  copyMemory,
  compareExchange32,
  compareExchange64,
  exchange32,
  exchangeAdd32,
  fillMemory,
  instance,
  local,
  physical,
  struct,
  U32,
  U64,
  U8,
  window,
} from '../../../transpiler/lib/index.js';
import { addMemory, NoMemoryError, resetMemory } from '../../../transpiler/lib/testing.js';

const Header = struct('Header', { size: 12 }, { length: at(0, U32), next: at(4, U64) });
const header = instance(Header);
const other = instance(arr(U8, 5000));

t.beforeEach(() => resetMemory());

t.test('physical sees added memory through a layout', (t) => {
  const bytes = addMemory(0x1000n, 32);
  bytes.set([0x78, 0x56, 0x34, 0x12], 16);
  const there = physical(Header, 0x1010n);
  t.equal(there.length, 0x1234_5678);
  there.next = 1n;
  t.equal(bytes[20], 1);
  t.equal(addressOf(there), 0x1010n);
  t.end();
});

t.test('memory that was not added is not there', (t) => {
  addMemory(0x1000n, 32);
  t.throws(() => physical(Header, 0x1015n), NoMemoryError, 'past the end');
  t.throws(() => physical(Header, 0xfffn), NoMemoryError, 'before the start');
  t.throws(() => window(0x2000n, 1), NoMemoryError);
  t.end();
});

t.test('a window reads every width at unaligned offsets', (t) => {
  addMemory(
    0n,
    Uint8Array.from({ length: 16 }, (_, index) => index),
  );
  const bytes = window(1n, 10);
  t.equal(bytes.u8(0), 1);
  t.equal(bytes.u16(1), 0x0302);
  t.equal(bytes.u32(2), 0x0605_0403);
  t.equal(bytes.u64(2), 0x0a09_0807_0605_0403n);
  t.same([bytes.start, bytes.length], [1n, 10]);
  t.end();
});

t.test('a window writes every width', (t) => {
  const memory = addMemory(0n, 16);
  const bytes = window(0n, 16);
  bytes.setU8(0, 0xff);
  bytes.setU16(1, 0x0201);
  bytes.setU32(3, 0x0605_0403);
  bytes.setU64(8, 0xff00_0000_0000_0001n);
  t.same([...memory], [0xff, 1, 2, 3, 4, 5, 6, 0, 1, 0, 0, 0, 0, 0, 0, 0xff]);
  t.end();
});

t.test('a window refuses what is outside it', (t) => {
  addMemory(0n, 64);
  const bytes = window(8n, 8);
  t.throws(() => bytes.u8(8), RangeError);
  t.throws(() => bytes.u16(7), RangeError);
  t.throws(() => bytes.u32(5), RangeError);
  t.throws(() => bytes.u64(1), RangeError);
  t.throws(() => bytes.u8(-1), RangeError);
  t.throws(() => bytes.setU32(5, 0), RangeError);
  t.end();
});

t.test('a window refuses a value that does not fit', (t) => {
  addMemory(0n, 8);
  const bytes = window(0n, 8);
  t.throws(() => bytes.setU8(0, 0x100), RangeError);
  t.throws(() => bytes.setU16(0, -1), RangeError);
  t.throws(() => bytes.setU32(0, 0x1_0000_0000), RangeError);
  t.throws(() => bytes.setU64(0, 1n << 64n), RangeError);
  t.end();
});

t.test('a part of a window is a window inside it', (t) => {
  addMemory(0n, Uint8Array.of(0, 1, 2, 3, 4, 5, 6, 7));
  const part = window(1n, 6).part(2, 3);
  t.same([part.start, part.length, part.u8(0), part.part(1, 2).u16(0)], [3n, 3, 3, 0x0504]);
  t.throws(() => part.u8(3), RangeError);
  t.throws(() => part.part(1, 3), RangeError);
  t.throws(() => part.part(2, -1), RangeError);
  t.equal(part.part(3, 0).length, 0);
  t.end();
});

t.test('a local is zeroed, and has no machine address', (t) => {
  const mine = local(Header);
  t.equal(mine.next, 0n);
  mine.next = 1n;
  t.equal(local(Header).next, 0n);
  t.throws(() => addressOf(mine), TypeError);
  t.end();
});

t.test('instances do not overlap, and are reached by their address', (t) => {
  const distance = addressOf(other) - addressOf(header);
  t.ok(distance >= 12n || distance <= -5000n);
  header.length = 9;
  t.equal(window(addressOf(header), 12).u32(0), 9);
  t.equal(addressOf(other) % 4096n, 0n);
  t.end();
});

t.test('resetMemory is power-on: instances are zero and added memory is gone', (t) => {
  addMemory(0n, 8);
  header.length = 1;
  resetMemory();
  t.equal(header.length, 0);
  t.throws(() => window(0n, 8), NoMemoryError);
  t.end();
});

t.test('copyMemory copies overlapping ranges as if through a buffer', (t) => {
  const bytes = addMemory(0x100n, Uint8Array.of(1, 2, 3, 4, 5, 6));
  copyMemory(0x102n, 0x100n, 4n);
  t.same([...bytes], [1, 2, 1, 2, 3, 4]);
  copyMemory(0x100n, 0x101n, 5n);
  t.same([...bytes], [2, 1, 2, 3, 4, 4]);
  t.end();
});

t.test('exchange32 sets one doubleword and gives what it was', (t) => {
  const bytes = addMemory(0x100n, Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8));
  t.equal(exchange32(0x104n, 0xffff_fffe), 0x0807_0605);
  t.same([...bytes], [1, 2, 3, 4, 0xfe, 0xff, 0xff, 0xff]);
  t.end();
});

t.test('exchangeAdd32 adds to one doubleword, wraps, and gives what it was', (t) => {
  const bytes = addMemory(0x100n, Uint8Array.of(1, 2, 3, 4, 0xff, 0xff, 0xff, 0xff, 9));
  t.equal(exchangeAdd32(0x104n, 2), 0xffff_ffff);
  t.same([...bytes], [1, 2, 3, 4, 1, 0, 0, 0, 9]);
  t.end();
});

t.test('compareExchange sets a number only if it is what is expected, and gives what it was', (t) => {
  const bytes = addMemory(0x100n, Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8));
  t.equal(compareExchange32(0x104n, 0x0807_0604, 0), 0x0807_0605);
  t.equal(compareExchange64(0x100n, 1n, 0n), 0x0807_0605_0403_0201n);
  t.same([...bytes], [1, 2, 3, 4, 5, 6, 7, 8]);
  t.equal(compareExchange32(0x104n, 0x0807_0605, 0xffff_fffe), 0x0807_0605);
  t.same([...bytes], [1, 2, 3, 4, 0xfe, 0xff, 0xff, 0xff]);
  t.equal(compareExchange64(0x100n, 0xffff_fffe_0403_0201n, 9n), 0xffff_fffe_0403_0201n);
  t.same([...bytes], [9, 0, 0, 0, 0, 0, 0, 0]);
  t.end();
});

t.test('fillMemory sets its range and nothing beside it', (t) => {
  const bytes = addMemory(0x100n, 4);
  fillMemory(0x101n, 0xee, 2n);
  t.same([...bytes], [0, 0xee, 0xee, 0]);
  t.throws(() => fillMemory(0x101n, 0, 4n), NoMemoryError);
  t.end();
});
