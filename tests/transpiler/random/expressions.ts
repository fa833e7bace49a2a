/** Random integer and boolean expressions. */
import type { Draw } from './draw.js';
import {
  EXACT,
  kindOf,
  limits,
  literal,
  MAX32,
  MAX64,
  widens,
  type Kind,
  type Named,
  type TypeName,
  type Value,
} from './values.js';

const INTERESTING = [0n, 1n, 2n, 3n, 7n, 8n, 31n, 32n, 63n, 255n, 256n, 65535n, 0x7fff_ffffn, 0x8000_0000n, MAX32];
/** The first number that JavaScript's bit operators take for a negative one. */
const HALF = 1n << 31n;
const WIDE = [...INTERESTING, 1n << 32n, 1n << 52n, (1n << 63n) - 1n, 1n << 63n, MAX64];

/** What an expression can be made of. */
export interface Scope {
  readonly names: readonly Named[];
  /** Names of booleans. */
  readonly flags: readonly string[];
  /** Calls that give an integer of a type, their arguments already proved. */
  readonly sources: readonly Value[];
}

/**
 * Writes expressions that the prover can mostly prove. Now and then one is doubtful: then either the prover refuses it, or the
 * run shows whether it was right to accept it.
 */
export class ExpressionWriter {
  private readonly draw: Draw;
  private readonly scope: Scope;

  constructor(draw: Draw, scope: Scope) {
    this.draw = draw;
    this.scope = scope;
  }

  /** An expression that may be stored as `type`. */
  fitting(type: TypeName, depth = 3): Value {
    const value = this.integer(kindOf(type), depth);
    const { low, high } = limits(type);
    const fits = value.low >= low && value.high <= high;
    const flows = widens(value.brand, type);
    if (flows && (fits || this.draw.once(30))) return value;
    return this.cast(type, value);
  }

  /** A condition. */
  condition(depth = 2): string {
    if (depth > 0 && this.draw.once(4)) {
      const operator = this.draw.pick(['&&', '||']);
      return `(${this.condition(depth - 1)} ${operator} ${this.condition(depth - 1)})`;
    }
    if (depth > 0 && this.draw.once(8)) return `!${this.condition(depth - 1)}`;
    if (this.scope.flags.length > 0 && this.draw.once(5)) return this.draw.pick(this.scope.flags);
    const kind = this.draw.pick<Kind>(['number', 'bigint']);
    const operator = this.draw.pick(['<', '<=', '>', '>=', '===', '!==']);
    const [a, b] = this.comparable(this.integer(kind, 1), this.integer(kind, 1));
    return `(${a.text} ${operator} ${b.text})`;
  }

  /** Two values that TypeScript lets one compare and a type of C holds: none negative beside one above 2^63. */
  private comparable(a: Value, b: Value): [Value, Value] {
    const { low, high } = hull(a, b);
    const overlap = (widens(a.brand, b.brand) || widens(b.brand, a.brand)) && (!isLiteral(a) || !isLiteral(b));
    const fits = low >= 0n || high < 1n << 63n || this.draw.once(30);
    if (overlap && fits) return [a, b];
    const type = a.kind === 'number' ? 'u32' : 'u64';
    return [this.cast(type, a), this.cast(type, b)];
  }

  /** Any integer expression of a kind. */
  integer(kind: Kind, depth: number): Value {
    if (depth === 0 || this.draw.once(4)) return this.leaf(kind);
    switch (this.draw.below(6)) {
      case 0:
        return this.cast(
          this.draw.pick(castsTo(kind)),
          this.modular(this.draw.pick<Kind>(['number', 'bigint']), depth),
        );
      case 1:
        return this.builtin(kind, depth);
      case 2:
        return this.choice(kind, depth);
      default:
        return this.operation(kind, depth);
    }
  }

  private leaf(kind: Kind): Value {
    const { names, sources } = this.scope;
    const choices = [...names, ...sources].filter((value) => value.kind === kind);
    if (choices.length > 0 && !this.draw.once(4)) return this.draw.pick(choices);
    return literal(this.draw.pick(kind === 'number' ? INTERESTING : WIDE), kind);
  }

  /** There are no casts to `i8` and `i16`: a mask and `u8(...)` give some of their values. */
  private cast(type: TypeName, value: Value): Value {
    if (type === 'i8') return this.mask('number', { ...value, text: `u8(${value.text})` }, 127n);
    if (type === 'i16') return this.cast('u8', value);
    return { ...limits(type), text: `${type}(${value.text})`, kind: kindOf(type), brand: type };
  }

  private choice(kind: Kind, depth: number): Value {
    const [a, b] = this.comparable(this.integer(kind, depth - 1), this.integer(kind, depth - 1));
    const brand = widens(a.brand, b.brand) ? (b.brand ?? a.brand) : widens(b.brand, a.brand) ? a.brand : 'mixed';
    return { ...hull(a, b), brand, text: `(${this.condition(1)} ? ${a.text} : ${b.text})` };
  }

  private builtin(kind: Kind, depth: number): Value {
    const type = kind === 'number' ? 'u32' : 'u64';
    const name = this.draw.pick(kind === 'number' ? ['min32', 'mul32', 'addSat32'] : ['min64', 'addSat64', 'subSat64']);
    const [a, b] = [this.fitting(type, depth - 1), this.fitting(type, depth - 1)];
    const high = name.startsWith('min') ? (a.high < b.high ? a.high : b.high) : limits(type).high;
    return { text: `${name}(${a.text}, ${b.text})`, kind, low: 0n, high, brand: type };
  }

  /** An expression that may wrap around below a cast. */
  private modular(kind: Kind, depth: number): Value {
    const [a, b] = [this.integer(kind, depth - 1), this.integer(kind, depth - 1)];
    const operator = this.draw.pick(['+', '-', '*', '&', '|', '^', '<<', '~', '-x']);
    const whole = { kind, low: 0n, high: 0n, brand: null };
    if (operator === '~') return { ...whole, text: `~${a.text}` };
    if (operator === '-x') return { ...whole, text: `-${a.text}` };
    if (operator === '<<') return { ...whole, text: `(${a.text} << ${this.shiftCount(kind)})` };
    if (operator === '*' && kind === 'number' && magnitude(a) * magnitude(b) > EXACT)
      return { ...whole, text: `(${a.text} * ${literal(BigInt(this.draw.below(2000)), kind).text})` };
    return { ...whole, text: `(${a.text} ${operator} ${b.text})` };
  }

  private shiftCount(kind: Kind): string {
    const width = kind === 'number' ? 32 : 64;
    if (this.draw.once(2)) return literal(BigInt(this.draw.below(width)), kind).text;
    return `(${this.leaf(kind).text} & ${literal(BigInt(width - 1), kind).text})`;
  }

  /** An operator whose exact result is wanted. */
  private operation(kind: Kind, depth: number): Value {
    const a = this.integer(kind, depth - 1);
    const operator = this.draw.pick(['+', '-', '*', '&', '|', '^', '>>', '%', '/']);
    switch (operator) {
      case '&':
        return this.mask(kind, a);
      case '>>':
        return this.shiftRight(kind, a);
      case '%':
      case '/':
        return this.division(kind, a, operator);
      case '|':
      case '^':
        return this.join(kind, a, this.integer(kind, depth - 1), operator);
      default:
        return this.arithmetic(kind, a, this.integer(kind, depth - 1), operator);
    }
  }

  private arithmetic(kind: Kind, a: Value, b: Value, operator: string): Value {
    const ends = [a.low, a.high].flatMap((x) =>
      [b.low, b.high].map((y) => (operator === '+' ? x + y : operator === '-' ? x - y : x * y)),
    );
    const low = least(ends);
    const high = -least(ends.map((end) => -end));
    const text = `(${a.text} ${operator} ${b.text})`;
    if (isHeld(kind, low, high) || this.draw.once(30)) return { text, kind, low, high, brand: null };
    return this.cast(
      kind === 'number' ? 'u8' : 'u64',
      kind === 'number' ? { ...a, text: `(${a.text} + ${b.text})` } : { ...a, text },
    );
  }

  private mask(kind: Kind, a: Value, mask = this.anyMask(kind)): Value {
    const isSeenWhole = kind === 'bigint' || (a.low >= -HALF && a.high < HALF) || (a.low >= 0n && a.high <= MAX32);
    if (!isSeenWhole && !this.draw.once(30)) return this.mask(kind, this.cast('u32', a), mask);
    const high = a.low >= 0n && a.high < mask ? a.high : mask;
    return { text: `(${a.text} & ${literal(mask, kind).text})`, kind, low: 0n, high, brand: null };
  }

  private anyMask(kind: Kind): bigint {
    return (1n << BigInt(1 + this.draw.below(kind === 'number' ? 30 : 63))) - 1n;
  }

  private join(kind: Kind, a: Value, b: Value, operator: string): Value {
    const top = kind === 'number' ? 0x7fff_ffffn : MAX64;
    const text = `(${a.text} ${operator} ${b.text})`;
    if (a.low >= 0n && b.low >= 0n && a.high <= top && b.high <= top)
      return { text, kind, low: 0n, high: top, brand: null };
    return this.cast(kind === 'number' ? 'u32' : 'u64', { text, kind, low: 0n, high: 0n, brand: null });
  }

  private shiftRight(kind: Kind, a: Value): Value {
    const isUnsigned = kind === 'number' && this.draw.once(2);
    const top = isUnsigned ? MAX32 : 0x7fff_ffffn;
    const safe = kind === 'bigint' || (a.low >= 0n && a.high <= top) || this.draw.once(10);
    const operand = safe ? a : this.mask(kind, a);
    const count = BigInt(this.draw.below(kind === 'number' ? 32 : 64));
    const text = `(${operand.text} ${isUnsigned ? '>>>' : '>>'} ${literal(count, kind).text})`;
    return { text, kind, low: operand.low >> count, high: operand.high >> count, brand: null };
  }

  private division(kind: Kind, a: Value, operator: '%' | '/'): Value {
    const positive = (kind === 'number' ? INTERESTING : WIDE).slice(1);
    const divisor = this.draw.pick(a.low < 0n ? positive.filter((value) => value < 1n << 63n) : positive);
    const text = `(${a.text} ${operator} ${literal(divisor, kind).text})`;
    if (operator === '/' && kind === 'number') return this.cast('u32', { ...a, text: text.slice(1, -1) });
    if (operator === '/') return { text, kind, low: a.low / divisor, high: a.high / divisor, brand: null };
    const low = a.low < 0n ? 1n - divisor : 0n;
    return { text, kind, low, high: a.high < 0n ? 0n : divisor - 1n, brand: null };
  }
}

function castsTo(kind: Kind): readonly TypeName[] {
  return kind === 'number' ? ['u8', 'u16', 'u32', 'i32'] : ['u64', 'i64'];
}

function isHeld(kind: Kind, low: bigint, high: bigint): boolean {
  if (kind === 'number') return low >= -EXACT && high <= EXACT;
  return (low >= 0n && high <= MAX64) || (low >= -(1n << 63n) && high < 1n << 63n);
}

function magnitude({ low, high }: Value): bigint {
  return -low > high ? -low : high;
}

function least(values: readonly bigint[]): bigint {
  return values.reduce((a, b) => (a < b ? a : b));
}

function hull(a: Value, b: Value): Value {
  return { ...a, low: a.low < b.low ? a.low : b.low, high: a.high > b.high ? a.high : b.high };
}

function isLiteral({ low, high }: Value): boolean {
  return low === high;
}
