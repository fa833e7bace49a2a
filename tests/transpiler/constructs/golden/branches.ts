import type { i32, u32 } from '../../../../transpiler/lib/index.js';

export function sign(value: i32): i32 {
  if (value > 0) return 1;
  else if (value < 0) return -1;
  return 0;
}

export function between(value: u32, low: u32, high: u32): boolean {
  const isInside = low <= value && value < high;
  return isInside || !(low < high);
}

export function larger(a: u32, b: u32): u32 {
  return a > b ? a : b;
}

export function kind(value: u32): u32 {
  let found: u32;
  switch (value) {
    case 1:
      found = 10;
      break;
    case 2: {
      found = 20;
      break;
    }
    default:
      found = 0;
  }
  return found;
}
