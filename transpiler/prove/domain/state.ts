/** What is known at one point of a function. */
import type { Variable } from '../../ir/nodes.js';
import type { Range } from '../../ir/types.js';
import { negated, type Formula } from './formula.js';
import { floorDivide, keyOf, normalise, plus, scale, type Linear } from './linear.js';
import { intersect, isWithin } from './range.js';
import { follows, leastUpperBound, upperBound, type Knowledge } from './search.js';
import type { Symbols } from './symbols.js';

const PROOF_DEPTH = 4;
/** How many inequalities are combined to bound a form. */
const BOUND_DEPTH = 2;
/** How many inequalities are combined to find that a new one contradicts what is known. */
const CONTRADICTION_DEPTH = 2;
/** How many symbols one new fact may narrow; facts like `a < b && b < a` would go on for ever. */
const MOST_NARROWED = 24;

/**
 * The values of the variables, and what is known of the symbols in them. Facts speak of symbols,
 * not of variables, so an assignment forgets nothing.
 */
export class State implements Knowledge {
  readonly symbols: Symbols;
  /** Integers; for Bytes and strings, their length. */
  integers: Map<Variable, Linear>;
  booleans: Map<Variable, Formula>;
  /** The results of earlier operators, by operator and operands, so that repeated expressions share a symbol. */
  readonly results: Map<string, Linear>;
  /** No execution reaches this point, so every formula counts as proved. */
  impossible = false;

  /** Forms that are not 0, by their key. No range and no inequality can express such a hole. */
  private readonly differences: Set<string>;
  private readonly ranges: Map<number, Range>;
  private readonly facts: Map<string, Linear>;
  private readonly factsBySymbol: Map<number, readonly Linear[]>;

  constructor(symbols: Symbols, from: State | null = null) {
    this.symbols = symbols;
    this.integers = new Map(from?.integers);
    this.booleans = new Map(from?.booleans);
    this.results = new Map(from?.results);
    this.differences = new Set(from?.differences);
    this.ranges = new Map(from?.ranges);
    this.facts = new Map(from?.facts);
    this.factsBySymbol = new Map(from?.factsBySymbol);
    this.impossible = from?.impossible ?? false;
  }

  copy(): State {
    return new State(this.symbols, this);
  }

  rangeOf(symbol: number): Range {
    return this.ranges.get(symbol) ?? this.symbols.get(symbol).range;
  }

  factsWith(symbol: number): readonly Linear[] {
    return this.factsBySymbol.get(symbol) ?? [];
  }

  allFacts(): Iterable<readonly [key: string, form: Linear]> {
    return this.facts;
  }

  has(key: string): boolean {
    return this.facts.has(key);
  }

  /** The symbols that more is known of than at their creation. */
  narrowed(): Iterable<number> {
    return this.ranges.keys();
  }

  /** The values that the ranges of its symbols allow. */
  spanOf(form: Linear): Range {
    return { low: -upperBound(this, scale(form, -1n)), high: upperBound(this, form) };
  }

  /** The values that the ranges and the facts allow, as far as is cheap to find. */
  boundsOf(form: Linear): Range {
    return {
      low: -leastUpperBound(this, scale(form, -1n), BOUND_DEPTH),
      high: leastUpperBound(this, form, BOUND_DEPTH),
    };
  }

  /** Whether `form <= 0` can be proved. */
  proves(form: Linear, depth: number = PROOF_DEPTH): boolean {
    return this.impossible || follows(this, form, depth);
  }

  /** Adds that `form <= 0`, and notices a contradiction. If the form is known not to be 0, it is below 0 from now on. */
  learn(form: Linear): void {
    if (this.impossible) return;
    if (this.proves(negated(form), CONTRADICTION_DEPTH)) this.impossible = true;
    else this.define(this.isKnownToDiffer(form) ? plus(form, 1n) : form);
  }

  /** Adds that `form` is not 0. */
  noteDifference(form: Linear): void {
    this.differences.add(differenceKey(form));
  }

  isKnownToDiffer(form: Linear): boolean {
    return this.impossible || this.differences.has(differenceKey(form));
  }

  /** The differences that `other` knows too. */
  differencesWith(other: State): Iterable<string> {
    return [...this.differences].filter((key) => other.differences.has(key));
  }

  /** Takes over differences, by their keys. */
  keepDifferences(keys: Iterable<string>): void {
    for (const key of keys) this.differences.add(key);
  }

  /** Adds that `form <= 0`, which is true by the meaning of the symbols in it. */
  define(form: Linear): void {
    const fact = normalise(form);
    if (upperBound(this, fact) <= 0n) return;
    if (fact.terms.length > 1) this.keep(fact);
    this.narrow(fact);
  }

  private keep(fact: Linear): void {
    const key = keyOf(fact);
    if (this.facts.has(key)) return;
    this.facts.set(key, fact);
    for (const { symbol } of fact.terms) this.factsBySymbol.set(symbol, [...this.factsWith(symbol), fact]);
  }

  /** Narrows the ranges of the fact's symbols, and of the symbols that other facts tie to those. */
  private narrow(first: Linear): void {
    const waiting = [first];
    let left = MOST_NARROWED;
    for (let fact = waiting.pop(); fact !== undefined && left > 0; fact = waiting.pop()) {
      const lowest = -upperBound(this, scale(fact, -1n));
      for (const { symbol, factor } of fact.terms) {
        const range = this.rangeOf(symbol);
        const others = lowest - factor * (factor > 0n ? range.low : range.high);
        const bound =
          factor > 0n
            ? { low: range.low, high: floorDivide(-others, factor) }
            : { low: -floorDivide(-others, -factor), high: range.high };
        if (isWithin(range, bound)) continue;
        const narrower = intersect(range, bound);
        if (narrower.low > narrower.high) {
          this.impossible = true;
          return;
        }
        this.ranges.set(symbol, narrower);
        left--;
        waiting.push(...this.factsWith(symbol));
      }
    }
  }
}

/** The same for `form` and `-form`: the first factor is positive. */
function differenceKey(form: Linear): string {
  const [first] = form.terms;
  return keyOf(first !== undefined && first.factor < 0n ? scale(form, -1n) : form);
}
