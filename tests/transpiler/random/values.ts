/** Expressions with the values that the generator expects of them. */

export type TypeName = 'u8' | 'u16' | 'u32' | 'i8' | 'i16' | 'i32' | 'u64' | 'i64';
export type Kind = 'number' | 'bigint';

/**
 * An expression's text and the values it can have. `brand` is the type that TypeScript gives it:
 * null for operators and literals, which flow anywhere, 'mixed' for what flows nowhere.
 */
export interface Value {
  readonly text: string;
  readonly kind: Kind;
  readonly low: bigint;
  readonly high: bigint;
  readonly brand: TypeName | 'mixed' | null;
}

/** Something a statement may name. */
export interface Named extends Value {
  readonly brand: TypeName;
  readonly mutable: boolean;
}

export const MAX32 = (1n << 32n) - 1n;
export const MAX64 = (1n << 64n) - 1n;
/** The limit of exact numbers. */
export const EXACT = (1n << 53n) - 1n;

/** The values of a type. */
export function limits(type: TypeName): { low: bigint; high: bigint } {
  const bits = BigInt(type.slice(1));
  const half = 1n << (bits - 1n);
  return type.startsWith('i') ? { low: -half, high: half - 1n } : { low: 0n, high: 2n * half - 1n };
}

export function kindOf(type: TypeName): Kind {
  return type.endsWith('64') ? 'bigint' : 'number';
}

/** A literal of a kind. Negative ones are bracketed. */
export function literal(value: bigint, kind: Kind): Value {
  const text = `${value}${kind === 'bigint' ? 'n' : ''}`;
  return { text: value < 0n ? `(${text})` : text, kind, low: value, high: value, brand: null };
}

/** Whether TypeScript accepts a value of type `from` for one of type `to`. */
export function widens(from: Value['brand'], to: Value['brand']): boolean {
  if (from === null || to === null) return true;
  if (from === 'mixed' || to === 'mixed') return false;
  const [a, b] = [limits(from), limits(to)];
  return kindOf(from) === kindOf(to) && a.low >= b.low && a.high <= b.high;
}
