import fc from 'fast-check';
import t, { type Test } from 'tap';
import { memoryTypeIn, MemoryType, MtrrChange, Mtrrs, readMtrrsWith } from '../../../kernel/paging/mtrr.js';
import { writeMtrr } from '../../../kernel/space/mtrrShadow.js';
import { MtrrShadow } from '../../../kernel/vcpu/mtrrShadow.js';
import { ExitCode } from '../../../kernel/svm/control/exitCode.js';
import { ExitReason } from '../../../kernel/vmx/control/exitReason.js';
import { Field } from '../../../kernel/vmx/control/vmcs.js';
import { local, window } from '../../../transpiler/lib/index.js';
import { HIDDEN, HIDDEN_BYTES, startGuest, writeBackProcessor, type AmdProcessor } from '../support/guest.js';
import { IntelProcessor, startIntelGuest } from '../support/intel.js';
import { vendors, type NeutralGuest, type Vendor } from '../support/vendors.js';

const DEFAULT_TYPE = 0x2ff;
const FIXED = [0x250, 0x258, 0x259, ...Array.from({ length: 8 }, (_, i) => 0x268 + i)];
const VARIABLE = Array.from({ length: 16 }, (_, i) => 0x200 + i);
const GIB = 1n << 30n;
const WIDTH = (1n << 40n) - 1n;
const VALID = 1n << 11n;
const APIC = 0xfee0_0000n;

/** As firmware sets them: all write-back but for the last GiB below 4 GiB. */
function setMtrrs(processor: AmdProcessor): void {
  processor.msrs.set(0xfe, 0x508n);
  for (const msr of VARIABLE) processor.msrs.set(msr, 0n);
  for (const msr of FIXED) processor.msrs.set(msr, 0x0606_0606_0606_0606n);
  processor.msrs.set(0x200, 3n * GIB);
  processor.msrs.set(0x201, (~(GIB - 1n) & WIDTH) | VALID);
  processor.msrs.set(DEFAULT_TYPE, 0xc06n);
  processor.msrs.set(0x1b, APIC | 0x900n);
}

function withMtrrs<T extends AmdProcessor>(processor: T): T {
  setMtrrs(processor);
  return processor;
}

interface Machine extends NeutralGuest {
  read(msr: number): bigint | string;
  write(msr: number, value: bigint): string;
}

/** A guest of `vendor` on a processor with these MTRRs. */
function startOn(vendor: Vendor): Machine {
  const guest = vendor.start(setMtrrs);
  const { registers, execute } = guest;
  return {
    ...guest,
    read(msr) {
      registers.rcx = BigInt(msr);
      const outcome = execute('rdmsr');
      return outcome === 'done' ? (registers.rdx << 32n) | registers.rax : outcome;
    },
    write(msr, value) {
      registers.rcx = BigInt(msr);
      registers.rax = value & 0xffff_ffffn;
      registers.rdx = value >> 32n;
      return execute('wrmsr');
    },
  };
}

/** The types that the processor's registers give now. */
function typeAt(address: bigint): number {
  const mtrrs = local(Mtrrs);
  readMtrrsWith(mtrrs, local(MtrrChange));
  return memoryTypeIn(mtrrs, address);
}

function isProtected(t: Test): void {
  for (let page = HIDDEN; page < HIDDEN + HIDDEN_BYTES; page += 0x1000n) {
    if (typeAt(page) !== MemoryType.writeBack) return void t.fail(`hidden memory at ${page} has type ${typeAt(page)}`);
  }
  t.equal(typeAt(APIC), MemoryType.uncached);
}

for (const vendor of vendors) {
  const { name } = vendor;

  t.test(`${name}: what Linux does on each processor works: types off, set, on again`, (t) => {
    const { processor, read, write } = startOn(vendor);
    t.equal(write(DEFAULT_TYPE, 0n), 'done');
    t.equal(read(DEFAULT_TYPE), 0n);
    isProtected(t);
    t.equal(write(0x202, 0xd000_0001n), 'done');
    t.equal(write(0x203, (~0xfff_ffffn & WIDTH) | VALID), 'done');
    t.equal(processor.msrs.get(0x202), 0xd000_0001n, 'a range of its own reaches the register');
    t.equal(write(DEFAULT_TYPE, 0xc06n), 'done');
    t.equal(read(DEFAULT_TYPE), 0xc06n);
    t.equal(processor.msrs.get(DEFAULT_TYPE), 0xc06n);
    isProtected(t);
    t.end();
  });

  t.test(`${name}: a range over hidden memory does not reach the register, and reads as it was written`, (t) => {
    const { processor, read, write } = startOn(vendor);
    const mask = (~(HIDDEN_BYTES - 1n) & WIDTH) | VALID;
    t.equal(write(0x204, HIDDEN), 'done');
    t.equal(write(0x205, mask), 'done');
    t.equal(read(0x204), HIDDEN);
    t.equal(read(0x205), mask);
    t.equal(processor.msrs.get(0x205), 0n);
    isProtected(t);
    t.equal(write(0x204, 0xe000_0000n), 'done');
    t.equal(processor.msrs.get(0x204), 0xe000_0000n, 'elsewhere it counts, with its mask');
    t.equal(processor.msrs.get(0x205), mask);
    isProtected(t);
    t.end();
  });

  t.test(`${name}: the local APIC cannot become cached`, (t) => {
    const { processor, read, write } = startOn(vendor);
    t.equal(write(0x201, 0n), 'done');
    t.equal(read(0x201), 0n);
    t.not(processor.msrs.get(0x201), 0n);
    isProtected(t);
    t.end();
  });

  t.test(`${name}: a value that no processor accepts raises #GP, shadowed or not`, (t) => {
    const { write } = startOn(vendor);
    for (const [msr, value] of [
      [DEFAULT_TYPE, 2n],
      [DEFAULT_TYPE, 0x1000n],
      [0x200, 7n],
      [0x200, 0x106n],
      [0x201, 1n],
      [0x250, 0x02n],
      [0x250, 0x1e06_0606_0606_0606n],
    ] as const) {
      t.equal(write(msr, value), '#GP', `${msr.toString(16)} ${value.toString(16)}`);
    }
    t.end();
  });

  t.test(`${name}: for any writes, hidden memory stays write-back and reads give the written value`, (t) => {
    const type = fc.constantFrom(0n, 1n, 4n, 5n, 6n);
    const place = fc.constantFrom(0n, HIDDEN, HIDDEN - 0x20_0000n, HIDDEN + HIDDEN_BYTES, APIC, 3n * GIB, 4n * GIB);
    const bytes = fc.constantFrom(0x1000n, 0x10_0000n, HIDDEN_BYTES, GIB, 4n * GIB, 1n << 40n);
    const writes = fc.oneof(
      fc.tuple(
        fc.constant(DEFAULT_TYPE),
        fc.tuple(type, fc.nat(3)).map(([type, on]) => type | (BigInt(on) << 10n)),
      ),
      fc.tuple(
        fc.constantFrom(...FIXED),
        type.map((type) => type * 0x0101_0101_0101_0101n),
      ),
      fc.tuple(
        fc.nat(7).map((i) => 0x200 + 2 * i),
        fc.tuple(place, type).map(([place, type]) => place | type),
      ),
      fc.tuple(
        fc.nat(7).map((i) => 0x201 + 2 * i),
        fc.tuple(bytes, fc.boolean()).map(([bytes, on]) => (~(bytes - 1n) & WIDTH) | (on ? VALID : 0n)),
      ),
    );
    fc.assert(
      fc.property(fc.array(writes, { maxLength: 24 }), (sequence) => {
        const { read, write } = startOn(vendor);
        const written = new Map<number, bigint>();
        for (const [msr, value] of sequence) {
          t.equal(write(msr, value), 'done');
          written.set(msr, value);
          isProtected(t);
        }
        for (const [msr, value] of written) t.equal(read(msr), value, msr.toString(16));
      }),
      { numRuns: 60 },
    );
    t.end();
  });
}

t.test('threads of a core, which may share its MTRRs, write them one after the other', (t) => {
  const { processor, write } = startOn(vendors[0]);
  const other = local(MtrrShadow);
  const waits = new Error('waits for the lock');
  const tryRdmsr = processor.tryRdmsr.bind(processor);
  let tries = 0;
  processor.pause = () => {
    throw waits;
  };
  processor.tryRdmsr = (msr) => {
    if (msr === 0x205 && tries++ === 0) t.throws(() => writeMtrr(other, 0x204, HIDDEN), waits);
    return tryRdmsr(msr);
  };
  t.equal(write(0x205, (~(HIDDEN_BYTES - 1n) & WIDTH) | VALID), 'done');
  t.ok(tries > 0);
  t.equal(writeMtrr(other, 0x204, HIDDEN), true, 'then it is the other one’s turn');
  isProtected(t);
  t.end();
});

t.test('AMD-V: RdMem and WrMem of fixed ranges stay, even where the firmware left them open', (t) => {
  const { processor, read, write } = startOn(vendors[0]);
  processor.msrs.set(0xc001_0010, (1n << 18n) | (1n << 19n));
  t.equal(write(0x250, 0x1e1e_1e1e_1e1e_1e1en), 'done');
  t.equal(read(0x250), 0x1e1e_1e1e_1e1e_1e1en);
  t.equal(processor.msrs.get(0x250), 0x0606_0606_0606_0606n);
  t.end();
});

t.test('only reads of a register that did not get the written value exit', (t) => {
  const amd = startGuest([0x0f, 0x30], withMtrrs(writeBackProcessor()));
  const map = window(amd.vmcb.msrPermissions, 0x2000);
  const exitsOnAmd = (msr: number) => (map.u8(msr >> 2) >> ((msr & 3) * 2)) & 3;
  t.equal(exitsOnAmd(DEFAULT_TYPE), 2);
  amd.vcpu.registers.rcx = BigInt(DEFAULT_TYPE);
  amd.exit(ExitCode.msr, 1n);
  t.equal(exitsOnAmd(DEFAULT_TYPE), 3);
  t.equal(exitsOnAmd(0x200), 2);

  const intel = startIntelGuest(withMtrrs(new IntelProcessor()));
  const bitmap = window(intel.read(Field.msrBitmap), 0x1000);
  const readExits = (msr: number) => (bitmap.u8(msr >> 3) >> (msr & 7)) & 1;
  t.equal(readExits(DEFAULT_TYPE), 0);
  intel.vcpu.registers.rcx = BigInt(DEFAULT_TYPE);
  intel.exit(ExitReason.wrmsr);
  t.equal(readExits(DEFAULT_TYPE), 1);
  t.equal(readExits(0x200), 0);
  t.end();
});
