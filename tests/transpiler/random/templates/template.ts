/** Programs of a fixed form with random parts. */
import type { Draw } from '../draw.js';
import { kindOf, limits, type TypeName } from '../values.js';

/** A form of program. */
export interface Template {
  /** What it has that random statements do not. */
  readonly name: string;
  /** Its text: declarations of its own and the exported function `name`. All it declares has `name` in its name. */
  write(draw: Draw, name: string): string;
}

export const TYPES: readonly TypeName[] = ['u8', 'u16', 'u32', 'u64', 'i8', 'i16', 'i32', 'i64'];

/** The layout of a type: `U8` of `u8`. */
export function layoutOf(type: string): string {
  return type.toUpperCase();
}

/** A literal of `type` that may be at one of its ends. */
export function anyLiteral(draw: Draw, type: TypeName): string {
  const { low, high } = limits(type);
  const near = BigInt(draw.below(5));
  const chosen = draw.pick([low, high, low + near, high - near, near, low < 0n ? -near : near]);
  return spelled(chosen, type);
}

/** `value` as a literal of `type`. */
export function spelled(value: bigint, type: TypeName): string {
  return `${value}${kindOf(type) === 'bigint' ? 'n' : ''}`;
}
