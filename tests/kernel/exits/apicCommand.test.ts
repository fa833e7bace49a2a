import t from 'tap';
import {
  CommandKind,
  commandKind,
  firstProcessor,
  isPlainInterrupt,
  noteFirstProcessor,
} from '../../../kernel/exits/apicCommand.js';
import { addMemory, resetMemory, simulate } from '../../../transpiler/lib/testing.js';

const INIT = 0x4500;
const SIPI = 0x4600;
const LOGICAL = 0x800;
const SELF = 0x4_0000;
const ALL = 0x8_0000;
const OTHERS = 0xc_0000;
const FLAT = 0xffff_ffff;
const CLUSTER = 0x0fff_ffff;

const { plain, startup, resetsFirst, resets, nonMaskable } = CommandKind;

/** The first processor: number 3, addressed logically as `logical` in the model `format`. */
function first(identity = 3, logical = 0, format = FLAT): void {
  firstProcessor.identity = identity;
  firstProcessor.logical = logical;
  firstProcessor.format = format;
}

const fromFirst = (command: number, destination = 0) => commandKind(command, destination, false, true);
const fromOther = (command: number, destination = 0) => commandKind(command, destination, false, false);

t.test('interrupts and SMIs go out as they are, wherever to', (t) => {
  first();
  for (const delivery of [0, 0x100, 0x200, 0x300, 0x700]) {
    for (const shorthand of [0, SELF, ALL, OTHERS]) {
      t.equal(fromFirst(0x4000 | delivery | shorthand | 0x30, 0xff), plain);
      t.equal(fromOther(0x4000 | delivery | shorthand | 0x30, 3), plain);
    }
  }
  t.equal(fromOther(0x4400, 3), nonMaskable);
  for (const delivery of [0, 0x100, 0x200, 0x300]) t.ok(isPlainInterrupt(0x4000 | ALL | delivery | 0x30));
  for (const delivery of [0x400, 0x500, 0x600]) t.notOk(isPlainInterrupt(delivery));
  t.end();
});

t.test('a SIPI is one, with whatever destination', (t) => {
  for (const shorthand of [0, ALL, OTHERS]) t.equal(fromFirst(SIPI | shorthand | 0x99, 1), startup);
  t.equal(commandKind(SIPI | 0x99, 0xffff_ffff, true, true), startup);
  t.end();
});

t.test('an INIT for one processor resets the first one where it is that', (t) => {
  first(3);
  t.equal(fromFirst(INIT, 3), resetsFirst);
  t.equal(fromOther(INIT, 3), resetsFirst);
  t.equal(fromOther(INIT, 2), resets);
  t.equal(fromFirst(INIT, 0x103), resetsFirst);
  t.equal(fromFirst(INIT, 0xff), resetsFirst);
  t.end();
});

t.test('an INIT by shorthand: to oneself, to all, to all others', (t) => {
  first(3);
  t.equal(fromFirst(INIT | SELF, 1), resetsFirst);
  t.equal(fromOther(INIT | SELF, 3), resets);
  t.equal(fromFirst(INIT | ALL, 1), resetsFirst);
  t.equal(fromOther(INIT | ALL, 1), resetsFirst);
  t.equal(fromFirst(INIT | OTHERS, 3), resets);
  t.equal(fromOther(INIT | OTHERS, 1), resetsFirst);
  t.end();
});

t.test('an INIT with level trigger and level 0 resets nothing', (t) => {
  first(3);
  t.equal(fromFirst(0x8500, 3), plain);
  t.equal(fromFirst(0x8500 | ALL), plain);
  t.equal(fromFirst(0xc500, 3), resetsFirst);
  t.equal(fromFirst(0x0500, 3), resetsFirst);
  t.end();
});

t.test('an INIT with a logical destination in the flat model', (t) => {
  first(3, 0x04);
  t.equal(fromOther(INIT | LOGICAL, 0x04), resetsFirst);
  t.equal(fromOther(INIT | LOGICAL, 0x0c), resetsFirst);
  t.equal(fromOther(INIT | LOGICAL, 0x03), resets);
  t.equal(fromOther(INIT | LOGICAL, 0xff), resetsFirst);
  first(3, 0);
  t.equal(fromOther(INIT | LOGICAL, 0x03), resets);
  t.equal(fromOther(INIT | LOGICAL, 0xff), resetsFirst);
  t.end();
});

t.test('an INIT with a logical destination in the cluster model', (t) => {
  first(3, 0x24, CLUSTER);
  t.equal(fromOther(INIT | LOGICAL, 0x24), resetsFirst);
  t.equal(fromOther(INIT | LOGICAL, 0x2f), resetsFirst);
  t.equal(fromOther(INIT | LOGICAL, 0x23), resets);
  t.equal(fromOther(INIT | LOGICAL, 0x14), resets);
  t.equal(fromOther(INIT | LOGICAL, 0x3f), resets);
  t.equal(fromOther(INIT | LOGICAL, 0xf4), resetsFirst);
  t.equal(fromOther(INIT | LOGICAL, 0xff), resetsFirst);
  t.end();
});

t.test('an INIT in x2APIC mode: 32 bits of destination, clusters of sixteen', (t) => {
  first(0x123);
  const wide = (command: number, destination: number) => commandKind(command, destination, true, false);
  t.equal(wide(INIT, 0x123), resetsFirst);
  t.equal(wide(INIT, 0x23), resets);
  t.equal(wide(INIT, 0xff), resets);
  t.equal(wide(INIT, 0xffff_ffff), resetsFirst);
  t.equal(wide(INIT | LOGICAL, 0x0012_0008), resetsFirst);
  t.equal(wide(INIT | LOGICAL, 0x0012_fff7), resets);
  t.equal(wide(INIT | LOGICAL, 0x0013_ffff), resets);
  t.equal(wide(INIT | LOGICAL, 0xffff_ffff), resetsFirst);
  t.equal(wide(INIT | OTHERS, 0), resetsFirst);
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
