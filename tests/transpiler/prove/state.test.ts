import t from 'tap';
import fc from 'fast-check';
import type { Location } from '../../../transpiler/ir/location.js';
import { assume, entails } from '../../../transpiler/prove/domain/assume.js';
import { atMost, less, lessOrEqual, negate, type Formula } from '../../../transpiler/prove/domain/formula.js';
import { join } from '../../../transpiler/prove/domain/join.js';
import {
  add,
  constant,
  ofSymbol,
  plus,
  scale,
  subtract,
  type Linear,
} from '../../../transpiler/prove/domain/linear.js';
import { State } from '../../../transpiler/prove/domain/state.js';
import { Symbols } from '../../../transpiler/prove/domain/symbols.js';
import { always } from './property.js';

const HERE: Location = { file: 'test.ts', line: 1, column: 1, length: 1 };
const SYMBOLS = 3;
const MOST = 3n;

/** A state with symbols a, b, c of 0 to 3. */
function threeSymbols(): State {
  const symbols = new Symbols();
  for (const name of ['a', 'b', 'c']) symbols.create(name, { low: 0n, high: MOST }, HERE);
  return new State(symbols);
}

const [a, b, c] = [ofSymbol(0), ofSymbol(1), ofSymbol(2)];

const small = fc.bigInt(-3n, 3n);
const forms = fc
  .tuple(fc.array(small, { minLength: SYMBOLS, maxLength: SYMBOLS }), small)
  .map(([factors, rest]) =>
    factors.reduce((sum, factor, symbol) => add(sum, scale(ofSymbol(symbol), factor)), constant(rest)),
  );
const formulas: fc.Arbitrary<Formula> = fc.letrec<{ formula: Formula }>((tie) => ({
  formula: fc.oneof(
    { maxDepth: 2 },
    forms.map(atMost),
    fc.array(tie('formula'), { maxLength: 2 }).map((parts): Formula => ({ kind: 'all', parts })),
    fc.array(tie('formula'), { maxLength: 2 }).map((parts): Formula => ({ kind: 'any', parts })),
  ),
})).formula;

function valueOf({ terms, constant: rest }: Linear, at: readonly bigint[]): bigint {
  return terms.reduce((sum, { symbol, factor }) => sum + factor * (at[symbol] ?? 0n), rest);
}

function isTrue(formula: Formula, at: readonly bigint[]): boolean {
  switch (formula.kind) {
    case 'atMost':
      return valueOf(formula.form, at) <= 0n;
    case 'all':
      return formula.parts.every((part) => isTrue(part, at));
    case 'any':
      return formula.parts.some((part) => isTrue(part, at));
    default:
      throw new TypeError(formula.kind);
  }
}

function* assignments(): Iterable<readonly bigint[]> {
  for (let x = 0n; x <= MOST; x++) for (let y = 0n; y <= MOST; y++) for (let z = 0n; z <= MOST; z++) yield [x, y, z];
}

t.test('what is proved is true of all values that the assumptions allow', (t) => {
  always(
    t,
    fc.property(fc.array(formulas, { maxLength: 3 }), formulas, (assumed, goal) => {
      const state = assumed.reduce(assume, threeSymbols());
      if (!entails(state, goal)) return true;
      return [...assignments()].every((at) => !assumed.every((one) => isTrue(one, at)) || isTrue(goal, at));
    }),
    1500,
  );
  t.end();
});

t.test('a negation is true where the formula is not', (t) => {
  always(
    t,
    fc.property(formulas, (formula) =>
      [...assignments()].every((at) => isTrue(formula, at) !== isTrue(negate(formula), at)),
    ),
  );
  t.end();
});

t.test('what holds after a join is true of all values of either side', (t) => {
  always(
    t,
    fc.property(formulas, formulas, formulas, (left, right, goal) => {
      const state = join(assume(threeSymbols(), left), assume(threeSymbols(), right));
      if (!entails(state, goal)) return true;
      return [...assignments()].every((at) => !(isTrue(left, at) || isTrue(right, at)) || isTrue(goal, at));
    }),
    1500,
  );
  t.end();
});

t.test('inequalities are chained', (t) => {
  const state = [less(a, b), less(b, c)].reduce(assume, threeSymbols());
  t.ok(entails(state, lessOrEqual(plus(a, 2n), c)));
  t.notOk(entails(state, lessOrEqual(plus(a, 3n), c)));
  t.end();
});

t.test('ranges are narrowed along chains', (t) => {
  const state = [less(a, b), less(b, c)].reduce(assume, threeSymbols());
  t.same(state.rangeOf(0), { low: 0n, high: 1n });
  t.same(state.rangeOf(2), { low: 2n, high: 3n });
  t.end();
});

t.test('contradictions are found', (t) => {
  t.ok([less(a, b), less(b, a)].reduce(assume, threeSymbols()).impossible);
  t.notOk([lessOrEqual(a, b), lessOrEqual(b, a)].reduce(assume, threeSymbols()).impossible);
  t.end();
});

t.test('a difference is bounded by facts', (t) => {
  const state = assume(threeSymbols(), lessOrEqual(a, b));
  t.same(state.boundsOf(subtract(b, a)), { low: 0n, high: 3n });
  t.end();
});

t.test('an assumption leaves the state before as it was', (t) => {
  const before = threeSymbols();
  assume(before, less(a, b));
  t.notOk(entails(before, less(a, b)));
  t.end();
});
