/**
 * Intrinsics: what the language itself cannot say, declared once.
 *
 * One declaration gives the TypeScript function, the method of the simulated machine that stands
 * for it in Node, the C prototype, the effects the checker counts, and the reference page.
 */
import type { Gpa, Gva, Hpa, Hva, i32, i64, u16, u32, u64, u8 } from './integers.js';
import type { Ref, StructLayout } from './layout.js';

interface TypeNames {
  u8: u8;
  u16: u16;
  u32: u32;
  u64: u64;
  i32: i32;
  i64: i64;
  gpa: Gpa;
  hpa: Hpa;
  gva: Gva;
  hva: Hva;
  boolean: boolean;
  string: string;
  void: void;
  never: never;
}
export type TypeName = keyof TypeNames;

/** What an intrinsic touches. `alloc` and `lock` are for programs that declare such intrinsics. */
export type Effect =
  | 'memory'
  | 'msr'
  | 'port'
  | 'mmio'
  | 'control'
  | 'virtualization'
  | 'time'
  | 'halt'
  | 'alloc'
  | 'lock';

export interface Intrinsic {
  /** Names and types, in order. */
  readonly parameters: readonly (readonly [name: string, type: Exclude<TypeName, 'void' | 'never'>])[];
  /** A type's name, or a struct that is returned by value. */
  readonly result: TypeName | StructLayout<unknown>;
  readonly effects: readonly Effect[];
  /** The C function that does it. */
  readonly c: string;
  /** One sentence for the reference page. */
  readonly about: string;
  /** Where the manual describes it. */
  readonly manual?: string;
}

type ResultOf<R> = R extends TypeName ? TypeNames[R] : Ref<R>;
type ParametersOf<P> = {
  -readonly [I in keyof P]: P[I] extends readonly [string, infer N extends TypeName] ? TypeNames[N] : never;
};

/** The TypeScript functions of a table of intrinsics. */
export type Functions<T> = {
  [K in keyof T]: T[K] extends { readonly parameters: infer P extends readonly unknown[]; readonly result: infer R }
    ? (...parameters: Extract<ParametersOf<P>, unknown[]>) => ResultOf<R>
    : never;
};

type Simulation = Readonly<Record<string, ((...parameters: never[]) => unknown) | undefined>>;

let simulation: Simulation = {};
const everyDeclared = new Map<string, Intrinsic>();

/** Thrown in Node by an intrinsic that the simulation has no method for. */
export class NotSimulatedError extends Error {
  constructor(name: string) {
    super(`the simulated machine has no ${name}()`);
    this.name = 'NotSimulatedError';
  }
}

/** Test support: what the intrinsics do in Node from now on; null takes every method away. */
export function simulate(machine: object | null): void {
  simulation = (machine ?? {}) as Simulation;
}

/** Declares intrinsics: `export const { rdtsc, rdmsr } = intrinsics({ rdtsc: {...}, rdmsr: {...} })`. */
export function intrinsics<const T extends Readonly<Record<string, Intrinsic>>>(declared: T): Functions<T> {
  const functions: Record<string, (...parameters: never[]) => unknown> = {};
  for (const [name, intrinsic] of Object.entries(declared)) {
    everyDeclared.set(name, intrinsic);
    functions[name] = (...parameters: never[]): unknown => {
      const method = simulation[name];
      if (!method) throw new NotSimulatedError(name);
      return method.apply(simulation, parameters);
    };
  }
  return functions as Functions<T>;
}

/** For tools: every intrinsic that the modules loaded so far declare, by name, in their order. */
export function declaredIntrinsics(): ReadonlyMap<string, Intrinsic> {
  return everyDeclared;
}
