import t from 'tap';
import type { Diagnostic } from '../../../transpiler/diagnostics/diagnostic.js';
import { checkEffects, inferEffects } from '../../../transpiler/program/effects.js';
import { SmallProgram } from './support.js';

function brokenIn(small: SmallProgram): readonly Diagnostic[] {
  const found: Diagnostic[] = [];
  checkEffects(small.program, (diagnostic) => found.push(diagnostic));
  return found;
}

t.test('effects come from intrinsics, through calls and tables', (t) => {
  const small = new SmallProgram();
  const [a, b, c] = [small.function('a'), small.function('b'), small.function('c')];
  small.call(a, small.table('handlers', b));
  small.call(b, c);
  small.call(c, small.intrinsic('out8', ['port']));
  t.same([...(inferEffects(small.program).get(a)?.keys() ?? [])], ['port']);
  t.end();
});

t.test('a broken promise shows the calls that break it', (t) => {
  const small = new SmallProgram();
  const [a, b] = [small.function('a', ['no-port', 'no-halt']), small.function('b')];
  small.call(a, b);
  small.call(b, small.intrinsic('out8', ['port']));
  t.match(brokenIn(small), [{ code: 'TSV3002', known: ['a -> b -> out8'] }]);
  t.end();
});

t.test('a kept promise is not reported', (t) => {
  const small = new SmallProgram();
  const a = small.function('a', ['nmi-safe', 'no-alloc']);
  small.call(a, small.intrinsic('rdmsr', ['msr']));
  t.same(brokenIn(small), []);
  t.end();
});

t.test('what changes the state of the processor is not safe in an NMI', (t) => {
  const small = new SmallProgram();
  const a = small.function('a', ['nmi-safe']);
  small.call(a, small.intrinsic('writeCr3', ['control']));
  t.match(brokenIn(small), [{ code: 'TSV3002' }]);
  t.end();
});

t.test('an unknown promise is reported', (t) => {
  const small = new SmallProgram();
  small.function('a', ['no-sleep']);
  t.match(brokenIn(small), [{ code: 'TSV3003' }]);
  t.end();
});
