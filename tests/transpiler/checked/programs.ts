/**
 * Programs that break what the prover relies on or could not prove. The prover refuses most of them, but the test makes their C
 * all the same, as if the prover had been wrong about them.
 */

export interface BrokenProgram {
  /** The kind of check. */
  readonly name: string;
  /** One module, whose function `f` is called. The line with `// here` is what the check names. */
  readonly text: string;
  readonly arguments: readonly (bigint | null | Uint8Array)[];
  /** The message of the check after file, line and column. */
  readonly says: string;
  /** A guard that tsc demands: its text in the C, and the text that replaces it so that the check can fail. */
  readonly planted?: readonly [guard: string, instead: string];
}

const ENUM = `type Mode = (typeof Mode)[keyof typeof Mode];
const Mode = { off: 0, on: 2 } as const;`;

export const BROKEN: readonly BrokenProgram[] = [
  {
    name: 'a sum of bigints',
    text: `export function f(a: u64): u64 {
      return a + 1n; // here
    }`,
    arguments: [(1n << 64n) - 1n],
    says: 'TSV2001 a + 1n may not fit 64 bits',
  },
  {
    name: 'a product of bigints',
    text: `export function f(a: u64, b: u64): u64 {
      return a * b; // here
    }`,
    arguments: [(1n << 64n) - 1n, (1n << 64n) - 1n],
    says: 'TSV2001 a * b may not fit 64 bits',
  },
  {
    name: 'a product of numbers',
    text: `export function f(a: u32, b: u32): u32 {
      return u32(a * b); // here
    }`,
    arguments: [0xffff_ffffn, 0xffff_ffffn],
    says: 'TSV2001 a * b may be above 2^53, where numbers are not exact',
  },
  {
    name: 'the remainder of the least i64 by -1n',
    text: `export function f(a: i64, b: i64): i64 {
      if (b === 0n) return 0n;
      return a % b; // here
    }`,
    arguments: [-(1n << 63n), -1n],
    says: 'TSV2001 a % b may divide the least i64 by -1n, at which the processor traps',
  },
  {
    name: 'the quotient of the least i64 by -1n',
    text: `export function f(a: i64, b: i64): i64 {
      if (b === 0n) return 0n;
      return a / b; // here
    }`,
    arguments: [-(1n << 63n), -1n],
    says: 'TSV2001 a / b may not fit 64 bits',
  },
  {
    name: 'a value that is too large for its variable',
    text: `export function f(a: u8): u8 {
      const next: u8 = a + 1; // here
      return next;
    }`,
    arguments: [255n],
    says: 'TSV2002 a + 1 may not fit u8',
  },
  {
    name: 'an argument',
    text: `function low(a: u8): u8 { return a; }
    export function f(a: i32): u8 {
      return low(a - 1); // here
    }`,
    arguments: [0n],
    says: 'TSV2002 a - 1 may not fit u8',
  },
  {
    name: 'the sign bit of an or',
    text: `export function f(a: u32): u32 {
      return a | 1; // here
    }`,
    arguments: [0x8000_0000n],
    says: "TSV2003 a | 1 may reach the sign bit of JavaScript's 32-bit operators",
  },
  {
    name: 'a u32 above the sign bit that is shifted',
    text: `export function f(a: u32): u32 {
      return u32(a >> 1); // here
    }`,
    arguments: [0x8000_0000n],
    says: "TSV2003 a may not fit the 32 bits with a sign that JavaScript's bit operators take",
  },
  {
    name: 'the count of a shift',
    text: `export function f(n: u32): u32 {
      return u32(1 << n); // here
    }`,
    arguments: [32n],
    says: 'TSV2004 the shift count n may not be below 32',
  },
  {
    name: 'the count of a shift of bigints, evaluated once',
    text: `const CountID = struct('CountID', { size: 8 }, { value: at(0, U64) });
    const count = instance(CountID);
    function next(): u64 { count.value = u64(count.value + 64n); return count.value; }
    export function f(a: u64): u64 {
      return u64(a << next()); // here
    }`,
    arguments: [1n],
    says: 'TSV2004 the shift count next() may not be below 64',
  },
  {
    name: 'a divisor',
    text: `export function f(a: u64, b: u64): u64 {
      return a / b; // here
    }`,
    arguments: [1n, 0n],
    says: 'TSV2005 the divisor b may be 0',
  },
  {
    name: 'a comparison of what no type holds',
    text: `export function f(a: i64, b: u64): boolean {
      return a < b; // here
    }`,
    arguments: [-1n, 5n],
    says: 'TSV2006 no C type holds all values of both a and b',
  },
  {
    name: 'bytes of a window that are read',
    text: `export function f(bytes: Bytes, i: u32): u32 {
      return bytes.u32(i); // here
    }`,
    arguments: [new Uint8Array(8), 5n],
    says: 'TSV2101 4 bytes at i may be outside bytes',
  },
  {
    name: 'a byte of a window that is written',
    text: `export function f(bytes: Bytes, i: u32): void {
      bytes.setU8(i, 1); // here
    }`,
    arguments: [new Uint8Array(8), 8n],
    says: 'TSV2102 the byte at i may be outside bytes',
  },
  {
    name: 'a part of a window',
    text: `export function f(bytes: Bytes, i: u32, n: u32): u32 {
      return bytes.part(i, n).length; // here
    }`,
    arguments: [new Uint8Array(8), 0xffff_ffffn, 1n],
    says: 'TSV2103 n bytes from i may reach outside bytes',
  },
  {
    name: 'an index of a list',
    text: `const SQUARES = list(U32, [0, 1, 4, 9]);
    export function f(i: u32): u32 {
      return SQUARES.get(i); // here
    }`,
    arguments: [4n],
    says: 'TSV2104 index may be out of bounds',
  },
  {
    name: 'an index that a store has',
    text: `const words = instance(arr(U32, 4));
    export function f(i: i32): void {
      words.set(i, 1); // here
    }`,
    arguments: [-1n],
    says: 'TSV2104 index may be out of bounds',
  },
  {
    name: 'an index of a table',
    text: `function one(): u32 { return 1; }
    const handlers = table(2, one, {});
    export function f(i: u32): u32 {
      return handlers.get(i)(); // here
    }`,
    arguments: [2n],
    says: 'TSV2104 index may be out of bounds',
  },
  {
    name: 'a character of a text',
    text: `const WORD = 'four';
    export function f(i: u32): u32 {
      return WORD.charCodeAt(i); // here
    }`,
    arguments: [4n],
    says: 'TSV2105 there may be no character i in WORD',
  },
  {
    name: 'what a called function requires',
    text: `function third(n: u32): u32 { requires(n < 4); return n; }
    export function f(a: u32): u32 {
      return third(u32(a * 2)) + 1; // here
    }`,
    arguments: [2n],
    says: 'TSV2201 third requires n < 4, which may not hold',
  },
  {
    name: 'what an entry point requires',
    text: `export function f(other: u32, n: u32): u32 {
      requires(n < 4); // here
      return n + other % 2;
    }`,
    arguments: [0n, 4n],
    says: 'TSV2201 f requires n < 4, which may not hold',
  },
  {
    name: 'what a function ensures',
    text: `export function f(n: u32): u32 {
      const r = n;
      ensures(r < 4); // here
      return r;
    }`,
    arguments: [4n],
    says: 'TSV2202 r < 4 may not hold here',
  },
  {
    name: 'an invariant that a later round breaks',
    text: `export function f(n: u32): u32 {
      let sum: u32 = 0;
      for (let i: u32 = 0; i < 9; i++) {
        invariant(sum < 20); // here
        sum = u32(sum + n);
      }
      return sum;
    }`,
    arguments: [5n],
    says: 'TSV2204 sum < 20 may not hold in each round',
  },
  {
    name: 'what is not reached',
    text: `${ENUM}
    export function f(mode: Mode): u32 {
      switch (mode) {
        case Mode.off: return 1;
        case Mode.on: return 2;
        default: return unreachable(mode); // here
      }
    }`,
    arguments: [1n],
    says: 'TSV2205 this may be reached',
  },
  {
    name: 'a switch that names all values',
    text: `${ENUM}
    export function f(mode: Mode): u32 {
      switch (mode) { // here
        case Mode.off: return 1;
        case Mode.on: return 2;
      }
    }`,
    arguments: [1n],
    says: 'TSV2205 mode may be none of the cases',
  },
  {
    name: 'a range that the emitter relies on',
    text: `export function f(n: u32): u32 {
      if (n > 9) return 0;
      return n; // here
    }`,
    arguments: [11n],
    says: 'range n may not be between 0 and 9',
    planted: ['if (n > 9)', 'if (false)'],
  },
  {
    name: 'a reference that a guard has narrowed',
    text: `const ThingID = struct('ThingID', { size: 4 }, { x: at(0, U32) });
    export function f(thing: Ref<typeof ThingID> | null): u32 {
      if (thing === null) return 0;
      return thing.x; // here
    }`,
    arguments: [null],
    says: 'narrowing thing may be null',
    planted: ['if (thing == NULL)', 'if (false)'],
  },
  {
    name: 'a window that a guard has narrowed',
    text: `export function f(bytes: Bytes | null): u32 {
      if (bytes === null) return 0;
      return bytes.length; // here
    }`,
    arguments: [null],
    says: 'narrowing bytes may be null',
    planted: ['if (bytes.memory == NULL)', 'if (false)'],
  },
];
