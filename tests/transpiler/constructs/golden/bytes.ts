import { compareExchange32, compareExchange64, copyMemory, exchange32, exchangeAdd32, fillMemory, u32, u64, window, type Bytes, type Hpa } from '../../../../transpiler/lib/index.js';

export function checksum(bytes: Bytes): u32 {
  let sum: u32 = 0;
  for (let i: u32 = 0; i < bytes.length; i++) sum = u32(sum + bytes.u8(i));
  return sum;
}

export function header(start: Hpa): u64 {
  const bytes = window(start, 64);
  const body = bytes.part(16, 32);
  body.setU16(0, 7);
  body.setU64(24, bytes.u64(0));
  return u64(body.u32(28));
}

export function find(start: Hpa): Bytes | null {
  const bytes = window(start, 16);
  return bytes.u32(0) === 0x2d_5359 ? bytes : null;
}

export function use(start: Hpa): Hpa {
  const found = find(start);
  if (found === null) return start;
  copyMemory(start, found.start, u64(found.length));
  fillMemory(start, 0xff, 16n);
  return found.start;
}

/** Sets flags in both numbers at `address`, unless they have changed since they were read. */
export function mark(address: Hpa, low: u32, all: u64): boolean {
  return compareExchange32(address, low, 1) === low && compareExchange64(address, all, all | 2n) === all;
}

/** Whether nobody else had taken the lock at `address`. */
export function take(address: Hpa): boolean {
  return exchange32(address, 1) === 0;
}

/** The number of who comes to `address`, one more each time. */
export function draw(address: Hpa): u32 {
  return exchangeAdd32(address, 1);
}
