import t, { type Test } from 'tap';
import { Access } from '../../../kernel/access/access.js';
import { Answer } from '../../../kernel/access/answer.js';
import { Owner } from '../../../kernel/access/owner.js';
import { ownerOfAddress } from '../../../kernel/access/regions.js';
import { accessRegion } from '../../../kernel/exits/regions.js';
import { Event } from '../../../kernel/observe/events.js';
import { eventCount } from '../support/events.js';
import { vcpuOf } from '../../../kernel/vcpu/processors.js';
import { gpa, hpa, local, window } from '../../../transpiler/lib/index.js';
import { APIC, startApicGuest } from '../support/apicGuest.js';

const PAGE = BigInt(APIC);
const DIVIDER = PAGE + 0x3e0n;

function accessOf(address: bigint, bytes: number, value?: bigint): Access {
  const access = local(Access);
  access.address = address;
  access.bytes = bytes;
  access.isWrite = value !== undefined;
  access.value = value ?? 0n;
  return access;
}

function countedIn(t: Test, count: bigint, work: () => void): void {
  const { accesses } = vcpuOf(0).counters;
  const before = accesses.get(Owner.localApic);
  work();
  t.equal(accesses.get(Owner.localApic) - before, count);
}

t.test('the page of the local APICs and the addresses of messages are one region of one owner', (t) => {
  startApicGuest();
  for (const address of [PAGE, PAGE + 0xfffn, PAGE + 0xf_ffffn]) {
    t.equal(ownerOfAddress(gpa(address)), Owner.localApic);
  }
  for (const address of [PAGE - 1n, PAGE + 0x10_0000n]) t.equal(ownerOfAddress(gpa(address)), Owner.guest);
  t.end();
});

t.test('an access that passes is done on the device in its width, and counted by its owner', (t) => {
  startApicGuest();
  const read = accessOf(DIVIDER, 4);
  countedIn(t, 2n, () => {
    t.equal(accessRegion(vcpuOf(0), accessOf(DIVIDER, 4, 0xbn), Owner.localApic), Answer.done);
    t.equal(accessRegion(vcpuOf(0), read, Owner.localApic), Answer.done);
  });
  t.equal(read.value, 0xbn);
  t.equal(window(hpa(DIVIDER), 4).u32(0), 0xb);
  t.end();
});

t.test('a width or an address that registers of the local APIC do not have raises #GP, and is an event', (t) => {
  startApicGuest();
  const before = eventCount(Event.apicAccess);
  const refused = [accessOf(DIVIDER, 8, 1n), accessOf(DIVIDER, 2), accessOf(DIVIDER + 1n, 4, 1n)];
  countedIn(t, 3n, () => {
    for (const access of refused) t.equal(accessRegion(vcpuOf(0), access, Owner.localApic), Answer.generalProtection);
  });
  t.equal(eventCount(Event.apicAccess), before + 3n);
  t.end();
});
