import t, { type Test } from 'tap';
import { exitsOf, MsrOwner, MSR_OWNERS } from '../../../kernel/access/msrOwner.js';
import { assignMsrs, ownerOf, placeOf, PLACES } from '../../../kernel/access/msrOwners.js';
import { msrsOfAmd } from '../../../kernel/access/msrsOfAmd.js';
import { msrsOfBoth } from '../../../kernel/access/msrsOfBoth.js';
import { msrsOfIntel } from '../../../kernel/access/msrsOfIntel.js';
import { Event } from '../../../kernel/observe/events.js';
import { eventCount } from '../support/events.js';
import { MsrChoice, options } from '../../../kernel/machine/options.js';
import { Field } from '../../../kernel/vmx/control/vmcs.js';
import { window, type List } from '../../../transpiler/lib/index.js';
import { startGuest } from '../support/guest.js';
import { startIntelGuest } from '../support/intel.js';
import { vendors, type Vendor } from '../support/vendors.js';

/** All MSRs that a permission map covers: from 0, from C000_0000 and from C001_0000 on. */
const ALL = [0, 0xc000_0000, 0xc001_0000].flatMap((start) => Array.from({ length: 0x2000 }, (_, i) => start + i));

const [amd, intel] = vendors;

function entries(list: List<number>): { first: number; last: number; owner: number }[] {
  return Array.from({ length: list.length / 3 }, (_, i) => ({
    first: list.get(3 * i),
    last: list.get(3 * i + 1),
    owner: list.get(3 * i + 2),
  }));
}

for (const [name, list] of Object.entries({ msrsOfBoth, msrsOfAmd, msrsOfIntel })) {
  t.test(`${name}: each line is a range of MSRs in the maps, and names an owner`, (t) => {
    t.equal(list.length % 3, 0);
    for (const { first, last, owner } of entries(list)) {
      t.ok(
        first <= last && placeOf(last) < PLACES && placeOf(last) - placeOf(first) === last - first,
        first.toString(16),
      );
      t.ok(owner < MSR_OWNERS);
    }
    t.end();
  });
}

t.test('AMD-V: an access exits exactly if its owner intercepts it', (t) => {
  const { vmcb } = startGuest();
  const map = window(vmcb.msrPermissions, 0x2000);
  const wrong = ALL.filter((msr) => {
    const place = placeOf(msr);
    return ((map.u8(place >> 2) >> ((place & 3) * 2)) & 3) !== exitsOf(ownerOf(msr));
  });
  t.same(wrong, []);
  t.end();
});

t.test('VT-x: an access exits exactly if its owner intercepts it', (t) => {
  const { read } = startIntelGuest();
  const map = window(read(Field.msrBitmap), 0x1000);
  const bit = (start: number, msr: number) => (map.u8(start + (placeOf(msr) >> 3)) >> (msr & 7)) & 1;
  const wrong = ALL.slice(0, 0x4000).filter((msr) => (bit(0, msr) | (bit(0x800, msr) << 1)) !== exitsOf(ownerOf(msr)));
  t.same(wrong, []);
  t.end();
});

/** The outcome of a read, and of a write that changes the value. */
function outcomes(vendor: Vendor, msr: number): string {
  const { processor, registers, execute } = vendor.start();
  processor.msrs.set(msr, 0x10n);
  registers.rcx = BigInt(msr);
  const read = execute('rdmsr');
  registers.rdx = 0n;
  registers.rax = 0x6n;
  const write = execute('wrmsr');
  return `${read} ${write} ${processor.msrs.get(msr) === 0x10n ? 'stays' : 'changes'}`;
}

const PASSES = 'done done changes';
const STAYS = 'done #GP stays';
const IS_KEPT = 'done done stays';
const REFUSED = '#GP #GP stays';

/** What the review found to be the guest's, and what kernels need. */
const OF_VENDORS: readonly Readonly<Record<string, readonly number[]>>[] = [
  {
    [STAYS]: [0xc001_0010, 0xc001_001a, 0xc001_0064, 0xc001_0070, 0xc001_0112, 0xc001_0132, 0xc001_0133],
    [REFUSED]: [0xc001_0118, 0xc001_0119, 0x150, 0x1a0, 0x3a],
    [IS_KEPT]: [0xc001_0015, 0xc001_1002, 0xc001_1004, 0xc001_1023, 0xc001_102d, 0xc001_0020],
    [PASSES]: [0x10, 0x277, 0x401, 0xc001_0062, 0xc001_0044, 0xc001_0200, 0xc001_1030, 0xc000_0408, 0xc000_2001],
  },
  {
    [STAYS]: [0x9b, 0x194, 0x1ad, 0x1f2, 0x2a0, 0x601, 0x64b, 0x982, 0x1400],
    [REFUSED]: [0xb0, 0x150, 0x2c2, 0x480, 0x570, 0x600, 0xc001_0015],
    [IS_KEPT]: [0x33, 0x79],
    [PASSES]: [0x10, 0xe2, 0x199, 0x1b0, 0x1fc, 0x277, 0x38f, 0x401, 0x610, 0x774, 0xc8f, 0x14ce],
  },
];

for (const [index, vendor] of vendors.entries()) {
  t.test(`${vendor.name}: each MSR is read and written as its line in the lists says`, (t) => {
    for (const [expected, msrs] of Object.entries(OF_VENDORS[index] ?? {})) {
      for (const msr of msrs) t.equal(outcomes(vendor, msr), expected, msr.toString(16));
    }
    t.end();
  });
}

function write(t: Test, vendor: Vendor, msr: number, present: bigint, value: bigint): bigint | undefined {
  const { processor, registers, execute } = vendor.start();
  processor.msrs.set(msr, present);
  registers.rcx = BigInt(msr);
  registers.rax = value & 0xffff_ffffn;
  registers.rdx = value >> 32n;
  t.equal(execute('wrmsr'), 'done');
  return processor.msrs.get(msr);
}

t.test(
  'the part that a guest may change is changed, and the rest stays: MISC_ENABLE without its XD bit, HWCR, LS_CFG',
  (t) => {
    t.equal(write(t, intel, 0x1a0, 0x85_0089n, 0x44_0085_008an), 0x40_0085_008an & ~0x4n & ~0x400_0000_0000n);
    t.equal(eventCount(Event.fixedMsrBits), 1n);
    t.equal(write(t, amd, 0xc001_0015, 0x100_0011n, 0x4204_0000n), 0x4300_0011n);
    t.equal(write(t, amd, 0xc001_1020, 0n, (1n << 10n) | (1n << 11n)), 1n << 10n);
    t.equal(write(t, amd, 0xc001_1029, 0n, 2n), 2n);
    t.equal(eventCount(Event.fixedMsrBits), 0n, 'what may be changed is no event');
    t.end();
  },
);

t.test('the guest cannot have locks on memory that is not cached fault, since the hypervisor makes such, too', (t) => {
  t.equal(write(t, intel, 0x33, 0n, 0x3000_0000n), 0x2000_0000n);
  t.equal(eventCount(Event.fixedMsrBits), 1n);
  t.end();
});

t.test('with msr=open an MSR in no list passes, and one in a list does not', (t) => {
  startGuest();
  options.msr = MsrChoice.open;
  assignMsrs(true);
  t.equal(ownerOf(0x17ff), MsrOwner.processor);
  t.equal(ownerOf(0x1234_5678), MsrOwner.processor);
  t.equal(ownerOf(0x4000_0000), MsrOwner.absent);
  t.equal(ownerOf(0xc001_001a), MsrOwner.fixed);
  t.equal(ownerOf(0xc001_0119), MsrOwner.refused);
  t.end();
});
