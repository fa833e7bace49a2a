/** Constants and lists that once had another value in C than in JavaScript. */
import type { Program } from './programs.js';

const refused = (name: string, text: string, code = 'TSV1017'): Program => ({ name, text, code });

export const CONSTANTS: readonly Program[] = [
  refused('a shift of a value with the sign bit', 'export const PAGE = 0xfee0_0000 >> 12;'),
  refused('an unsigned shift of a negative value', 'export const M = -1 >>> 0;'),
  refused('a product above 2^53', 'export const W = u32(0xffff_ffff * 0xffff_ffff);'),
  refused('a shift of more than 32 bits', 'export const B = 0x1_0000_0000 >> 4;'),
  refused(
    'more than 64 bits',
    'const BIG = 0x1000_0000_0000_0000n * 1024n;\nexport function f(): u64 { return BIG >> 8n; }',
  ),
  refused('a number above 2^53', 'export function f(): u64 { return u64(0x20_0000_0000_0001); }'),
  refused('a count above 31', 'export const C = u32(1 << 40);'),
  refused('a negative count', 'export const N = 1 << -1;'),
  refused('bits above 32', 'export const A = 0x1_0000_0001 & 3;'),
  refused(
    'a divisor of more than 64 bits',
    'const A = u64(0x1000_0000_0000_0000n % 0x1_0000_0000_0000_0000n);\nexport function f(): u64 { return A; }',
  ),
  refused(
    'a shift of more than 64 bits',
    'const A = 0x1_0000_0000_0000_0000n >> 4n;\nexport function f(): u64 { return A; }',
  ),
  refused(
    'a remainder of values of two signs',
    'const A = -1n % 0xffff_ffff_ffff_ffffn;\nexport function f(): i64 { return A; }',
  ),
  refused(
    'a comparison of values of two signs',
    'const A: boolean = -1n < 0xffff_ffff_ffff_ffffn;\nexport function f(): boolean { return A; }',
  ),
  refused('a constant that its type does not hold', 'export const S: u8 = 300;', 'TSV1007'),
  refused(
    'a negative value in a list of u8',
    'const L = list(U8, [-1]);\nexport function f(): u32 { return L.get(0); }',
    'TSV1007',
  ),
  refused(
    '300 in a list of u8',
    'const L = list(U8, [300]);\nexport function f(): u32 { return L.get(0); }',
    'TSV1007',
  ),
  {
    name: 'constants of all operators',
    text: `const A = u32(-1 * 7); const B = (5 << 3) | 2; const C = 0xffn ^ (1n << 63n); const D = -(7 % 4); const E = u32(0xffff_ffff ^ 0xf);
    const F = i32(0xffff_ffff); const G = u64(-1n); const H = u32(~5); const I = 1 << 30; const J = u32(1 << 31);
    export function f(i: u32): u64 {
      switch (i) {
        case 0: return u64(A);
        case 1: return u64(B);
        case 2: return C;
        case 3: return u64(D);
        case 4: return u64(E);
        case 5: return u64(F);
        case 6: return G;
        case 7: return u64(H);
        case 8: return u64(I);
        default: return u64(J);
      }
    }`,
    calls: Array.from({ length: 10 }, (_, index): [string, bigint] => ['f', BigInt(index)]),
  },
  {
    name: 'branches that constants close',
    text: `const N = 0; const WIDE = 40;
    export function f(x: u32): u32 { if (N === 0) return 0; return u32(x / N); }
    export function g(x: u32): u32 { if (WIDE > 31) return 1; return x >>> WIDE; }`,
    calls: [
      ['f', 3n],
      ['g', 3n],
    ],
  },
  {
    name: 'quotients and comparisons of constants of one type',
    text: `const A = 0xffff_ffff_ffff_ffffn / 3n; const B = -7n % 2n; const C = 0xffff_ffff_ffff_ffffn > 3n; const D = -2n < 1n;
    export function f(): u64 { return A; } export function g(): i64 { return B; } export function h(): boolean { return C && D; }`,
    calls: [['f'], ['g'], ['h']],
  },
];
