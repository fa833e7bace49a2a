import t from 'tap';
import { effects, ensures, entryPoints, invariant, requires, unreachable } from '../../../transpiler/lib/index.js';
import { ContractError } from '../../../transpiler/lib/testing.js';

t.test('a contract that holds does nothing', (t) => {
  requires(true);
  ensures(true);
  invariant(true);
  effects('no-alloc', 'nmi-safe');
  t.end();
});

t.test('a contract that does not hold throws in Node and names its kind', (t) => {
  t.throws(() => requires(false), new ContractError('requires'));
  t.throws(() => ensures(false), new ContractError('ensures'));
  t.throws(() => invariant(false), new ContractError('invariant'));
  t.end();
});

t.test('unreachable throws in Node, with the value that came', (t) => {
  const bug = 7 as never;
  t.throws(() => unreachable(bug), /unreachable \(7\)/);
  t.end();
});

t.test('entry points stay the functions they are', (t) => {
  const start = (): number => 1;
  t.equal(entryPoints({ tsvm_start: start }).tsvm_start, start);
  t.end();
});
