import t from 'tap';
import { list, STRING, table, U64, type u32 } from '../../../transpiler/lib/index.js';

const one = (): u32 => 1;
const two = (): u32 => 2;

t.test('a table has its entries, and the fallback everywhere else', (t) => {
  const handlers = table(4, one, { [2]: two });
  t.same(
    [0, 1, 2, 3].map((index) => handlers.get(index)()),
    [1, 1, 2, 1],
  );
  t.equal(handlers.length, 4);
  t.end();
});

t.test('a table has nothing outside its length', (t) => {
  const handlers = table(4, one, {});
  t.throws(() => handlers.get(4), RangeError);
  t.throws(() => handlers.get(-1), RangeError);
  t.throws(() => table(4, one, { [4]: two }), RangeError);
  t.throws(() => table(4, one, { [-1]: two }), RangeError);
  t.throws(() => table(4, one, { [0.5]: two }), RangeError);
  t.end();
});

t.test('a list has its values in order, and nothing outside', (t) => {
  const numbers = list(U64, [5n, 6n]);
  const names = list(STRING, ['a', 'b']);
  t.same([numbers.get(1), names.get(0), names.length], [6n, 'a', 2]);
  t.throws(() => numbers.get(2), RangeError);
  t.end();
});
