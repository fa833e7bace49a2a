import t from 'tap';
import { calleesFirst } from '../../../transpiler/program/callGraph.js';
import { SmallProgram } from './support.js';

t.test('functions come after those that they call', (t) => {
  const small = new SmallProgram();
  const [a, b, c, d] = [small.function('a'), small.function('b'), small.function('c'), small.function('d')];
  small.call(a, b);
  small.call(b, small.table('handlers', d, c));
  t.same(
    calleesFirst(small.program).map(({ name }) => name),
    ['d', 'c', 'b', 'a'],
  );
  t.end();
});
