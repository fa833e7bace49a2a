import t from 'tap';
import {
  canReachWaiting,
  firstProcessor,
  isToOne,
  mayReach,
  noteFirstProcessor,
  reachesFirst,
} from '../../../kernel/exits/apicReceivers.js';
import { addMemory, resetMemory, simulate } from '../../../transpiler/lib/testing.js';

const LOGICAL = 0x800;
const SELF = 0x4_0000;
const ALL = 0x8_0000;
const OTHERS = 0xc_0000;
const FLAT = 0xffff_ffff;
const CLUSTER = 0x0fff_ffff;

/** The first processor: number 3, addressed logically as `logical` in the model `format`. */
function first(identity = 3, logical = 0, format = FLAT): void {
  firstProcessor.identity = identity;
  firstProcessor.logical = logical;
  firstProcessor.format = format;
}

const fromFirst = (command: number, destination = 0) => reachesFirst(command, destination, false, true);
const fromOther = (command: number, destination = 0) => reachesFirst(command, destination, false, false);

t.test('a command is for one where its destination names that, and all are not meant', (t) => {
  t.ok(isToOne(0x4500, 3, false));
  t.ok(isToOne(0x4500, 0xff, true), 'in x2APIC mode this is one processor');
  t.notOk(isToOne(0x4500, 0xff, false));
  t.notOk(isToOne(0x4500, 0xffff_ffff, true));
  for (const many of [SELF, ALL, OTHERS, LOGICAL]) t.notOk(isToOne(0x4500 | many, 3, false));
  t.end();
});

t.test('by shorthand: oneself, all, all others', (t) => {
  first(3);
  t.equal(fromFirst(SELF, 1), true);
  t.equal(fromOther(SELF, 3), false);
  t.equal(fromFirst(ALL, 1), true);
  t.equal(fromOther(ALL, 1), true);
  t.equal(fromFirst(OTHERS, 3), false);
  t.equal(fromOther(OTHERS, 1), true);
  t.end();
});

t.test('by the number that stands for all', (t) => {
  first(3);
  t.equal(fromOther(0, 0xff), true);
  t.equal(reachesFirst(0, 0xffff_ffff, true, false), true);
  t.end();
});

t.test('a logical destination in the flat model', (t) => {
  first(3, 0x04);
  t.equal(fromOther(LOGICAL, 0x04), true);
  t.equal(fromOther(LOGICAL, 0x0c), true);
  t.equal(fromOther(LOGICAL, 0x03), false);
  t.equal(fromOther(LOGICAL, 0xff), true);
  first(3, 0);
  t.equal(fromOther(LOGICAL, 0x03), false);
  t.equal(fromOther(LOGICAL, 0xff), true);
  t.end();
});

t.test('a logical destination in the cluster model', (t) => {
  first(3, 0x24, CLUSTER);
  t.equal(fromOther(LOGICAL, 0x24), true);
  t.equal(fromOther(LOGICAL, 0x2f), true);
  t.equal(fromOther(LOGICAL, 0x23), false);
  t.equal(fromOther(LOGICAL, 0x14), false);
  t.equal(fromOther(LOGICAL, 0x3f), false);
  t.equal(fromOther(LOGICAL, 0xf4), true);
  t.equal(fromOther(LOGICAL, 0xff), true);
  t.end();
});

t.test('a logical destination in x2APIC mode: 32 bits, clusters of sixteen', (t) => {
  first(0x123);
  const wide = (command: number, destination: number) => reachesFirst(command, destination, true, false);
  t.equal(wide(LOGICAL, 0x0012_0008), true);
  t.equal(wide(LOGICAL, 0x0012_fff7), false);
  t.equal(wide(LOGICAL, 0x0013_ffff), false);
  t.equal(wide(LOGICAL, 0xffff_ffff), true);
  t.equal(wide(OTHERS, 0), true);
  t.end();
});

t.test('which processors are among many: a logical destination may be that of each', (t) => {
  const reached = (command: number, sender: number) => [0, 1, 2].filter((number) => mayReach(command, sender, number));
  t.same(reached(SELF, 1), [1]);
  t.same(reached(OTHERS, 1), [0, 2]);
  t.same(reached(ALL, 1), [0, 1, 2]);
  t.same(reached(LOGICAL, 1), [0, 1, 2]);
  t.same(reached(0, 1), [0, 1, 2], 'the number that stands for all');
  t.end();
});

t.test('who waits for a SIPI has no logical destination, but in x2APIC mode', (t) => {
  t.equal(canReachWaiting(LOGICAL, 4, false), false);
  t.equal(canReachWaiting(LOGICAL, 0xff, false), true);
  t.equal(canReachWaiting(LOGICAL, 4, true), true);
  t.equal(canReachWaiting(OTHERS, 4, false), true);
  t.end();
});

t.test('how the first processor is addressed is read from its APIC', (t) => {
  resetMemory();
  const page = new DataView(addMemory(0xfee0_0000n, 0x1000).buffer);
  page.setUint32(0x20, 0x0500_0000, true);
  page.setUint32(0xd0, 0x2000_0000, true);
  page.setUint32(0xe0, CLUSTER, true);
  simulate({ rdmsr: () => 0xfee0_0900n });
  noteFirstProcessor();
  t.same([firstProcessor.identity, firstProcessor.logical, firstProcessor.format], [5, 0x20, CLUSTER]);
  t.end();
});

t.test('in x2APIC mode from an MSR', (t) => {
  resetMemory();
  simulate({ rdmsr: (msr: number) => (msr === 0x1b ? 0xfee0_0d00n : 0x1_0203n) });
  noteFirstProcessor();
  t.equal(firstProcessor.identity, 0x1_0203);
  t.end();
});
