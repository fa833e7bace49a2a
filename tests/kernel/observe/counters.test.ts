/** What each processor counts, each in counters of its own. */
import t from 'tap';
import { countAccess, countExit, Counters, EXIT_REASONS, COUNTED_OWNERS } from '../../../kernel/observe/counters.js';
import { local } from '../../../transpiler/lib/index.js';

t.test('exits are counted by reason, and accesses by owner', (t) => {
  const counters = local(Counters);
  countExit(counters, 0x41);
  countExit(counters, 0x41);
  countExit(counters, EXIT_REASONS - 1);
  countAccess(counters, 0);
  countAccess(counters, COUNTED_OWNERS - 1);
  t.equal(counters.exits.get(0x41), 2n);
  t.equal(counters.exits.get(EXIT_REASONS - 1), 1n);
  t.equal(counters.accesses.get(0), 1n);
  t.equal(counters.accesses.get(COUNTED_OWNERS - 1), 1n);
  t.equal(counters.accesses.get(1), 0n);
  t.end();
});

t.test('a reason or an owner without a place is refused', (t) => {
  const counters = local(Counters);
  t.throws(() => countExit(counters, EXIT_REASONS));
  t.throws(() => countAccess(counters, COUNTED_OWNERS));
  t.end();
});
