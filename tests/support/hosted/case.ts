/** One run of one function: what goes in, the same for Node and for C. */
import type { Function, Instance } from '../../../transpiler/ir/nodes.js';

/** Bytes of simulated machine memory. */
export interface Region {
  readonly base: bigint;
  readonly bytes: Uint8Array;
}

/** An integer, a boolean or text; a reference or a window by where it is; null. */
export type Value = bigint | boolean | string | Region | null;

export interface Case {
  readonly function: Function;
  readonly arguments: readonly Value[];
  /** Memory that is there beside the instances and what the arguments refer to. */
  readonly regions: readonly Region[];
  /** What the instances hold that the function can reach. */
  readonly instances: ReadonlyMap<Instance, Uint8Array>;
  /** What the intrinsics give, in order; each takes as many bits as its type has. */
  readonly answers: readonly bigint[];
}

/**
 * What came out, as lines: intrinsic calls in order, how it ended, each byte of memory that
 * changed. Both sides print the same text.
 */
export type Outcome = string;

/** All regions of a case, in the order both sides take them. */
export function regionsOf(run: Case): Region[] {
  const referred = run.arguments.filter((value) => typeof value === 'object' && value !== null);
  return [...run.regions, ...referred];
}

/** What a run of one case is called in messages. */
export function callOf({ function: tested, arguments: values }: Case): string {
  return `${tested.module.name} ${tested.name}(${values.map(describe).join(', ')})`;
}

function describe(value: Value): string {
  if (typeof value !== 'object' || value === null) return String(value);
  return `0x${value.base.toString(16)}[${value.bytes.length}]`;
}
