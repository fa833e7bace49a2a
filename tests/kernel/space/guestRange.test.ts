import t, { type Test } from 'tap';
import { NOT_PRESENT, Paging } from '../../../kernel/space/guestPaging.js';
import { findRange, GuestRange } from '../../../kernel/space/guestRange.js';
import { hostAddress } from '../../../kernel/space/nestedPaging.js';
import { local } from '../../../transpiler/lib/index.js';
import { HIDDEN, startGuest } from '../support/guest.js';

const PG_AND_PE = 0x8000_0001n;
const ROOT = 0x8_0000;
const TABLE = 0x9_0000;
const ADDRESS = 0xc004_5ff0;
/** The entry for its page, and the one for the next. */
const ENTRY = TABLE + 4 * 0x45;

let view: DataView = new DataView(new ArrayBuffer(8));

t.beforeEach(() => {
  const { memory } = startGuest();
  view = new DataView(memory.buffer, memory.byteOffset);
  view.setUint32(ROOT + 4 * 0x300, TABLE | 3, true);
  view.setUint32(ENTRY, 0x10_0003, true);
  view.setUint32(ENTRY + 4, 0x20_0003, true);
});

function find(bytes: number, isWrite: boolean) {
  const range = local(GuestRange);
  const paging = local(Paging);
  paging.cr0 = PG_AND_PE;
  paging.cr3 = BigInt(ROOT);
  return { found: findRange(range, paging, ADDRESS, bytes, isWrite), range };
}

/** Another processor of the guest writes `value` to `place` once that has been read. */
function changeOnceRead(t: Test, place: number, value: number): void {
  const read = Object.getOwnPropertyDescriptor(DataView.prototype, 'getUint32')?.value as DataView['getUint32'];
  DataView.prototype.getUint32 = function (this: DataView, offset: number, littleEndian?: boolean): number {
    const seen = read.call(this, offset, littleEndian);
    const isThere = this.buffer === view.buffer && this.byteOffset + offset === view.byteOffset + place;
    if (isThere) view.setUint32(place, value, true);
    return seen;
  };
  t.teardown(() => (DataView.prototype.getUint32 = read));
}

t.test('bytes lie in one page, or in two that need not follow each other', (t) => {
  const one = find(16, false);
  t.ok(one.found);
  t.equal(one.range.first, 0x10_0ff0n);
  const two = find(17, true);
  t.ok(two.found);
  t.same([two.range.first, two.range.second, two.range.split], [0x10_0ff0n, 0x20_0000n, 16]);
  t.end();
});

t.test('the address of a missing page is reported', (t) => {
  view.setUint32(ENTRY + 4, 0x20_0002, true);
  const { found, range } = find(20, true);
  t.notOk(found);
  t.same([range.code, range.missing], [2, 0xc004_6000n]);
  t.end();
});

t.test('a page that is unmapped during the walk is a fault', (t) => {
  changeOnceRead(t, ENTRY, 0x10_0002);
  const { found, range } = find(4, true);
  t.notOk(found);
  t.equal(range.first, NOT_PRESENT);
  t.same([range.code, range.missing], [2, BigInt(ADDRESS)]);
  t.end();
});

t.test('a page that is remapped to hidden memory gives the decoy, and accesses stay in it', (t) => {
  changeOnceRead(t, ENTRY, Number(HIDDEN) | 3);
  const { found, range } = find(4, true);
  t.ok(found);
  t.equal(range.first, hostAddress(HIDDEN) + 0xff0n);
  t.end();
});
