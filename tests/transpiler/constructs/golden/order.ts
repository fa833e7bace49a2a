import { arr, at, instance, struct, u32, U32, type Bytes } from '../../../../transpiler/lib/index.js';

const Counter = struct('Counter', { size: 64 }, { value: at(0, U32), seen: at(4, arr(U32, 8)) });
const counter = instance(Counter);

function next(): u32 {
  counter.value = u32(counter.value + 1);
  return counter.value;
}

/** JavaScript evaluates from left to right; C would not have to. */
export function pair(): u32 {
  return u32(next() * 16 + next());
}

export function mixed(bytes: Bytes): void {
  counter.value = u32(counter.value + next());
  counter.seen.set(counter.value & 7, next());
  if (next() > counter.value) show(next(), counter.value);
  while (next() !== next()) {
    if (bytes.length > 4) bytes.setU32(next() & 0, next());
  }
}

function show(a: u32, b: u32): void {
  counter.value = u32(a - b);
}
