import t from 'tap';
import fc from 'fast-check';
import {
  add,
  constant,
  floorDivide,
  keyOf,
  normalise,
  ofSymbol,
  plus,
  scale,
  substitute,
  type Linear,
} from '../../../transpiler/prove/domain/linear.js';
import { always } from './property.js';

const SYMBOLS = 4;
const small = fc.bigInt(-9n, 9n);
const values = fc.array(small, { minLength: SYMBOLS, maxLength: SYMBOLS });
const forms = fc
  .tuple(values, small)
  .map(([factors, rest]) =>
    factors.reduce((sum, factor, symbol) => add(sum, scale(ofSymbol(symbol), factor)), constant(rest)),
  );

function valueOf({ terms, constant: rest }: Linear, at: readonly bigint[]): bigint {
  return terms.reduce((sum, { symbol, factor }) => sum + factor * (at[symbol] ?? 0n), rest);
}

t.test('a sum has the sum of the values', (t) => {
  always(
    t,
    fc.property(forms, forms, values, (a, b, at) => valueOf(add(a, b), at) === valueOf(a, at) + valueOf(b, at)),
  );
  t.end();
});

t.test('equal forms have one key, whatever the order in which they were made', (t) => {
  const a = add(add(ofSymbol(2), ofSymbol(0)), plus(ofSymbol(1), 3n));
  const b = add(plus(ofSymbol(1), 3n), add(ofSymbol(0), ofSymbol(2)));
  t.equal(keyOf(a), keyOf(b));
  t.not(keyOf(a), keyOf(plus(a, 1n)));
  t.end();
});

t.test('a normalised form is at most 0 for the same integers', (t) => {
  always(
    t,
    fc.property(forms, values, fc.bigInt(1n, 6n), small, (form, at, times, more) => {
      const larger = plus(scale(form, times), more);
      return valueOf(normalise(larger), at) <= 0n === valueOf(larger, at) <= 0n;
    }),
  );
  t.end();
});

t.test('a substituted symbol has the value of what stands for it', (t) => {
  always(
    t,
    fc.property(forms, forms, values, (form, other, at) => {
      const inside = valueOf(other, at);
      return (
        valueOf(substitute(form, new Map([[1, other]])), at) === valueOf(form, [at[0] ?? 0n, inside, ...at.slice(2)])
      );
    }),
  );
  t.end();
});

t.test('floorDivide rounds towards minus infinity', (t) => {
  t.equal(floorDivide(-7n, 2n), -4n);
  t.equal(floorDivide(7n, 2n), 3n);
  t.equal(floorDivide(-8n, 2n), -4n);
  t.end();
});
