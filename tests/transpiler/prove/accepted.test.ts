/** Programs as people write them, which the prover must follow. */
import t from 'tap';
import { checkCases } from './support.js';

t.test('arithmetic', (t) => {
  checkCases(t, [
    {
      name: 'a sum of u32 is exact and may be compared',
      text: 'export function f(a: u32, b: u32): boolean { return a + b < 10; }',
    },
    {
      name: 'a difference after a guard fits',
      text: 'export function f(a: u64, b: u64): u64 { if (b > a) return 0n; return a - b; }',
    },
    { name: 'a cast wraps', text: 'export function f(a: u64, b: u64): u64 { return u64(a * b + 1n); }' },
    { name: 'saturation fits', text: 'export function f(a: u64, b: u64): u64 { return addSat64(a, subSat64(a, b)); }' },
    { name: 'a mask bounds', text: 'export function f(a: u32): u8 { return u32(a & 0xf0) + 15; }' },
    { name: 'a mask keeps a bigint exact', text: 'export function f(a: u64): u64 { return a & ~0xfffn; }' },
    {
      name: 'rounding up to a page stays below what it rounds and a page',
      text: `export function f(a: u64): u64 {
        if (a > 0x1000_0000n) return 0n;
        const up = u64((a + 4095n) & ~4095n);
        return 0x1000_0fffn - up;
      }`,
    },
    { name: 'disjoint bits add up', text: 'export function f(low: u8, high: u8): u16 { return (high << 8) | low; }' },
    { name: 'a quotient is below what it divides', text: 'export function f(a: u32): u32 { return a - u32(a / 8); }' },
    {
      name: 'a remainder is below its divisor',
      text: 'export function f(a: u32, n: u32): u32 { if (n === 0) return 0; return n - 1 - (a % n); }',
    },
    { name: 'an unsigned shift takes all 32 bits', text: 'export function f(a: u32): u8 { return a >>> 24; }' },
    { name: 'a product of bounded values fits', text: 'export function f(a: u16, b: u16): u32 { return a * b; }' },
    {
      name: 'the smaller of two is not above either',
      text: 'export function f(a: u32, b: u32): u32 { const n = min32(a, b); return a - n + (b - n) - (b - n); }',
    },
    {
      name: 'a quotient of bigints times its divisor is not above',
      text: 'export function f(a: u64): u64 { const pages = a / 4096n; return a - pages * 4096n; }',
    },
    {
      name: 'an expression seen in a guard is the same expression',
      text: 'const T = list(U32, [1, 2, 3]);\nexport function f(a: u32): u32 { if ((a & 7) < 3) return T.get(a & 7); return 0; }',
    },
    {
      name: 'an address less an address is checked as a number',
      text: 'export function f(a: Hpa, b: Hpa): u64 { return a >= b ? a - b : b - a; }',
    },
    {
      name: 'a conditional is bounded by both its alternatives',
      text: 'export function f(a: u32, b: u32): u32 { const least = a < b ? a : b; return a - least; }',
    },
    {
      name: 'a named condition is known where it is tested',
      text: 'export function f(a: u32, b: u32): u32 { const fits = b <= a; if (!fits) return 0; return a - b; }',
    },
    {
      name: 'either of two guards is enough',
      text: 'export function f(a: u32, b: u32): u32 { if (a > 100 || b > 100) return 0; return (a * b) & 0xffff; }',
    },
    {
      name: 'i64 is signed',
      text: 'export function f(a: i64): i64 { if (a < -1000n || a > 1000n) return 0n; return a * -3n; }',
    },
  ]);
  t.end();
});

t.test('memory', (t) => {
  checkCases(t, [
    { name: 'a guarded read', text: 'export function f(b: Bytes): u32 { return b.length >= 8 ? b.u32(4) : 0; }' },
    {
      name: 'a read after a guard on offset and length',
      text: 'export function f(b: Bytes, o: u32): u32 { if (b.length < 4 || o > b.length - 4) return 0; return b.u32(o); }',
    },
    {
      name: 'a part has the length it is given',
      text: 'export function f(b: Bytes, o: u32): u8 { if (o + 16 > b.length) return 0; const p = b.part(o, 16); return p.u8(15); }',
    },
    {
      name: 'entries of a length that they hold themselves',
      text: `export function f(b: Bytes): u32 {
        let offset: u32 = 0;
        let count: u32 = 0;
        while (offset + 2 <= b.length) {
          const length = b.u8(offset + 1);
          if (length < 2 || offset + length > b.length) return count;
          offset += length;
          count++;
        }
        return count;
      }`,
    },
    {
      name: 'entries of one length',
      text: `export function f(b: Bytes): u64 {
        let sum: u64 = 0n;
        for (let offset: u32 = 0; offset + 8 <= b.length; offset += 8) sum = u64(sum + b.u64(offset));
        return sum;
      }`,
    },
    {
      name: 'a step that divides what it walks over',
      text: `export function f(b: Bytes): u64 {
        if (b.length < 4096) return 0n;
        let sum: u64 = 0n;
        for (let offset: u32 = 0; offset < 4096; offset += 8) sum = u64(sum + b.u64(offset));
        for (let shift: u32 = 60; shift > 0; shift -= 4) sum = u64(sum << u64(shift));
        return sum;
      }`,
    },
    {
      name: 'an index and an offset that move together',
      text: `export function f(b: Bytes, n: u32): u32 {
        if (n > 64 || b.length < 1024) return 0;
        let offset: u32 = 0;
        let sum: u32 = 0;
        for (let i: u32 = 0; i < n; i++) {
          sum = u32(sum + b.u32(offset));
          offset += 16;
        }
        return sum;
      }`,
    },
    {
      name: 'an array up to a count that was copied and checked',
      text: `const Box = struct('Box', { size: 516 }, { count: at(0, U32), values: at(4, arr(U32, 128)) });
      const box = instance(Box);
      export function f(): u32 {
        const count = box.count;
        if (count > 128) return 0;
        let sum: u32 = 0;
        for (let i: u32 = 0; i < count; i++) sum = u32(sum + box.values.get(i));
        return sum;
      }
      export function add(value: u32): boolean {
        const count = box.count;
        if (count >= 128) return false;
        box.values.set(count, value);
        box.count = count + 1;
        return true;
      }`,
    },
    {
      name: 'insertion into a sorted array',
      text: `const Box = struct('Box', { size: 512 }, { values: at(0, arr(U32, 128)) });
      const box = instance(Box);
      export function f(count: u32, value: u32): void {
        requires(count < 128);
        let i: u32 = count;
        while (i > 0) {
          const before = box.values.get(i - 1);
          if (before <= value) break;
          box.values.set(i, before);
          i -= 1;
        }
        box.values.set(i, value);
      }`,
    },
    {
      name: 'binary search',
      text: `const Box = struct('Box', { size: 512 }, { values: at(0, arr(U32, 128)) });
      const box = instance(Box);
      export function f(value: u32): u32 {
        let low: u32 = 0;
        let high: u32 = 128;
        while (low < high) {
          const middle = u32((low + high) / 2);
          if (box.values.get(middle) < value) low = middle + 1;
          else high = middle;
        }
        return low;
      }`,
    },
    {
      name: 'a loop without a test that breaks',
      text: `const T = list(U32, [3, 1, 2]);
      export function f(): u32 {
        let i: u32 = 0;
        for (;;) {
          if (i >= T.length) break;
          i += 1;
        }
        return i;
      }`,
    },
    {
      name: 'a count that grows only sometimes',
      text: `const T = list(U32, [3, 1, 2]);
      export function f(limit: u32): u32 {
        let found: u32 = 0;
        for (let i: u32 = 0; i < T.length; i++) {
          if (T.get(i) > limit) continue;
          found += 1;
        }
        return T.length - found;
      }`,
    },
    {
      name: 'characters of a string',
      text: `function print(code: u8): void { if (code === 0) pause(); }
      export function f(): void { write('hello'); }
      function write(text: string): void { for (let i: u32 = 0; i < text.length; i++) print(text.charCodeAt(i)); }`,
    },
    {
      name: 'a text compared with bytes',
      text: `export function f(b: Bytes): boolean { return starts(b, 'GRUB'); }
      function starts(b: Bytes, text: string): boolean {
        if (b.length < text.length) return false;
        for (let i: u32 = 0; i < text.length; i++) {
          if (b.u8(i) !== text.charCodeAt(i)) return false;
        }
        return true;
      }`,
    },
    {
      name: 'digits of a number, from the last',
      text: `const D = struct('D', { size: 20 }, { digits: at(0, arr(U8, 20)) });
      export function f(value: u64): u32 {
        const d = local(D);
        let rest: u64 = value;
        let count: u32 = 0;
        while (count < 20) {
          d.digits.set(count, u8(rest % 10n));
          count++;
          rest = rest / 10n;
          if (rest === 0n) break;
        }
        let sum: u32 = 0;
        while (count > 0) {
          count--;
          sum = u32(sum + d.digits.get(count));
        }
        return sum;
      }`,
    },
    {
      name: 'nested loops over a table of tables',
      text: `const Row = struct('Row', { size: 64 }, { cells: at(0, arr(U32, 16)) });
      const Grid = struct('Grid', { size: 512 }, { rows: at(0, arr(Row, 8)) });
      const grid = instance(Grid);
      export function f(width: u32): u32 {
        if (width > 16) return 0;
        let seen: u32 = 0;
        for (let y: u32 = 0; y < 8; y++) {
          for (let x: u32 = 0; x < width; x++) {
            if (grid.rows.at(y).cells.get(x) !== 0) seen++;
          }
        }
        return 128 - seen;
      }`,
    },
    {
      name: 'bits of a field are as wide as the field',
      text: `const Entry = bits(U64, { present: [0, 0], index: [12, 14] });
      const Page = struct('Page', { size: 16 }, { entry: at(0, Entry) });
      const page = instance(Page);
      const T = list(U32, [0, 1, 2, 3, 4, 5, 6, 7]);
      export function f(): u32 { return T.get(u32(page.entry.index)); }
      export function g(n: u64): void { page.entry.index = n & 7n; }`,
    },
  ]);
  t.end();
});

t.test('functions', (t) => {
  checkCases(t, [
    {
      name: 'what a function requires is known in it and proved at its call',
      text: `const T = list(U32, [0, 1, 2, 3]);
      function get(i: u32): u32 { requires(i < 4); return T.get(i); }
      export function f(i: u32): u32 { return i < 4 ? get(i) : 0; }`,
    },
    {
      name: 'what a function ensures is known after its call',
      text: `const T = list(U32, [0, 1, 2, 3]);
      function clamp(n: u32, most: u32): u32 { const result = n < most ? n : most; ensures(result <= most); return result; }
      export function f(n: u32): u32 { const i = clamp(n, 3); return T.get(i); }`,
    },
    {
      name: 'the range of a result is known without a contract',
      text: `const T = list(U32, [0, 1, 2, 3]);
      function pick(n: u32): u32 { if (n > 100) return 2; if (n > 50) return 3; return 0; }
      export function f(n: u32): u32 { return T.get(pick(n)); }`,
    },
    {
      name: 'a function that only returns a condition stands for the condition',
      text: `function fits(offset: u32, count: u32, length: u32): boolean { return offset <= length && count <= length - offset; }
      export function f(b: Bytes, offset: u32): u32 { return fits(offset, 4, b.length) ? b.u32(offset) : 0; }`,
    },
    {
      name: 'nothing follows a call that never returns',
      text: `function stop(): never { for (;;) haltForever(); }
      export function f(a: u32, b: u32): u32 { if (b > a) stop(); return a - b; }`,
    },
    {
      name: 'a complete switch over an enum leaves nothing',
      text: `const Mode = { off: 0, on: 1, other: 7 } as const;
      type Mode = (typeof Mode)[keyof typeof Mode];
      export function f(mode: Mode): u32 {
        switch (mode) {
          case Mode.off: return 1;
          case Mode.on: case Mode.other: return 2;
          default: unreachable(mode);
        }
      }`,
    },
    {
      name: 'a switch over what guards have left of an enum',
      text: `const Mode = { off: 0, on: 5, other: 7, broken: 9 } as const;
      type Mode = (typeof Mode)[keyof typeof Mode];
      export function f(mode: Mode, n: u32): u32 {
        if (mode === Mode.on) return 0;
        if (n > 4 && mode === Mode.broken) return 7;
        switch (mode) {
          case Mode.off: return 1;
          case Mode.broken: case Mode.other: return 2;
          default: unreachable(mode);
        }
      }
      export function g(mode: Mode): u32 {
        if (mode === Mode.off || mode === Mode.other) return 1;
        if (mode !== Mode.on && mode !== Mode.broken) return unreachable(mode);
        return 2;
      }`,
    },
    {
      name: 'an enum is as small as its members',
      text: `const Mode = { off: 0, on: 1 } as const;
      type Mode = (typeof Mode)[keyof typeof Mode];
      const T = list(U32, [5, 6]);
      export function f(mode: Mode): u32 { return T.get(mode); }`,
    },
    {
      name: 'a declared invariant is used in the loop',
      text: `const T = list(U32, [0, 1, 2, 3]);
      export function f(n: u32): u32 {
        let sum: u32 = 0;
        let i: u32 = 0;
        while (sum < n) {
          invariant(i < 4);
          sum = u32(sum + T.get(i));
          i = (i + 1) & 3;
        }
        return sum;
      }`,
    },
    {
      name: 'the length of what is found is known, and of what is not found it does not count',
      text: `function find(b: Bytes, wanted: u32): Bytes | null {
        let last: Bytes | null = null;
        for (let offset: u32 = 0; offset + 8 <= b.length; offset += 8) {
          if (b.u32(offset) === wanted) return b.part(offset, 8);
          last = b.part(offset, 6);
        }
        return last;
      }
      export function f(b: Bytes): u32 {
        const found = b.length > 100 ? find(b, 7) : null;
        if (found === null) return 0;
        return found.u16(4);
      }`,
    },
    {
      name: 'a table is called with an index in bounds',
      text: `type Handler = (n: u32) => void;
      function one(n: u32): void { if (n === 0) pause(); }
      function other(n: u32): void { if (n === 1) pause(); }
      const handlers = table<Handler>(4, other, { [1]: one });
      export function f(i: u32): void { if (i < handlers.length) handlers.get(i)(i); }`,
    },
  ]);
  t.end();
});
