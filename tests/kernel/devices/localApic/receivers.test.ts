import t from 'tap';
import { isBroadcast, namesLogically, noteLogicalDestination } from '../../../../kernel/devices/localApic/receivers.js';
import { vcpuOf } from '../../../../kernel/vcpu/processors.js';
import type { Vcpu } from '../../../../kernel/vcpu/vcpu.js';
import { addMemory, simulate } from '../../../../transpiler/lib/testing.js';
import { AmdProcessor, startGuest } from '../../support/guest.js';

const FLAT = 0xffff_ffff;
const CLUSTER = 0x0fff_ffff;

/** Processor 1, with the APIC ID `apicId`, addressed logically as `logical` in the model `format`. */
function second(logical = 0, format = FLAT, apicId = 3): Vcpu {
  startGuest([], undefined, apicId);
  const vcpu = vcpuOf(1);
  vcpu.svm.logicalDestination = (logical << 24) >>> 0;
  vcpu.svm.destinationFormat = format;
  return vcpu;
}

const isNamed = (vcpu: Vcpu, destination: number) => namesLogically(destination, false, vcpu);

t.test('the broadcast destination depends on the mode', (t) => {
  t.same(
    [3, 0xff, 0xffff_ffff].map((destination) => isBroadcast(destination, false)),
    [false, true, false],
  );
  t.same(
    [3, 0xff, 0xffff_ffff].map((destination) => isBroadcast(destination, true)),
    [false, false, true],
  );
  t.end();
});

t.test('a logical destination in the flat model', (t) => {
  for (const [logical, destination, expected] of [
    [0x04, 0x04, true],
    [0x04, 0x0c, true],
    [0x04, 0x03, false],
    [0x04, 0xff, true],
    [0, 0x03, false],
    [0, 0xff, true],
  ] as const) {
    t.equal(isNamed(second(logical), destination), expected, `${logical} ${destination}`);
  }
  t.end();
});

t.test('a logical destination in the cluster model', (t) => {
  const vcpu = second(0x24, CLUSTER);
  for (const [destination, expected] of [
    [0x24, true],
    [0x2f, true],
    [0x23, false],
    [0x14, false],
    [0x3f, false],
    [0xf4, true],
    [0xff, true],
  ] as const) {
    t.equal(isNamed(vcpu, destination), expected, destination.toString(16));
  }
  t.end();
});

t.test('a logical destination in x2APIC mode: 32 bits, clusters of sixteen', (t) => {
  const vcpu = second();
  vcpu.apicId = 0x123;
  const wide = (destination: number) => namesLogically(destination, true, vcpu);
  t.equal(wide(0x0012_0008), true);
  t.equal(wide(0x0012_fff7), false);
  t.equal(wide(0x0013_ffff), false);
  t.equal(wide(0xffff_ffff), true);
  t.end();
});

t.test('a processor’s logical address is read from its APIC', (t) => {
  const vcpu = second();
  const page = new DataView(addMemory(0xfee0_0000n, 0x1000).buffer);
  page.setUint32(0xd0, 0x2000_0000, true);
  page.setUint32(0xe0, CLUSTER, true);
  const processor = new AmdProcessor();
  processor.msrs.set(0x1b, 0xfee0_0900n);
  simulate(processor);
  noteLogicalDestination(vcpu);
  t.same([vcpu.svm.logicalDestination, vcpu.svm.destinationFormat], [0x2000_0000, CLUSTER]);
  t.end();
});
