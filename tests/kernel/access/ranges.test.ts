import fc from 'fast-check';
import t from 'tap';
import { Owner } from '../../../kernel/access/owner.js';
import { MOST_RANGES, OwnedRanges, ownerIn, ownRange } from '../../../kernel/access/ranges.js';
import { local } from '../../../transpiler/lib/index.js';
import { startMachine } from '../support/apics.js';
import { HALTED } from '../support/guest.js';
import { logText } from '../support/startup.js';

const LAST = 2n ** 64n - 1n;
const OTHERS = [Owner.localApic, Owner.sleepA, Owner.sleepB] as const;
const otherOwner = (index: number): Owner => OTHERS[index % OTHERS.length] ?? Owner.localApic;

/** Ranges that do not overlap, in any order. */
const apart = fc.uniqueArray(fc.bigInt(0n, LAST), { minLength: 2, maxLength: 2 * MOST_RANGES }).chain((edges) => {
  const sorted = edges.toSorted((a, b) => (a < b ? -1 : 1));
  const ranges = sorted.flatMap((first, i) => {
    const last = sorted[i + 1];
    return i % 2 === 0 && last !== undefined ? [[first, last] as const] : [];
  });
  return fc.shuffledSubarray(ranges, { minLength: ranges.length });
});

t.test('each address has the owner of the range that it lies in, and else the guest, whatever the order', (t) => {
  fc.assert(
    fc.property(apart, fc.bigInt(0n, LAST), (given, anywhere) => {
      const ranges = local(OwnedRanges);
      given.forEach(([first, last], i) => ownRange(ranges, first, last, otherOwner(i)));

      const addresses = [anywhere, 0n, LAST, ...given.flatMap(([first, last]) => [first - 1n, first, last, last + 1n])];
      for (const address of addresses.filter((address) => address >= 0n && address <= LAST)) {
        const index = given.findIndex(([first, last]) => first <= address && address <= last);
        t.equal(ownerIn(ranges, address), index === -1 ? Owner.guest : otherOwner(index));
      }
    }),
    { numRuns: 100 },
  );
  t.end();
});

t.test('a range that shares an address with another ends start-up with the names of both owners', (t) => {
  for (const [first, last] of [
    [0x1fffn, 0x2000n],
    [0x2fffn, 0x5000n],
    [0x2100n, 0x2100n],
    [0n, LAST],
  ] as const) {
    startMachine();
    const ranges = local(OwnedRanges);
    ownRange(ranges, 0x2000n, 0x2fffn, Owner.localApic);
    ownRange(ranges, 0x7000n, 0x7fffn, Owner.sleepB);
    t.throws(() => ownRange(ranges, first, last, Owner.sleepA), HALTED);
    t.match(logText(), / and the sleep register A are to own the same addresses/);
  }
  t.end();
});

t.test('one range too many ends start-up', (t) => {
  startMachine();
  const ranges = local(OwnedRanges);
  for (let i = 0n; i < BigInt(MOST_RANGES); i++) ownRange(ranges, i, i, Owner.sleepA);
  t.throws(() => ownRange(ranges, 0x1000n, 0x1000n, Owner.sleepA), HALTED);
  t.match(logText(), /more ranges are to be intercepted than this version has room for/);
  t.equal(ownerIn(ranges, BigInt(MOST_RANGES) - 1n), Owner.sleepA);
  t.end();
});
