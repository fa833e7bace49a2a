import t from 'tap';
import { Event } from '../../../kernel/observe/events.js';
import { announceRanges, setRights } from '../../../kernel/space/pageRights.js';
import { gpa } from '../../../transpiler/lib/index.js';
import { eventCount } from '../support/events.js';
import { CODE, HIDDEN } from '../support/guest.js';
import { asked, REGION, regionVendors, type RegionGuest } from '../support/regionGuest.js';

const GENERAL_PROTECTION = { vector: 13, type: 3, errorCode: 0 };
const pageFault = (errorCode: number) => ({ vector: 14, type: 3, errorCode });
const MOVSD = [0xa5];
const MOVSQ = [0x48, 0xa5];
const REP_MOVSD = [0xf3, 0xa5];
const MEMORY = 0x3_0000;
/** The last of the guest's page tables. */
const LAST_TABLE = 0x1_3000;
const USER = 4n;
const CR0 = 0x8000_0001n;
const CR0_WP = 1n << 16n;
const CR4_PAE = 1n << 5n;
const CR4_SMAP = 1n << 21n;
const FLAGS_AC = 1n << 18n;

function point(guest: RegionGuest, source: number | bigint, destination: number | bigint, count = 0n): void {
  guest.registers.rsi = BigInt(source);
  guest.registers.rdi = BigInt(destination);
  guest.registers.rcx = count;
}

/** Changes the entry for the page of `address` in each table that leads there. */
function setEntries(guest: RegionGuest, address: number, change: (entry: bigint) => bigint): void {
  const places = [0x1_0000, 0x1_1000, 0x1_2000, LAST_TABLE + (address >> 12) * 8];
  for (const place of places.slice(change(3n) === 7n ? 0 : 3)) {
    guest.view.setBigUint64(place, change(guest.view.getBigUint64(place, true)), true);
  }
}
const forUsers = (entry: bigint): bigint => entry | USER;
const gone = (): bigint => 0n;
const readOnly = (entry: bigint): bigint => entry & ~2n;

for (const { name, start } of regionVendors) {
  t.test(`${name}: MOVS moves an element from the region to memory, and from memory to the region`, (t) => {
    const guest = start();
    guest.view.setUint32(REGION, 0x1122_3344, true);
    point(guest, REGION, MEMORY);
    t.equal(guest.access(MOVSD, 'read'), null);
    t.equal(guest.view.getUint32(MEMORY, true), 0x1122_3344);
    t.same([guest.registers.rsi, guest.registers.rdi], [BigInt(REGION + 4), BigInt(MEMORY + 4)]);
    point(guest, MEMORY, REGION + 8);
    t.equal(guest.access(MOVSD, 'write', REGION + 8), null);
    t.equal(guest.view.getUint32(REGION + 8, true), 0x1122_3344);
    t.same(asked, [
      ['read', REGION, 4, 0n],
      ['write', REGION + 8, 4, 0x1122_3344n],
    ]);
    t.equal(guest.rip(), BigInt(CODE + 1));
    t.end();
  });

  t.test(`${name}: a repeated MOVS moves one element for each exit, and with a count of 0 none`, (t) => {
    const guest = start();
    guest.view.setUint32(REGION, 1, true);
    point(guest, REGION, MEMORY, 2n);
    t.equal(guest.access(REP_MOVSD, 'read'), null);
    t.equal(guest.rip(), BigInt(CODE));
    t.equal(guest.access(REP_MOVSD, 'read', REGION + 4), null);
    t.equal(guest.rip(), BigInt(CODE + 2));
    t.equal(guest.access(REP_MOVSD, 'read', REGION + 8), null);
    t.equal(guest.rip(), BigInt(CODE + 2));
    t.equal(asked.length, 2);
    t.end();
  });

  t.test(`${name}: MOVS from one page of a region to another asks for both accesses`, (t) => {
    const guest = start();
    guest.view.setBigUint64(REGION + 8, 0x1122_3344_5566_7788n, true);
    point(guest, REGION + 8, REGION + 0x1010);
    t.equal(guest.access(MOVSQ, 'read', REGION + 8), null);
    t.same(asked, [
      ['read', REGION + 8, 8, 0n],
      ['write', REGION + 0x1010, 8, 0x1122_3344_5566_7788n],
    ]);
    t.equal(guest.view.getBigUint64(REGION + 0x1010, true), 0x1122_3344_5566_7788n);
    t.end();
  });

  t.test(`${name}: the source has the segment that a prefix names`, (t) => {
    const guest = start();
    guest.setFsBase(0x1000n);
    guest.view.setUint32(MEMORY + 0x1000, 7, true);
    point(guest, MEMORY, REGION);
    t.equal(guest.access([0x64, ...MOVSD], 'write'), null);
    t.same(asked, [['write', REGION, 4, 7n]]);
    t.end();
  });

  t.test(`${name}: where the guest may not access the other operand, it is the decoy`, (t) => {
    const guest = start();
    point(guest, HIDDEN, REGION);
    guest.view.setBigUint64(LAST_TABLE + 0x30 * 8, HIDDEN | 3n, true);
    point(guest, MEMORY, REGION);
    t.equal(guest.access(MOVSD, 'write'), null);
    announceRanges(1);
    setRights(gpa(0x3_1000n), 0x1000n, 0);
    guest.view.setUint32(MEMORY + 0x1000, 7, true);
    point(guest, MEMORY + 0x1000, REGION);
    t.equal(guest.access(MOVSD, 'write'), null);
    t.same(asked, [
      ['write', REGION, 4, 0xffff_ffffn],
      ['write', REGION, 4, 0xffff_ffffn],
    ]);
    t.end();
  });

  t.test(`${name}: another operand that is not present raises its page fault, before the device is accessed`, (t) => {
    const guest = start();
    setEntries(guest, MEMORY, gone);
    point(guest, MEMORY + 4, REGION, 1n);
    t.same(guest.access(REP_MOVSD, 'write'), pageFault(0));
    t.equal(guest.faultAddress(), BigInt(MEMORY + 4));
    point(guest, REGION, MEMORY, 1n);
    t.same(guest.access(REP_MOVSD, 'read'), pageFault(2));
    t.equal(guest.rip(), BigInt(CODE));
    t.same([guest.registers.rsi, guest.registers.rcx], [BigInt(REGION), 1n]);
    t.same(asked, []);
    t.end();
  });

  t.test(`${name}: a program gets no page of its kernel, whatever has become of its code since the exit`, (t) => {
    const guest = start();
    guest.setPrivilege(3);
    point(guest, MEMORY, REGION);
    t.same(guest.access(MOVSD, 'write'), pageFault(5));
    point(guest, REGION, MEMORY);
    t.same(guest.access(MOVSD, 'read'), pageFault(7));
    t.same(asked, []);
    setEntries(guest, MEMORY, forUsers);
    t.equal(guest.access(MOVSD, 'read'), null);
    setEntries(guest, MEMORY, readOnly);
    point(guest, REGION, MEMORY);
    t.same(guest.access(MOVSD, 'read'), pageFault(7));
    t.end();
  });

  t.test(`${name}: a kernel writes to read-only pages only without CR0.WP`, (t) => {
    const guest = start();
    setEntries(guest, MEMORY, readOnly);
    guest.setPaging(CR0 | CR0_WP, CR4_PAE);
    point(guest, REGION, MEMORY);
    t.same(guest.access(MOVSD, 'read'), pageFault(3));
    guest.setPaging(CR0, CR4_PAE);
    t.equal(guest.access(MOVSD, 'read'), null);
    t.end();
  });

  t.test(`${name}: with SMAP a kernel accesses pages of users only while RFLAGS.AC is set`, (t) => {
    const guest = start();
    setEntries(guest, MEMORY, forUsers);
    guest.setPaging(CR0, CR4_PAE | CR4_SMAP);
    point(guest, MEMORY, REGION);
    t.same(guest.access(MOVSD, 'write'), pageFault(1));
    guest.setFlags(2n | FLAGS_AC);
    t.equal(guest.access(MOVSD, 'write'), null);
    t.end();
  });

  t.test(`${name}: the other operand may be in two pages of memory`, (t) => {
    const guest = start();
    const border = MEMORY + 0x1000;
    guest.view.setBigUint64(border - 3, 0x1122_3344_5566_7788n, true);
    point(guest, border - 3, REGION);
    t.equal(guest.access(MOVSQ, 'write'), null);
    t.same(asked, [['write', REGION, 8, 0x1122_3344_5566_7788n]]);
    guest.view.setBigUint64(REGION, 0x0102_0304_0506_0708n, true);
    point(guest, REGION, border - 1);
    t.equal(guest.access(MOVSQ, 'read'), null);
    t.equal(guest.view.getBigUint64(border - 1, true), 0x0102_0304_0506_0708n);
    setEntries(guest, border, gone);
    point(guest, border - 1, REGION);
    t.same(guest.access(MOVSQ, 'write'), pageFault(0));
    t.equal(guest.faultAddress(), BigInt(border));
    t.end();
  });

  t.test(
    `${name}: another operand at an address that is not canonical raises #GP, although its low bits lead to memory`,
    (t) => {
      const guest = start();
      const upper = (1n << 64n) - (1n << 47n);
      for (const address of [(1n << 47n) + BigInt(MEMORY), 1n << 63n, upper - 1n, (1n << 47n) - 2n]) {
        point(guest, REGION, address);
        t.same(guest.access(MOVSD, 'read'), GENERAL_PROTECTION, address.toString(16));
      }
      point(guest, (0x1234n << 48n) + BigInt(MEMORY), REGION);
      t.same(guest.access(MOVSD, 'write'), GENERAL_PROTECTION);
      t.same(asked, []);
      point(guest, REGION, upper);
      t.same(guest.access(MOVSD, 'read'), pageFault(2), 'the lowest canonical address of the upper half is walked to');
      t.end();
    },
  );

  t.test(`${name}: another operand of which a part is in a region raises #GP and is an event`, (t) => {
    const guest = start();
    for (const destination of [REGION - 1, REGION + 0x1fff, REGION + 0xffc]) {
      point(guest, REGION, destination);
      t.same(guest.access(MOVSQ, 'read'), GENERAL_PROTECTION);
    }
    t.equal(eventCount(Event.regionBorder), 3n);
    t.same(asked, []);
    t.end();
  });
}
