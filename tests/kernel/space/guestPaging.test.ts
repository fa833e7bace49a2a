import t from 'tap';
import fc from 'fast-check';
import { guestPhysical, NOT_PRESENT } from '../../../kernel/space/guestPaging.js';
import { announceRanges, setRights } from '../../../kernel/space/pageRights.js';
import { PAGE_BYTES } from '../../../kernel/x86/pages.js';
import { HIDDEN, startGuest } from '../support/guest.js';

const PG = 0x8000_0001n;
const PSE = 1n << 4n;
const PAE = 1n << 5n;
const LA57 = 1n << 12n;
const LMA = 0x500n;
const ROOT = 0x8_0000;
/** An address for which each of five tables has its second entry. */
const SECOND_ENTRIES = 0x1_0080_4020_1abcn;

let view: DataView = new DataView(new ArrayBuffer(8));

t.beforeEach(() => {
  const { memory } = startGuest();
  view = new DataView(memory.buffer);
});

function put(table: number, index: number, entry: bigint): void {
  view.setBigUint64(table + index * 8, entry, true);
}

function put32(table: number, index: number, entry: number): void {
  view.setUint32(table + index * 4, entry, true);
}

const root = BigInt(ROOT);

t.test('page tables above a device lead to the same pages, and what a device holds is not read as an entry', (t) => {
  const modes = [
    { cr4: PAE, efer: LMA, tables: [ROOT, 0x9_0000, 0xa_0000, 0xb_0000] },
    { cr4: PAE | LA57, efer: LMA, tables: [ROOT, 0xc_0000, 0x9_0000, 0xa_0000, 0xb_0000] },
    { cr4: PAE, efer: 0n, tables: [ROOT, 0xa_0000, 0xb_0000] },
  ];
  for (const { cr4, efer, tables } of modes) {
    for (const device of [0x3_0000, ...tables]) {
      const { memory } = startGuest();
      view = new DataView(memory.buffer);
      announceRanges(1);
      setRights(BigInt(device), PAGE_BYTES, 0);
      tables.forEach((table, level) => put(table, 1, BigInt(tables[level + 1] ?? 0x12_3000) | 1n));
      const found = guestPhysical(PG, root, cr4, efer, SECOND_ENTRIES & ((0x1000n << BigInt(9 * tables.length)) - 1n));
      const isFound = found === 0x12_3abcn;
      t.equal(isFound, device === 0x3_0000, `${tables.length} tables, a device at 0x${device.toString(16)}`);
    }
  }
  t.end();
});

t.test('without paging an address is itself, in 32 bits', (t) => {
  t.equal(guestPhysical(0x1n, 0n, 0n, 0n, 0x1_1234_5678n), 0x1234_5678n);
  t.end();
});

t.test('32-bit paging: 4 KiB pages', (t) => {
  put32(ROOT, 0x300, 0x9_0003);
  put32(0x9_0000, 0x45, 0xabcd_e003);
  t.equal(guestPhysical(PG, root | 0x18n, 0n, 0n, 0xc004_5678n), 0xabcd_e678n);
  t.end();
});

t.test('32-bit paging: 4 MiB pages, with address bits above 32 (PSE-36)', (t) => {
  put32(ROOT, 0x300, 0x0080_6083);
  t.equal(guestPhysical(PG, root, PSE, 0n, 0xc012_3456n), 0x3_0092_3456n);
  t.end();
});

t.test('32-bit paging without PSE has no large pages', (t) => {
  put32(ROOT, 0x300, 0x0009_0083);
  put32(0x9_0000, 0x123, 0x0001_0003);
  t.equal(guestPhysical(PG, root, 0n, 0n, 0xc012_3456n), 0x1_0456n);
  t.end();
});

t.test('PAE: four top entries, at a root aligned to 32 bytes', (t) => {
  put(ROOT + 0x20, 3, 0x9_0001n);
  put(0x9_0000, 2, 0xa_0003n);
  put(0xa_0000, 0x45, 0x1_2345_6003n);
  t.equal(guestPhysical(PG, root | 0x38n, PAE, 0n, 0xc044_5678n), 0x1_2345_6678n);
  t.end();
});

t.test('PAE: 2 MiB pages', (t) => {
  put(ROOT, 3, 0x9_0001n);
  put(0x9_0000, 2, 0x40_0083n);
  t.equal(guestPhysical(PG, root, PAE, 0n, 0xc045_6789n), 0x45_6789n);
  t.end();
});

t.test('four levels: 4 KiB, 2 MiB and 1 GiB pages', (t) => {
  put(ROOT, 511, 0x9_0003n);
  put(0x9_0000, 510, 0xa_0003n);
  put(0x9_0000, 511, 0x8000_0083n);
  put(0xa_0000, 8, 0xb_0003n);
  put(0xa_0000, 9, 0xe0_0083n);
  put(0xb_0000, 5, 0x8000_0000_0012_3003n);
  const address = (low: bigint): bigint => guestPhysical(PG, root | 0x18n, PAE, LMA, 0xffff_ffff_8000_0000n + low);
  t.equal(address(0x100_5678n), 0x12_3678n);
  t.equal(address(0x123_4567n), 0xe3_4567n);
  t.equal(address(0x4567_89abn), 0x8567_89abn);
  t.end();
});

t.test('five levels', (t) => {
  put(ROOT, 1, 0x9_0003n);
  put(0x9_0000, 0, 0xa_0003n);
  put(0xa_0000, 0, 0x4000_0083n);
  t.equal(guestPhysical(PG, root, PAE | LA57, LMA, 0x1_0000_0012_3456n), 0x4012_3456n);
  t.end();
});

t.test('a missing entry at any level is not present', (t) => {
  t.equal(guestPhysical(PG, root, 0n, 0n, 0n), NOT_PRESENT);
  t.equal(guestPhysical(PG, root, PAE, 0n, 0n), NOT_PRESENT);
  t.equal(guestPhysical(PG, root, PAE, LMA, 0n), NOT_PRESENT);
  put(ROOT, 0, 0x9_0003n);
  put(0x9_0000, 0, 0xa_0003n);
  put(0xa_0000, 0, 0xb_0003n);
  t.equal(guestPhysical(PG, root, PAE, LMA, 0n), NOT_PRESENT);
  t.end();
});

t.test('a root in hidden memory is read as ones', (t) => {
  t.equal(guestPhysical(PG, HIDDEN, PAE, LMA, 0x1234n) & 0xfffn, 0x234n);
  t.end();
});

t.test('any tables and registers: no access outside memory', (t) => {
  const word = fc.bigInt({ min: 0n, max: 0xffff_ffff_ffff_ffffn });
  const contents = fc.uint8Array({ minLength: 64, maxLength: 64 });
  fc.assert(
    fc.property(contents, word, word, word, word, word, (bytes, cr0, cr3, cr4, efer, address) => {
      new Uint8Array(view.buffer).set(bytes, Number(address & 0x3f_0000n));
      const found = guestPhysical(cr0, cr3, cr4, efer, address);
      return found >= 0n && found <= NOT_PRESENT;
    }),
  );
  t.end();
});
