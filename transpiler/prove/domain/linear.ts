/** Linear forms over symbols, with exact integer coefficients: `2*a - b + 7`. */

/** One factor times one symbol; the factor is not 0. */
export interface Term {
  readonly symbol: number;
  readonly factor: bigint;
}

/** The sum of the terms, which are in order of their symbols, and of the constant. */
export interface Linear {
  readonly terms: readonly Term[];
  readonly constant: bigint;
}

export const ZERO: Linear = { terms: [], constant: 0n };

/** The length of `null`, which no program can ask for: where it meets another length, the other one stands. */
export const ANYTHING: Linear = { terms: [], constant: 0n };

export function constant(value: bigint): Linear {
  return { terms: [], constant: value };
}

export function ofSymbol(symbol: number): Linear {
  return { terms: [{ symbol, factor: 1n }], constant: 0n };
}

/** `a + factor * b`. */
export function addScaled(a: Linear, b: Linear, factor: bigint): Linear {
  if (factor === 0n) return a;
  const terms: Term[] = [];
  let i = 0;
  let j = 0;
  for (;;) {
    const x = a.terms[i];
    const y = b.terms[j];
    if (x === undefined && y === undefined) break;
    if (y === undefined || (x !== undefined && x.symbol < y.symbol)) {
      terms.push(x as Term);
      i++;
    } else if (x === undefined || y.symbol < x.symbol) {
      terms.push({ symbol: y.symbol, factor: y.factor * factor });
      j++;
    } else {
      const sum = x.factor + y.factor * factor;
      if (sum !== 0n) terms.push({ symbol: x.symbol, factor: sum });
      i++;
      j++;
    }
  }
  return { terms, constant: a.constant + b.constant * factor };
}

export function add(a: Linear, b: Linear): Linear {
  return addScaled(a, b, 1n);
}

export function subtract(a: Linear, b: Linear): Linear {
  return addScaled(a, b, -1n);
}

export function scale(a: Linear, factor: bigint): Linear {
  return addScaled(ZERO, a, factor);
}

export function plus(a: Linear, value: bigint): Linear {
  return value === 0n ? a : { terms: a.terms, constant: a.constant + value };
}

/** The factor of `symbol`, 0 where the form does not have it. */
export function factorOf(form: Linear, symbol: number): bigint {
  return form.terms.find((term) => term.symbol === symbol)?.factor ?? 0n;
}

/** The form with each symbol of `values` replaced by its value. */
export function substitute(form: Linear, values: ReadonlyMap<number, Linear>): Linear {
  let result = form;
  for (const { symbol, factor } of form.terms) {
    const value = values.get(symbol);
    if (value !== undefined) result = addScaled(addScaled(result, ofSymbol(symbol), -factor), value, factor);
  }
  return result;
}

/** The same string for equal forms, and only for those. */
export function keyOf(form: Linear): string {
  let key = String(form.constant);
  for (const { symbol, factor } of form.terms) key += `,${symbol}*${factor}`;
  return key;
}

export function equal(a: Linear, b: Linear): boolean {
  return keyOf(a) === keyOf(b);
}

export function magnitude(value: bigint): bigint {
  return value < 0n ? -value : value;
}

function greatestCommonDivisor(a: bigint, b: bigint): bigint {
  while (b !== 0n) [a, b] = [b, a % b];
  return a;
}

/**
 * The simplest form `n` such that `n <= 0` says the same of integers as `form <= 0`: the factors
 * are divided by what they share and the constant is rounded up.
 */
export function normalise(form: Linear): Linear {
  let shared = 0n;
  for (const { factor } of form.terms) shared = greatestCommonDivisor(shared, magnitude(factor));
  if (shared <= 1n) return form;
  const terms = form.terms.map(({ symbol, factor }) => ({ symbol, factor: factor / shared }));
  return { terms, constant: -floorDivide(-form.constant, shared) };
}

/** The quotient rounded towards minus infinity; `divisor` is positive. */
export function floorDivide(value: bigint, divisor: bigint): bigint {
  const quotient = value / divisor;
  return value % divisor < 0n ? quotient - 1n : quotient;
}
