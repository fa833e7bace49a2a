import t from 'tap';
import type { Diagnostic } from '../../../transpiler/diagnostics/diagnostic.js';
import { checkRecursion } from '../../../transpiler/program/recursion.js';
import { SmallProgram } from './support.js';

function circlesIn(small: SmallProgram): readonly Diagnostic[] {
  const found: Diagnostic[] = [];
  checkRecursion(small.program, (diagnostic) => found.push(diagnostic));
  return found;
}

t.test('functions that share a callee are no circle', (t) => {
  const small = new SmallProgram();
  const [a, b, c] = [small.function('a'), small.function('b'), small.function('c')];
  small.call(a, b);
  small.call(a, c);
  small.call(b, c);
  t.same(circlesIn(small), []);
  t.end();
});

t.test('a circle is named, once, at a call in it', (t) => {
  const small = new SmallProgram();
  const [a, b, c] = [small.function('a'), small.function('b'), small.function('c')];
  small.call(a, b);
  small.call(b, c);
  const line = small.call(c, b);
  const [circle, ...others] = circlesIn(small);
  t.equal(circle?.code, 'TSV3001');
  t.equal(circle?.at.line, line);
  t.same(circle?.known, ['b -> c -> b']);
  t.same(others, []);
  t.end();
});

t.test('a function that calls itself is a circle', (t) => {
  const small = new SmallProgram();
  const a = small.function('a');
  small.call(a, a);
  t.match(circlesIn(small), [{ message: 'a calls itself', known: ['a -> a'] }]);
  t.end();
});

t.test('a table closes a circle with each of its entries', (t) => {
  const small = new SmallProgram();
  const [a, b, c] = [small.function('a'), small.function('b'), small.function('c')];
  small.call(a, small.table('handlers', b, c));
  small.call(c, a);
  t.same(circlesIn(small)[0]?.known, ['a -> c -> a']);
  t.end();
});
