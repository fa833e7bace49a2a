/** A case is one run of one function: its inputs, the same for Node and for C. */
import type { Function, Instance } from '../../../transpiler/ir/nodes.js';

/** Bytes of simulated machine memory. */
export interface Region {
  readonly base: bigint;
  readonly bytes: Uint8Array;
}

/** A value: an integer, a boolean or a text; the place of a reference or a window; or null. */
export type Value = bigint | boolean | string | Region | null;

export interface Case {
  readonly function: Function;
  readonly arguments: readonly Value[];
  /** Memory in addition to the instances and the memory that arguments refer to. */
  readonly regions: readonly Region[];
  /** Content of the instances that the function can reach. */
  readonly instances: ReadonlyMap<Instance, Uint8Array>;
  /** Results of intrinsics, in order. Each uses as many bits as its type has. */
  readonly answers: readonly bigint[];
}

/**
 * The outcome of a case, as lines: the intrinsic calls in order, how the run ended, and each changed byte of memory. Both sides
 * print it in the same form.
 */
export type Outcome = string;

/** All regions of a case, in the order that both sides use. */
export function regionsOf(run: Case): Region[] {
  const referred = run.arguments.filter((value) => typeof value === 'object' && value !== null);
  return [...run.regions, ...referred];
}

/** The call of a case, for messages. */
export function callOf({ function: tested, arguments: values }: Case): string {
  return `${tested.module.name} ${tested.name}(${values.map(describe).join(', ')})`;
}

function describe(value: Value): string {
  if (typeof value !== 'object' || value === null) return String(value);
  return `0x${value.base.toString(16)}[${value.bytes.length}]`;
}
