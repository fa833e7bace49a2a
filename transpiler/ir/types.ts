/** The types of the language, as the intermediate representation holds them. */
import type { Location } from './location.js';

export type IntegerName = 'u8' | 'u16' | 'u32' | 'i8' | 'i16' | 'i32' | 'u64' | 'i64' | 'gpa' | 'hpa' | 'gva' | 'hva';

export type Type =
  | { readonly kind: 'void' }
  | { readonly kind: 'never' }
  | { readonly kind: 'boolean' }
  | { readonly kind: 'string' }
  | IntegerType
  | { readonly kind: 'reference'; readonly layout: Layout; readonly nullable: boolean }
  | { readonly kind: 'bytes'; readonly nullable: boolean }
  | { readonly kind: 'null' };

/**
 * An integer. `name` is null for what has no brand: literals, and operators whose operands have
 * none. `members` are the values of an enum.
 */
export interface IntegerType {
  readonly kind: 'integer';
  readonly javascript: 'number' | 'bigint';
  readonly name: IntegerName | null;
  readonly members: readonly bigint[] | null;
}

/** All integers from `low` to `high`, both included. */
export interface Range {
  readonly low: bigint;
  readonly high: bigint;
}

export interface ScalarLayout {
  readonly kind: 'scalar';
  /** 'boolean' is one byte, 0 or 1. */
  readonly name: IntegerName | 'boolean';
  readonly bytes: number;
}
export interface BitsLayout {
  readonly kind: 'bits';
  readonly base: ScalarLayout;
  readonly bytes: number;
  readonly fields: ReadonlyMap<string, readonly [low: number, high: number]>;
}
export interface ArrayLayout {
  readonly kind: 'array';
  readonly element: Layout;
  readonly length: number;
  readonly bytes: number;
}
export interface StructLayout {
  readonly kind: 'struct';
  readonly name: string;
  /** The module that declares it, as `Module.name`. */
  readonly module: string;
  readonly at: Location;
  readonly bytes: number;
  readonly volatile: boolean;
  readonly fields: ReadonlyMap<string, { readonly offset: number; readonly layout: Layout }>;
}
/** Equal layouts of one program are one object: compare with ===. */
export type Layout = ScalarLayout | BitsLayout | ArrayLayout | StructLayout;
