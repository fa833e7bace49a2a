/** Programs in which one error leads to others, which are not reported. */
export interface Case {
  readonly name: string;
  readonly code: string;
}

export const LIST = 'const LIST = list(U32, [10, 20, 30, 40]);';

export const CONSEQUENCES: readonly Case[] = [
  {
    name: 'a refused guard',
    code: `${LIST}
export function f(x: u32): u32 {
  if (x >= LIST[length]) return 0; // TSV1009
  return LIST.get(x);
}`,
  },
  {
    name: 'a guard by a refused value',
    code: `${LIST}
export function f(x: u32): u32 {
  const n = x[0]; // TSV1009
  if (x >= n) return 0;
  return LIST.get(x);
}`,
  },
  {
    name: 'a variable that a refused statement changes, in a loop before it',
    code: `${LIST}
export function f(n: u32): u32 {
  let x: u32 = 0;
  let y: u32 = 0;
  while (n > 0) {
    y = LIST.get(x);
    x = n[0]; // TSV1009
    n -= 1;
  }
  return LIST.get(x);
}`,
  },
  {
    name: 'a value that was computed from a refused one',
    code: `${LIST}
export function f(n: u32): u32 {
  let x: u32 = 0;
  x = n[0]; // TSV1009
  const y = x & 3;
  let z: u32 = 0;
  if (y > 2) z = 9;
  return LIST.get(y) + LIST.get(z);
}`,
  },
  {
    name: 'a refused requires',
    code: `${LIST}
export function f(x: u32): u32 {
  requires(x < LIST[length]); // TSV1009
  return LIST.get(x);
}`,
  },
  {
    name: 'a refused ensures',
    code: `${LIST}
function low(x: u32): u32 {
  const y = x % 4;
  ensures(y < LIST[length]); // TSV1009
  return y;
}
function high(x: u32): u32 {
  if (x > 10) {
    const y = x % 4;
    ensures(y[0] < 4); // TSV1009
    return y;
  }
  const y: u32 = 3;
  ensures(y < 4);
  return y;
}
export function f(x: u32): u32 {
  return LIST.get(low(x)) + LIST.get(high(x));
}`,
  },
  {
    name: 'the refused call of a function that ensures something of what is passed',
    code: `${LIST}
function checked(x: u32, y: u32): u32 {
  if (x >= 4) haltForever();
  const z: u32 = y;
  ensures(x < 4);
  return z;
}
export function f(x: u32): u32 {
  const y = checked(x, x[0]); // TSV1009
  return LIST.get(x);
}`,
  },
  {
    name: 'what a function gives that calls a refused one',
    code: `${LIST}
function low(x: u32): u32 {
  return x[0]; // TSV1009
}
function lower(x: u32): u32 {
  return low(x);
}
export function f(x: u32): u32 {
  const y = lower(x);
  return LIST.get(y);
}`,
  },
  {
    name: 'a result that may not fit its own type',
    code: `${LIST}
function next(x: u32): u32 {
  return x + 1; // TSV2002
}
export function f(x: u32): u32 {
  return next(x);
}
export function g(x: u32): u64 {
  return u64(next(next(x))) + 1n;
}`,
  },
  {
    name: 'the call of a function that is not declared',
    code: `${LIST}
export function f(x: u32): u32 {
  check(x);
  const y = checked(x);
  return LIST.get(x) + LIST.get(y);
}`,
  },
  {
    name: 'the call of a function that stops where it is refused',
    code: `${LIST}
function stop(code: u32): never {
  out8(0xf4, u8(code));
  return haltForever();
}
export function f(x: u32): u32 {
  if (x >= LIST.length) stop(x[0]); // TSV1009
  return LIST.get(x);
}`,
  },
  {
    name: 'a function that requires what a refused one says',
    code: `${LIST}
function isLow(x: u32): boolean {
  return x < LIST[length]; // TSV1009
}
function at4(x: u32): u32 {
  requires(isLow(x));
  return LIST.get(x);
}
export function f(x: u32): u32 {
  return x < 4 ? at4(x) : 0;
}`,
  },
  {
    name: 'what TypeScript refuses',
    code: `${LIST}
export function f(x: u64, y: u32): u32 {
  const a: u8 = y; // TSV2002
  const b: u32 = x; // TSV2002
  if (x < LIST.lenth) return 0; // TSV1009
  return LIST.get(a) + LIST.get(b) + LIST.get(y);
}`,
  },
  {
    name: 'an enum of which a refused case is missing',
    code: `const Mode = { off: 0, on: 1 } as const;
type Mode = (typeof Mode)[keyof typeof Mode];
export function f(mode: Mode, x: u32): u32 {
  switch (mode) {
    case Mode.off:
      return 1;
    case Mode[x]: // TSV1009
      return 2;
    default:
      return unreachable(mode);
  }
}`,
  },
];
