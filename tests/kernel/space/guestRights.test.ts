import t from 'tap';
import { NOT_PRESENT, Paging } from '../../../kernel/space/guestPaging.js';
import { CODE_WRITE, Touch, touchPage } from '../../../kernel/space/guestRights.js';
import { local } from '../../../transpiler/lib/index.js';
import { startGuest } from '../support/guest.js';

const PG = 0x8000_0001n;
const WP = 1n << 16n;
const PSE = 1n << 4n;
const PAE = 1n << 5n;
const SMAP = 1n << 21n;
const ALLOWED = 'allowed';
const ROOT = 0x8_0000;
const TABLE = 0x9_0000;
const root = BigInt(ROOT);

let view: DataView = new DataView(new ArrayBuffer(8));

t.beforeEach(() => {
  const { memory } = startGuest();
  view = new DataView(memory.buffer);
});

/** Maps page 0xc0045000 by tables of four-byte entries. */
function mapNarrow(directory: number, page: number): void {
  view.setUint32(ROOT + 4 * 0x300, TABLE | directory, true);
  view.setUint32(TABLE + 4 * 0x45, 0xabcd_e000 | page, true);
}
function touch(cr0: bigint, cr3: bigint, cr4: bigint, address: number, isWrite: boolean): number | string {
  const paging = Object.assign(local(Paging), { cr0, cr3, cr4, efer: 0n });
  const access = local(Touch);
  touchPage(access, paging, BigInt(address), isWrite ? CODE_WRITE : 0);
  return access.address === NOT_PRESENT ? access.code : ALLOWED;
}
const flags = (place: number): number => view.getUint32(place, true) & 0xfff;

t.test('without paging everything is allowed', (t) => {
  t.equal(touch(1n | WP, root, 0n, 0xc004_5000, true), ALLOWED);
  t.end();
});

t.test('reading marks the tables as accessed, writing the page as written', (t) => {
  mapNarrow(3, 3);
  t.equal(touch(PG | WP, root, 0n, 0xc004_5123, false), ALLOWED);
  t.equal(flags(ROOT + 4 * 0x300), 0x23);
  t.equal(flags(TABLE + 4 * 0x45), 0x23);
  t.equal(touch(PG | WP, root, 0n, 0xc004_5123, true), ALLOWED);
  t.equal(flags(ROOT + 4 * 0x300), 0x23);
  t.equal(flags(TABLE + 4 * 0x45), 0x63);
  t.end();
});

t.test('a page that is not present is a fault, and nothing is marked', (t) => {
  mapNarrow(3, 2);
  t.equal(touch(PG, root, 0n, 0xc004_5000, false), 0);
  t.equal(touch(PG, root, 0n, 0xc004_5000, true), 2);
  t.equal(touch(PG, root, 0n, 0x8004_5000, true), 2);
  t.equal(flags(ROOT + 4 * 0x300), 3);
  t.end();
});

t.test('a page that is read-only in any table is written only without CR0.WP', (t) => {
  for (const [directory, page] of [
    [1, 3],
    [3, 1],
  ] as const) {
    mapNarrow(directory, page);
    t.equal(touch(PG | WP, root, 0n, 0xc004_5000, true), 3);
    t.equal(touch(PG | WP, root, 0n, 0xc004_5000, false), ALLOWED);
    t.equal(touch(PG, root, 0n, 0xc004_5000, true), ALLOWED);
  }
  t.end();
});

t.test('with SMAP a page of the user is a fault', (t) => {
  mapNarrow(7, 7);
  t.equal(touch(PG, root, SMAP, 0xc004_5000, false), 1);
  t.equal(touch(PG, root, 0n, 0xc004_5000, false), ALLOWED);
  mapNarrow(7, 3);
  t.equal(touch(PG, root, SMAP, 0xc004_5000, true), ALLOWED);
  t.end();
});

t.test('a large page has its flags in the directory, with PSE', (t) => {
  view.setUint32(ROOT + 4 * 0x300, 0x83, true);
  t.equal(touch(PG, root, PSE, 0xc004_5000, true), ALLOWED);
  t.equal(flags(ROOT + 4 * 0x300), 0xe3);
  t.end();
});

t.test('with PAE entries have eight bytes, and the first table has no flags', (t) => {
  view.setBigUint64(ROOT + 8 * 3, BigInt(TABLE) | 1n, true);
  view.setBigUint64(TABLE, 0xa_0003n, true);
  view.setBigUint64(0xa_0000 + 8 * 0x45, 0xabcd_e003n, true);
  t.equal(touch(PG | WP, root, PAE, 0xc004_5000, true), ALLOWED);
  t.equal(flags(ROOT + 8 * 3), 1);
  t.equal(flags(TABLE), 0x23);
  t.equal(flags(0xa_0000 + 8 * 0x45), 0x63);
  t.equal(touch(PG | WP, root, PAE, 0x4004_5000, true), 2);
  t.end();
});
