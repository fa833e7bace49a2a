/** Obligations in SMT-LIB 2: unbounded integers, with operators spelled out exactly. */
import type { Formula } from '../../../transpiler/prove/domain/formula.js';
import type { Linear } from '../../../transpiler/prove/domain/linear.js';
import { formOf, operandsOf, type Obligation } from './obligations.js';

/** Asserts what is known, and that the goal is false: `unsat` confirms the proof. Null if an operator has no exact form here. */
export function scriptOf({ ranges, facts, differences, meaning, goal }: Obligation): string | null {
  const defined = meaning === null ? null : definition(meaning.key);
  if (meaning !== null && defined === null) return null;
  const writer = new Writer();
  const lines = [
    ...[...ranges].map(([symbol, { low, high }]) => `(<= ${integer(low)} ${writer.symbol(symbol)} ${integer(high)})`),
    ...facts.map((fact) => `(<= ${writer.form(fact)} 0)`),
    ...differences.map((key) => `(not (= ${writer.form(formOf(key))} 0))`),
    ...(meaning && defined ? [`(= ${writer.form(meaning.value)} ${defined(writer)})`] : []),
    `(not ${writer.formula(goal)})`,
  ];
  return [...writer.declarations(), ...lines.map((line) => `(assert ${line})`)].join('\n');
}

class Writer {
  private readonly declared = new Map<string, string>();
  private unknowns = 0;

  symbol(symbol: number): string {
    const name = `s${symbol}`;
    this.declared.set(name, 'Int');
    return name;
  }

  form({ terms, constant }: Linear): string {
    const parts = terms.map(({ symbol, factor }) => `(* ${integer(factor)} ${this.symbol(symbol)})`);
    return `(+ ${[integer(constant), integer(0n), ...parts].join(' ')})`;
  }

  formula(formula: Formula): string {
    switch (formula.kind) {
      case 'atMost':
        return `(<= ${this.form(formula.form)} 0)`;
      case 'equal':
        return `(= ${this.form(formula.form)} 0)`;
      case 'differs':
        return `(not (= ${this.form(formula.form)} 0))`;
      case 'all':
        return `(and true ${formula.parts.map((part) => this.formula(part)).join(' ')})`;
      case 'any':
        return `(or false ${formula.parts.map((part) => this.formula(part)).join(' ')})`;
      case 'given': {
        const given = formula.facts.map((fact) => `(<= ${this.form(fact)} 0)`).join(' ');
        return `(=> (and true ${given}) ${this.formula(formula.then)})`;
      }
      case 'unknown': {
        const name = `u${this.unknowns++}`;
        this.declared.set(name, 'Bool');
        return name;
      }
    }
  }

  declarations(): readonly string[] {
    return [...this.declared].map(([name, sort]) => `(declare-const ${name} ${sort})`);
  }
}

type Definition = (writer: Writer) => string;

/** The result of an operator as JavaScript defines it; null if integer arithmetic cannot express it. */
function definition(key: string): Definition | null {
  const operator = key.slice(0, key.indexOf(' ('));
  const [a, b, c] = operandsOf(key);
  if (!a || !b) return null;
  const second = b.terms.length === 0 ? b.constant : null;
  switch (operator) {
    case '*':
      return (writer) => `(* ${writer.form(a)} ${writer.form(b)})`;
    case '/':
      return (writer) => truncated(writer.form(a), writer.form(b));
    case '%':
      return (writer) => `(- ${writer.form(a)} (* ${writer.form(b)} ${truncated(writer.form(a), writer.form(b))}))`;
    case '>>':
      return second === null || second < 0n ? null : (writer) => `(div ${writer.form(a)} ${1n << second})`;
    case '<<':
      return second === null || second < 0n ? null : (writer) => `(* ${writer.form(a)} ${1n << second})`;
    case '&':
      return withMask(a, b, (_, masked) => masked);
    case '|':
      return withMask(a, b, (x, masked, mask) => `(- (+ ${x} ${mask}) ${masked})`);
    case '^':
      return withMask(a, b, (x, masked, mask) => `(- (+ ${x} ${mask}) (* 2 ${masked}))`);
    case 'multiples of':
      return withMask(a, b, (_, masked, mask) => `(div ${masked} ${mask & -mask})`);
    case 'truncated': {
      const size = c && c.constant - b.constant + 1n;
      return size
        ? (writer) => `(+ ${integer(b.constant)} (mod (- ${writer.form(a)} ${integer(b.constant)}) ${size}))`
        : null;
    }
    case 'smaller':
      return (writer) => `(ite (<= ${writer.form(a)} ${writer.form(b)}) ${writer.form(a)} ${writer.form(b)})`;
    default:
      return null;
  }
}

/** The quotient rounded towards 0. */
function truncated(a: string, b: string): string {
  return `(ite (= (>= ${a} 0) (>= ${b} 0)) (div (abs ${a}) (abs ${b})) (- (div (abs ${a}) (abs ${b}))))`;
}

/** An operator of a value and a constant that is not negative, by way of the bits they share. */
function withMask(
  a: Linear,
  b: Linear,
  result: (value: string, masked: string, mask: bigint) => string,
): Definition | null {
  const [value, mask] = b.terms.length === 0 ? [a, b.constant] : [b, a.constant];
  const isConstant = a.terms.length === 0 || b.terms.length === 0;
  if (!isConstant || mask <= 0n) return null;
  return (writer) => result(writer.form(value), masked(writer.form(value), mask), mask);
}

/** `value & mask` in two's complement of endless width: the sum of the runs of bits that the mask has. */
function masked(value: string, mask: bigint): string {
  const runs: string[] = [];
  for (let low = 0n; mask >> low > 0n; ) {
    let high = low;
    while (((mask >> high) & 1n) === 1n) high++;
    if (high > low) runs.push(`(* ${1n << low} (mod (div ${value} ${1n << low}) ${1n << (high - low)}))`);
    low = high + 1n;
  }
  return `(+ 0 ${runs.join(' ')})`;
}

function integer(value: bigint): string {
  return value < 0n ? `(- ${-value})` : String(value);
}
