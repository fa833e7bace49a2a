/**
 * Programs in which the prover once assumed what it had not proved. Their guards are random: a program with a right guard must do
 * the same in Node and in C, and one with a wrong guard must be refused.
 */
import { kindOf, limits } from '../values.js';
import { spelled, TYPES, type Template } from './template.js';

const CODES = 9;

export const PROVERS: readonly Template[] = [
  {
    name: 'a mask before and after the sign is known',
    write(draw, name) {
      const low = 1 + draw.below(5);
      // Few bits, so that `first` is often between `least` and `most`.
      const width = 1 + draw.below(3);
      const mask = ((1 << width) - 1) << low;
      const least = (1 + draw.below(Math.min(3, (1 << width) - 1))) << low;
      const most = least + 1 + draw.below(least * ((1 << low) - 1));
      return `export function ${name}(x: i32, i: u32): u32 {
  const first = x & ${mask};
  ${draw.pick(['if (x < 0) return 0;', 'if (x < 0) return 0;', 'if (x < 0) return 0;', 'if (x >= 0 && i > 7) return 3;', ''])}
  const second = x & ${mask};
  if (first >= ${least} && second < ${most}) return codes.get(${draw.pick(['i', 'i', `i % ${CODES}`])});
  return (x & ${mask >> 1}) === first ? codes.get(i & 7) : u32(second);
}`;
    },
  },
  {
    name: 'an ensures that needs a proof itself',
    write(draw, name) {
      const [given, promise] = draw.pick([
        [`i < ${CODES}`, 'codes.get(i) >= 0'],
        ['i !== 0', 'u32(10 / i) <= 10'],
        ['i < 4', "'four'.charCodeAt(i) >= 0"],
        ['i < 32', 'u32(1 << i) >= 0'],
      ]);
      const bound = draw.pick([`requires(${given});`, '']);
      return `const WORD_${name} = 'four';
function look_${name}(i: u32): u32 { ${bound} const r: u32 = 1; ensures(${promise?.replace("'four'", `WORD_${name}`)}); return r; }
export function ${name}(x: u32): u32 {
  ${draw.pick([`if (!(${given?.replaceAll('i', 'x')})) return 7;`, ''])}
  const one = look_${name}(x);
  return one > 3 ? 0 : codes.get(x & ${draw.pick([7, 15])});
}`;
    },
  },
  {
    name: 'an ensures whose sum may wrap',
    write: (draw, name) => `function more_${name}(n: u64): u64 {
  ${draw.pick(['requires(n < 0xffff_ffff_ffff_ffffn);', '', 'requires(n < 100n);'])}
  const r = n;
  ensures(n + ${1 + draw.below(2)}n > n);
  return r;
}
export function ${name}(x: u64): u64 {
  ${draw.pick(['if (x > 50n) return 0n;', ''])}
  return more_${name}(x) + 1n;
}`,
  },
  {
    name: 'two returns that ensure one thing in the same words',
    write(draw, name) {
      const other = draw.pick([
        '{ const n: u32 = 0xffff_ffff; const r: u32 = 1000; ensures(r < n); return r; }',
        'if (n > 0) { const r: u32 = n - 1; ensures(r < n); return r; } const r: u32 = 0; ensures(r < n); return r;',
        'const r: u32 = 0; ensures(r < n); return r;',
        'const other: u32 = 0; ensures(other < n); return other;',
      ]);
      return `function pick_${name}(n: u32, x: u32): u32 {
  ${draw.pick(['requires(n > 0);', ''])}
  if (x < n) { const r = x; ensures(r < n); return r; }
  ${other}
}
export function ${name}(x: u32): u32 { return codes.get(pick_${name}(${1 + draw.below(CODES + 1)}, x)); }`;
    },
  },
  {
    name: 'an ensures of a parameter that is given another value',
    write: (draw, name) => `function least_${name}(n: u32): u32 {
  const r: u32 = ${draw.pick(['n', '20'])};
  ${draw.pick(['n = 0;', '', 'if (n > 3) n = 3;', 'n = 30;'])}
  ensures(r <= n);
  return r;
}
export function ${name}(x: u32): u32 { return codes.get(x < ${CODES} ? least_${name}(x) : 0); }`,
  },
  {
    name: 'signed division',
    write(draw, name) {
      const type = draw.pick(['i32', 'i64'] as const);
      const n = type === 'i64' ? 'n' : '';
      const guard = draw.pick([
        `b >= 0${n}`,
        `b === 0${n}`,
        `b === 0${n} || b === -1${n}`,
        `b <= 0${n}`,
        `a === b || b === 0${n}`,
      ]);
      const quotient = type === 'i64' ? 'a / b' : draw.pick(['i32(a / b)', 'i32(u32(a / b))']);
      const least = spelled(limits(type).low, type);
      return `export function ${name}(p: ${type}, q: ${type}, which: u8): ${type} {
  const a: ${type} = (which & 1) === 0 ? ${least} : p;
  const b: ${type} = (which & 2) === 0 ? -1${n} : q;
  if (${guard}) return 0${n};
  return ${draw.pick([quotient, 'a % b'])};
}`;
    },
  },
  {
    name: 'a negated unsigned value',
    write(draw, name) {
      const [from, to, half] = draw.pick([
        ['u32', 'i32', '0x8000_0000'],
        ['u64', 'i64', '0x8000_0000_0000_0000n'],
      ] as const);
      const n = from === 'u64' ? 'n' : '';
      const more = draw.pick([` - ${draw.below(3)}${n}`, ` + ${draw.below(2)}${n}`, '']);
      const value = draw.pick(['-x', '-x', '~x', `-(x & 1${n}) * ${half}`]);
      return `export function ${name}(p: ${from}, which: u8): ${to} {
  const x: ${from} = (which & 1) === 0 ? ${half} : p;
  if (x > ${half}${more}) return 0${n};
  return ${value};
}`;
    },
  },
  {
    name: 'labels of a switch at the ends of its type',
    write(draw, name) {
      const type = draw.pick(TYPES);
      const { low, high } = limits(type);
      const size = high - low + 1n;
      const ends = [low, high, 0n, low + 1n, high - 1n];
      const beyond = [low - 1n, high + 1n, size, size + 1n, -1n];
      const isWithin = !draw.once(2);
      const label = spelled(draw.pick(isWithin ? ends : beyond), type);
      return `export function ${name}(x: ${type}, i: u32): u32 {
  switch (x) { case ${label}: return codes.get(${isWithin ? `i % ${CODES}` : 'i'}); default: return ${draw.below(9)}; }
}`;
    },
  },
  {
    name: 'what the prover knows of a difference, a quotient and a shift',
    write(draw, name) {
      const type = draw.pick(['u32', 'u64', 'i32', 'i64'] as const);
      const n = kindOf(type) === 'bigint' ? 'n' : '';
      const index = n ? (text: string) => `u32(${text})` : (text: string) => text;
      const limit = CODES + draw.below(3) - 1;
      const derived = draw.pick([
        `const d = x - y; if (x < y || x > ${limit}${n}) return 1; `,
        `if (x < 0${n} || y <= 0${n} || x >= ${limit}${n}) return 1; const d = x % y; `,
        `if (x < 0${n} || x >= ${limit * 2}${n}) return 1; const d = x >> 1${n}; `,
        `if (x < y || y < 0${n} || x >= ${limit}${n}) return 1; const d = x - y; `,
        `if (x < 0${n} || x > ${limit * 8}${n}) return 1; const d = x & ${8 * (1 + draw.below(3))}${n}; `,
      ]);
      return `export function ${name}(x: ${type}, y: ${type}): u32 {
  ${derived}
  return codes.get(${index('d')});
}`;
    },
  },
];
