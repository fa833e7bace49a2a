import t from 'tap';
import fc from 'fast-check';
import { allocatorStart, allocatorUsed } from '../../../kernel/paging/allocator.js';
import { readMtrrs } from '../../../kernel/paging/mtrr.js';
import {
  buildNestedTables,
  hiddenBytes,
  hiddenStart,
  hostAddress,
  isHidden,
  nestedTablePages,
  showDecoy,
  writableHostAddress,
} from '../../../kernel/space/nestedPaging.js';
import { announceRanges, hidePage } from '../../../kernel/space/pageRights.js';
import { svmEntryFormat } from '../../../kernel/svm/control/entryFormat.js';
import { PAGE_BYTES } from '../../../kernel/x86/pages.js';
import { window } from '../../../transpiler/lib/index.js';
import { addMemory, resetMemory, simulate } from '../../../transpiler/lib/testing.js';
import { AmdProcessor, walkTables } from '../support/guest.js';

const GIB = 1n << 30n;
const MIB_2 = 0x20_0000n;
const REGION = 0x3fe0_0000n;
const PRESENT_WRITABLE_USER = 7n;
const EXTENDED_FEATURES = 0x8000_0001;

let processor = new AmdProcessor();
let root = 0n;

/** Builds the tables of a machine with 1 GiB of memory, whose last 2 MiB are hidden. */
function build(prepare: (processor: AmdProcessor) => void = () => undefined): void {
  resetMemory();
  processor = new AmdProcessor();
  prepare(processor);
  simulate(processor);
  addMemory(REGION, 0x80_0000);
  allocatorStart(REGION, 0x80_0000n);
  readMtrrs();
  root = buildNestedTables(svmEntryFormat(), REGION, MIB_2, GIB);
}

/** The usual MTRRs: fixed ones on, the last GiB below 4 GiB uncached. */
function usualMtrrs({ msrs }: AmdProcessor): void {
  msrs.set(0xfe, 0x101n).set(0x2ff, 0xc06n);
  for (let msr = 0x250; msr <= 0x26f; msr++) msrs.set(msr, 0x0606_0606_0606_0606n);
  msrs.set(0x200, 0xc000_0000n).set(0x201, 0xff_c000_0800n);
}

t.test('guest-physical addresses are machine addresses, with all rights', (t) => {
  build(usualMtrrs);
  for (const address of [
    0n,
    0xa_0000n,
    0x10_0000n,
    REGION - 1n,
    REGION + MIB_2,
    0xfee0_0000n,
    0xffff_0000n,
    5n * GIB,
  ]) {
    const found = walkTables(root, address);
    t.equal(found?.target, address, address.toString(16));
    t.equal((found?.entry ?? 0n) & PRESENT_WRITABLE_USER, PRESENT_WRITABLE_USER);
    t.equal((found?.entry ?? 0n) >> 63n, 0n);
  }
  t.end();
});

t.test('no entry chooses a memory type: bits 3 and 4, bit 7 of small and bit 12 of large pages are zero', (t) => {
  build(usualMtrrs);
  for (const [address, patBit] of [
    [0n, 7n],
    [MIB_2, 12n],
    [GIB, 12n],
  ] as const) {
    const entry = walkTables(root, address)?.entry ?? 0n;
    t.equal((entry - address) & (0x18n | (1n << patBit)), 0n);
  }
  t.end();
});

t.test('the whole physical address width is mapped, not 512 GiB (airhv 34, hv 66)', (t) => {
  build();
  const last = (1n << 40n) - 1n;
  t.equal(walkTables(root, last)?.target, last);
  t.equal(walkTables(root, last + 1n), null);
  t.end();
});

t.test('a narrower processor’s tables end where its addresses do', (t) => {
  build((machine) => (machine.leaves[0x8000_0008] = { eax: 36 }));
  t.equal(walkTables(root, (1n << 36n) - 1n)?.target, (1n << 36n) - 1n);
  t.equal(walkTables(root, 1n << 36n), null);
  t.end();
});

t.test('address bits that encrypt are left out: they would be other names of the hidden memory', (t) => {
  const end = (prepare: (machine: AmdProcessor) => void): bigint => {
    build(prepare);
    return [47n, 43n, 42n, 40n].find((bit) => walkTables(root, (1n << bit) - 1n) !== null) ?? 0n;
  };
  const width = { 0x8000_0008: { eax: 47 } };
  t.equal(
    end((machine) => Object.assign(machine.leaves, width)),
    47n,
  );
  t.equal(
    end((machine) => Object.assign(machine.leaves, width, { 0x8000_001f: { eax: 1, ebx: (5 << 6) | 43 } })),
    43n,
    'AMD’s bit of SME',
  );
  t.equal(
    end((machine) => {
      Object.assign(machine.leaves, width, { 0: { eax: 7 }, 7: { ecx: 1 << 13 } });
      machine.msrs.set(0x982, 0x5_0000_0003n);
    }),
    42n,
    'the bits of a key of Intel’s MKTME',
  );
  t.end();
});

t.test('pages are as large as memory types allow', (t) => {
  build(usualMtrrs);
  t.equal(walkTables(root, 0n)?.bytes, 0x1000n);
  t.equal(walkTables(root, MIB_2)?.bytes, MIB_2);
  t.equal(walkTables(root, GIB)?.bytes, GIB);
  t.equal(walkTables(root, 3n * GIB)?.bytes, GIB);
  t.equal(walkTables(root, 100n * GIB)?.bytes, GIB);
  t.end();
});

t.test('a processor without 1 GiB pages gets 2 MiB pages', (t) => {
  build((machine) => {
    machine.leaves[EXTENDED_FEATURES] = { edx: 0 };
    machine.leaves[0x8000_0008] = { eax: 36 };
  });
  t.equal(walkTables(root, 5n * GIB)?.bytes, MIB_2);
  t.end();
});

t.test('no page of the hidden memory is mapped', (t) => {
  build(usualMtrrs);
  for (let address = REGION; address < REGION + MIB_2; address += PAGE_BYTES) {
    if (walkTables(root, address) !== null) t.fail(address.toString(16));
  }
  t.equal(hiddenStart(), REGION);
  t.equal(hiddenBytes(), MIB_2);
  t.end();
});

t.test('what the guest gets in place of a hidden page is a page of ones, mapped at that page only', (t) => {
  build();
  t.ok(showDecoy(REGION + 0x5678n));
  const decoy = walkTables(root, REGION + 0x5000n)?.target ?? 0n;
  const page = window(decoy, 4096);
  for (let offset = 0; offset < 4096; offset += 8) {
    if (page.u64(offset) !== 0xffff_ffff_ffff_ffffn) t.fail(`decoy byte ${offset}`);
  }
  t.equal(walkTables(root, REGION + 0x4000n), null);
  t.equal(walkTables(root, REGION + 0x6000n), null);
  t.end();
});

t.test('all hidden pages show the one decoy page, and no page of the hypervisor', (t) => {
  build();
  const targets = new Set<bigint>();
  for (let address = REGION; address < REGION + MIB_2; address += PAGE_BYTES) {
    showDecoy(address);
    targets.add(walkTables(root, address)?.target ?? 0n);
  }
  t.same([...targets], [hostAddress(REGION)]);
  t.end();
});

t.test('no decoy is shown outside the hidden memory', (t) => {
  build();
  t.notOk(showDecoy(REGION - 1n));
  t.notOk(showDecoy(REGION + MIB_2));
  t.notOk(showDecoy(0n));
  t.notOk(showDecoy(0xffff_ffff_ffff_ffffn));
  t.end();
});

t.test('the hypervisor reads guest memory where it is, and the decoy where it is not the guest’s', (t) => {
  build();
  const decoy = hostAddress(REGION);
  t.equal(hostAddress(0x1234n), 0x1234n);
  t.equal(hostAddress(REGION + MIB_2 - 1n), decoy + 0xfffn);
  t.equal(hostAddress(GIB), decoy);
  t.equal(hostAddress(0xffff_ffff_ffff_ffffn), decoy + 0xfffn);
  t.end();
});

t.test('for a page that is hidden alone, the hypervisor’s writes go to the decoy too', (t) => {
  build();
  t.notOk(isHidden(0x9_f000n));
  announceRanges(1);
  hidePage(0x9_f000n);
  const decoy = hostAddress(REGION);
  t.equal(writableHostAddress(0x9_f000n), decoy);
  t.equal(writableHostAddress(0x9_ffffn), decoy + 0xfffn);
  t.equal(writableHostAddress(0x9_efffn), 0x9_efffn);
  t.equal(writableHostAddress(0xa_0000n), 0xa_0000n);
  t.equal(writableHostAddress(REGION), decoy);
  t.ok(isHidden(0x9_f123n));
  t.notOk(isHidden(0xa_0000n));
  t.end();
});

t.test('for any action of the guest, an address is mapped to itself, to the decoy, or not at all', (t) => {
  build(usualMtrrs);
  const anywhere = fc.bigInt({ min: 0n, max: (1n << 40n) - 1n });
  const nearby = fc.bigInt({ min: REGION - MIB_2, max: REGION + 2n * MIB_2 });
  const decoy = hostAddress(REGION);
  fc.assert(
    fc.property(fc.oneof(anywhere, nearby), (address) => {
      showDecoy(address);
      const target = walkTables(root, address)?.target;
      const hidden = address >= REGION && address < REGION + MIB_2;
      return target === (hidden ? decoy + (address & 0xfffn) : address);
    }),
  );
  t.end();
});

t.test('the tables take no more pages than foretold', (t) => {
  const machines = [
    usualMtrrs,
    () => undefined,
    (machine: AmdProcessor) => {
      usualMtrrs(machine);
      machine.leaves[EXTENDED_FEATURES] = { edx: 0 };
      machine.leaves[0x8000_0008] = { eax: 36 };
    },
  ];
  for (const prepare of machines) {
    build(prepare);
    t.ok(allocatorUsed() / PAGE_BYTES <= BigInt(nestedTablePages(MIB_2, svmEntryFormat())));
  }
  t.end();
});
