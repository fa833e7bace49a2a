import t from 'tap';
import { Owner } from '../../../../kernel/access/owner.js';
import { mediateCmosIndex, ownCmos } from '../../../../kernel/devices/cmos/mediator.js';
import { Access, Verdict } from '../../../../kernel/access/access.js';
import { ownerOfPort } from '../../../../kernel/access/ports.js';
import { local } from '../../../../transpiler/lib/index.js';
import { startGuest } from '../../support/guest.js';

/** The guest's accesses after the hypervisor has taken the index, and the bytes that the hypervisor itself wrote. */
function owned() {
  const guest = startGuest();
  const written: [number, number][] = [];
  Object.assign(guest.processor, { out8: (port: number, value: number) => void written.push([port, value]) });
  ownCmos();
  const answer = (port: number, bytes: number, value: bigint, isWrite = true) => {
    const access = local(Access);
    access.address = BigInt(port);
    access.bytes = bytes;
    access.value = value;
    access.isWrite = isWrite;
    t.equal(mediateCmosIndex(guest.vcpu, access), Verdict.pass);
    return access.value;
  };
  return { written, answer };
}

t.test('the shutdown code is cleared, and another byte is selected, before the guest has the ports', (t) => {
  const { written } = owned();
  t.same(written.slice(0, 2), [
    [0x70, 0x0f],
    [0x71, 0],
  ]);
  t.same(written.slice(2), [[0x70, 0x0d]]);
  t.end();
});

t.test('only the ports of the index have an owner', (t) => {
  owned();
  for (let port = 0x6f; port <= 0x78; port++) {
    const isIndex = [0x70, 0x72, 0x74, 0x76].includes(port);
    t.equal(ownerOfPort(port), isIndex ? Owner.cmosIndex : Owner.guest, port.toString(16));
  }
  t.end();
});

t.test('every index passes but that of the shutdown code, with the mask of NMIs or without', (t) => {
  const { answer } = owned();
  for (const port of [0x70, 0x72, 0x74, 0x76]) {
    for (let index = 0n; index < 0x100n; index++) {
      const expected = index === 0xfn || index === 0x8fn ? index ^ 2n : index;
      t.equal(answer(port, 1, index), expected, `index ${index} at port ${port.toString(16)}`);
    }
  }
  t.end();
});

t.test('in a wide write each byte at a port of the index is looked at, and no other', (t) => {
  const { answer } = owned();
  t.equal(answer(0x70, 2, 0xfe8fn), 0xfe8dn);
  t.equal(answer(0x70, 4, 0x0f0f_0f0fn), 0x0f0d_0f0dn);
  t.equal(answer(0x6f, 2, 0x0f0fn), 0x0d0fn);
  t.equal(answer(0x6d, 4, 0x8f0f_0f0fn), 0x8d0f_0f0fn);
  t.equal(answer(0x71, 2, 0x0f0fn), 0x0d0fn);
  t.end();
});

t.test('reads pass', (t) => {
  const { answer } = owned();
  t.equal(answer(0x70, 1, 0xfn, false), 0xfn);
  t.end();
});
