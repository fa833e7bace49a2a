/** Random modules: the same declarations in each, and functions that work on them. */
import fc from 'fast-check';
import type { GeneratedModule } from './batch.js';
import { drawn } from './draw.js';
import { FunctionWriter } from './functions.js';
import { LENGTHS } from './idioms.js';
import { CONSTRUCTS, RISKS, type Template } from './templates/index.js';

const PROGRAMS_A_MODULE = 60;
/** Stands in a template for the name of the function. */
const NAME = 'NAMED';

/** What every module of a random program starts with. `id` keeps the names of its layouts its own. */
export function preamble(id: number): string {
  return `import {
  addressOf, addSat32, addSat64, arr, at, bits, BOOL, copyMemory, ensures, exchange32, fillMemory, GPA, gpa, GVA, gva,
  haltForever, HPA, hpa, HVA, hva, I16, I32, I64, I8, i32, i64, in8, instance, invariant, list, local, min32, min64,
  mul32, out8, physical, rdtsc, requires, STRING, struct, subSat64, table, tryRdmsr, u16, u32, U16, U32, u64, U64, u8,
  U8, unreachable, window, type Bytes, type Gpa, type Gva, type Hpa, type Hva, type i16, type i8, type Ref,
} from '../../../transpiler/lib/index.js';

export const SCALE = 12;
export const LARGE = (1n << 40n) + 5n;
export const MIXED = SCALE * 3 - 1;
export const NAME = 'tsvm-${id}';

export const Flags${id} = bits(U32, { present: [0, 0], kind: [4, 7], wide: [8, 30], top: [31, 31] });
export const Record${id} = struct('Record${id}', { size: 24 }, {
  count: at(0, U32), kind: at(4, U8), on: at(5, BOOL), small: at(6, I16), total: at(8, U64), signed: at(16, I64),
});
export type Record${id} = Ref<typeof Record${id}>;
export const State${id} = struct('State${id}', { size: 64 }, {
  byte: at(0, U8), tiny: at(1, I8), word: at(2, U16), short: at(4, I16), sum: at(7, U32), signed: at(11, I32),
  quad: at(16, U64), delta: at(24, I64), on: at(32, BOOL), flags: at(33, Flags${id}), record: at(40, Record${id}),
});

export const Device${id} = struct('Device${id}', { size: 16, volatile: true }, {
  control: at(0, U32), data: at(6, U16), wide: at(8, U64),
});
export const Mode = { off: 0, slow: 3, fast: 0x80 } as const;
export type Mode = (typeof Mode)[keyof typeof Mode];

const device = instance(Device${id});
const state = instance(State${id});
const words = instance(arr(U32, ${LENGTHS.words}));
const records = instance(arr(Record${id}, ${LENGTHS.records}), { align: 64 });
const codes = list(U32, [0, 1, 0xffffffff, 0x80000000, 7, 8, 9, SCALE, MIXED]);

function increased(value: u32): u32 {
  return u32(value + 1);
}

function halved(value: u32): u32 {
  state.sum = value;
  return u32(value / 2);
}

const handlers = table(${LENGTHS.handlers}, increased, { [2]: halved, [4]: halved });

export function wordAt(index: u32): u32 {
  requires(index < ${LENGTHS.words});
  return words.get(index);
}

export function clamped(value: u32): u32 {
  const result: u32 = value % ${LENGTHS.words};
  ensures(result < ${LENGTHS.words});
  return result;
}

export function describe(record: Record${id}, more: u64): u64 {
  record.count = u32(more);
  record.on = more > 5n;
  record.total = u64(record.total + more);
  return record.on ? record.total : more;
}

export function speedOf(mode: Mode): u32 {
  switch (mode) {
    case Mode.off:
      return 0;
    case Mode.slow:
    case Mode.fast:
      return mode + 1;
    default:
      return unreachable(mode);
  }
}

export function firstOf(record: Record${id} | null, data: Bytes | null): u64 {
  if (record === null) return data === null ? 1n : u64(data.length);
  if (data === null || data.length < 8) return record.total;
  return data.u64(0);
}

export function distance(from: Gpa, more: u64): u64 {
  if (from > 0xffff_ffff_0000_0000n || more > 0xffff_ffffn) return u64(from ^ more);
  const to: Gpa = from + more;
  return gpa(to + 0n) - from;
}

export function counted(count: u32, step: u8): u64 {
  let sum: u64 = 0n;
  let last: u32 = 0;
  for (let i: u32 = 0; i < count && i < 40; i++) {
    invariant(last <= i);
    if ((i & 3) === 2) continue;
    if (i > 30 && step === 7) break;
    sum += u64(i * step);
    last = i;
  }
  return sum + u64(last);
}
`;
}

/** A program to try: a function with what it declares for itself. `name` is the function's, and the program's own. */
export type ProgramText = (module: number, name: string) => string;

/** Random statements, or a program of a fixed form with random parts. */
export const anyProgram: fc.Arbitrary<ProgramText> = fc.oneof(
  { arbitrary: drawn((draw) => new FunctionWriter(draw).write()), weight: 2 },
  { arbitrary: fc.constantFrom(...RISKS).chain(ofTemplate), weight: 3 },
  { arbitrary: fc.constantFrom(...CONSTRUCTS).chain(ofTemplate), weight: 1 },
);

export function ofTemplate({ write }: Template): fc.Arbitrary<ProgramText> {
  return drawn((draw) => {
    const text = write(draw, NAME);
    return (_, name) => text.replaceAll(NAME, name);
  });
}

/** The programs, some in each module. */
export function modulesOf(programs: readonly ProgramText[]): readonly GeneratedModule[] {
  const count = Math.ceil(programs.length / PROGRAMS_A_MODULE);
  return Array.from({ length: count }, (_, id) => ({
    preamble: preamble(id),
    functions: programs
      .slice(id * PROGRAMS_A_MODULE, (id + 1) * PROGRAMS_A_MODULE)
      .map((write, index) => write(id, `p${id}x${index}`)),
  }));
}
