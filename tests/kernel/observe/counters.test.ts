/** What each processor counts, each in counters of its own. */
import t from 'tap';
import { countAccess, countExit, Counters, EXIT_REASONS, OWNERS } from '../../../kernel/observe/counters.js';
import { local } from '../../../transpiler/lib/index.js';

t.test('exits are counted by reason, and accesses by owner', (t) => {
  const counters = local(Counters);
  countExit(counters, 0x41);
  countExit(counters, 0x41);
  countExit(counters, EXIT_REASONS - 1);
  countAccess(counters, 0);
  countAccess(counters, OWNERS - 1);
  t.equal(counters.exits.get(0x41), 2n);
  t.equal(counters.exits.get(EXIT_REASONS - 1), 1n);
  t.equal(counters.accesses.get(0), 1n);
  t.equal(counters.accesses.get(OWNERS - 1), 1n);
  t.equal(counters.accesses.get(1), 0n);
  t.end();
});

t.test('a reason or an owner without a place is refused', (t) => {
  const counters = local(Counters);
  t.throws(() => countExit(counters, EXIT_REASONS));
  t.throws(() => countAccess(counters, OWNERS));
  t.end();
});
