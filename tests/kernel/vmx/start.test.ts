import t from 'tap';
import { vmxCheck, vmxExists } from '../../../kernel/vmx/control/capability.js';
import { vmxEnable } from '../../../kernel/vmx/control/enable.js';
import { eptPointer, vmxEntryFormat } from '../../../kernel/vmx/control/entryFormat.js';
import { Field, GUEST_RIGHTS, Segment } from '../../../kernel/vmx/control/vmcs.js';
import { window } from '../../../transpiler/lib/index.js';
import { resetMemory, simulate } from '../../../transpiler/lib/testing.js';
import { CODE, Halted, HALTED, HIDDEN, HIDDEN_BYTES, TABLES } from '../support/guest.js';
import { IntelProcessor, startIntelGuest } from '../support/intel.js';
import { logText } from '../support/startup.js';

/** The line with which the check stops start-up on a processor without the control `bit` of capability `msr`. */
function refusal(change: (processor: IntelProcessor) => void): string {
  resetMemory();
  const processor = new IntelProcessor();
  change(processor);
  simulate(processor);
  try {
    vmxCheck();
    return 'accepted';
  } catch (error) {
    if (!(error instanceof Halted)) throw error;
    return logText();
  }
}

/** Takes a control away: it can no longer be 1. */
function without(msr: number, bit: bigint): (processor: IntelProcessor) => void {
  return (processor) => {
    processor.msrs.set(msr, (processor.msrs.get(msr) ?? 0n) & ~(1n << (32n + bit)));
  };
}

t.test('a processor with all that a guest needs is accepted', (t) => {
  t.equal(
    refusal(() => undefined),
    'accepted',
  );
  t.equal(vmxExists(), true);
  t.end();
});

t.test('a processor without VMX has none', (t) => {
  const processor = new IntelProcessor();
  processor.leaves[1] = { ecx: 0 };
  simulate(processor);
  t.equal(vmxExists(), false);
  t.end();
});

t.test('each missing feature is named in one line', (t) => {
  const cases: [string, (processor: IntelProcessor) => void][] = [
    ['without extended page tables (EPT)', without(0x48b, 1n)],
    ['without extended page tables (EPT)', without(0x48e, 31n)],
    ['without unrestricted guest mode', without(0x48b, 7n)],
    ['without the preemption timer', without(0x48d, 6n)],
    ['without MSR bitmaps', without(0x48e, 28n)],
    ['without an EFER for guest and host each', without(0x490, 15n)],
    ['that forces VM exits for each access to CR3', (p) => p.msrs.set(0x48e, (0xfff9_fffen << 32n) | 0x0401_e172n)],
    ['without extended page tables of four levels', (p) => p.msrs.set(0x48c, 0xf01_0633_4101n)],
  ];
  for (const [text, change] of cases) t.equal(refusal(change), `tsvm: this processor has Intel VT-x ${text}\n`);
  t.end();
});

t.test('VT-x that the firmware switched off is refused in one line', (t) => {
  const line = refusal((processor) => processor.msrs.set(0x3a, 1n));
  t.match(line, /^tsvm: Intel VT-x is switched off by the firmware \(IA32_FEATURE_CONTROL\).*\n$/);
  t.end();
});

t.test('each processor is asked whether the firmware switched VT-x off', (t) => {
  const guest = startIntelGuest();
  guest.processor.msrs.set(0x3a, 1n);
  t.throws(() => vmxEnable(guest.vcpu.hostPage), HALTED);
  t.match(logText(), /^tsvm: Intel VT-x is switched off by the firmware.*\n$/);
  t.end();
});

t.test('a feature control register that the firmware left open is set and locked', (t) => {
  const processor = new IntelProcessor();
  processor.msrs.set(0x3a, 0n);
  startIntelGuest(processor);
  t.equal(processor.msrs.get(0x3a), 5n);
  t.end();
});

t.test('the control registers are as VMX insists, and have what CPUID mirrors', (t) => {
  const { processor } = startIntelGuest();
  t.equal(processor.cr0, 0x8001_0031n);
  t.equal(processor.cr4, 0x44_2060n);
  t.end();
});

t.test('no interrupt, NMI, HLT, INVLPG, MWAIT, RDPMC, RDTSC, CR3, CR8, DR, MONITOR or PAUSE exits', (t) => {
  const { read } = startIntelGuest();
  t.equal(read(Field.pinControls), 0x16n, 'nothing but what is forced');
  const exiting = [2n, 7n, 9n, 10n, 11n, 12n, 15n, 16n, 19n, 20n, 22n, 23n, 24n, 27n, 29n, 30n];
  for (const bit of exiting) t.equal((read(Field.primaryControls) >> bit) & 1n, 0n, `bit ${bit}`);
  t.equal(read(Field.secondaryControls) & 0x0000_0d45n, 0n);
  t.end();
});

t.test('EPT, VPID, unrestricted guest, RDTSCP, INVPCID and XSAVES are on', (t) => {
  const { read } = startIntelGuest();
  for (const bit of [1n, 3n, 5n, 7n, 12n, 20n]) t.equal((read(Field.secondaryControls) >> bit) & 1n, 1n, `bit ${bit}`);
  t.equal(read(Field.vpid), 1n);
  t.end();
});

t.test('a VMCS that is not zeros at first has zeros where they count', (t) => {
  const processor = new IntelProcessor();
  processor.vmread = (field: number): bigint => processor.fields.get(field) ?? 0x5555n;
  const { read } = startIntelGuest(processor);
  for (const field of [
    Field.pageFaultErrorMask,
    Field.pageFaultErrorMatch,
    Field.cr3TargetCount,
    Field.exitMsrStoreCount,
    Field.exitMsrLoadCount,
    Field.entryMsrLoadCount,
    Field.pconfigExitingBitmap,
    Field.guestSysenterCs,
    Field.guestSysenterEsp,
    Field.guestSysenterEip,
    Field.hostFsSelector,
    Field.hostGsSelector,
    Field.hostFsBase,
    Field.hostSysenterCs,
    Field.hostSysenterEsp,
    Field.hostSysenterEip,
  ]) {
    t.equal(read(field), 0n, field.toString(16));
  }
  t.equal(read(Field.xssExitingBitmap), 1n << 8n, 'the state of Intel PT');
  t.end();
});

t.test('#DB and #AC exit, no other exception', (t) => {
  t.equal(startIntelGuest().read(Field.exceptionBitmap), (1n << 1n) | (1n << 17n));
  t.end();
});

t.test('of CR0 and CR4 the hypervisor owns only what VMX fixes, and the guest sees its own values', (t) => {
  const { read } = startIntelGuest();
  t.equal(read(Field.cr0Mask), 0x20n);
  t.equal(read(Field.cr4Mask), 0x2000n);
  t.equal(read(Field.guestCr4), 0x2020n);
  t.equal(read(Field.cr4Shadow), 0x20n);
  t.end();
});

t.test('the guest starts in 64-bit mode where it was told to', (t) => {
  const { read } = startIntelGuest();
  t.equal(read(Field.guestRip), BigInt(CODE));
  t.equal(read(Field.guestCr3), BigInt(TABLES));
  t.equal(read(Field.guestEfer), 0x500n);
  t.equal(read(GUEST_RIGHTS + 2 * Segment.cs), 0xa09bn);
  t.equal(read(GUEST_RIGHTS + 2 * Segment.tr), 0x8bn);
  t.equal(read(Field.linkPointer), 0xffff_ffff_ffff_ffffn);
  t.end();
});

t.test('the MSR bitmap names what is hidden, and writes that reach for memory or load microcode', (t) => {
  const { read } = startIntelGuest();
  const map = window(read(Field.msrBitmap), 0x1000);
  const exits = (msr: number): string => {
    const bit = (start: number) =>
      (map.u8(start + (msr >= 0xc000_0000 ? 0x400 : 0) + ((msr & 0x1fff) >> 3)) >> (msr & 7)) & 1;
    return (bit(0) ? 'r' : '') + (bit(0x800) ? 'w' : '');
  };
  for (const msr of [0x3f1, 0x3f5, 0x480, 0x493, 0x560, 0x58f, 0x600]) t.equal(exits(msr), 'rw', msr.toString(16));
  for (const msr of [0x1b, 0x79, 0x1a0, 0x200, 0x2ff, 0x17d0]) t.equal(exits(msr), 'w', msr.toString(16));
  for (const msr of [0x10, 0x3a, 0x277, 0x830, 0xc000_0080, 0xc000_0103]) t.equal(exits(msr), '', msr.toString(16));
  t.end();
});

t.test('no port exits', (t) => {
  const { read } = startIntelGuest();
  t.equal(read(Field.ioBitmapB), read(Field.ioBitmapA) + 0x1000n);
  const ports = window(read(Field.ioBitmapA), 0x2000);
  for (let offset = 0; offset < 0x2000; offset += 8) if (ports.u64(offset) !== 0n) t.fail(`port ${offset * 8}`);
  t.end();
});

/** The entry that maps `address`, and how much it maps. */
function leafOf(root: bigint, address: bigint): { entry: bigint; bytes: bigint } {
  let table = root;
  for (let shift = 39n; ; shift -= 9n) {
    const entry = window(table + ((address >> shift) & 511n) * 8n, 8).u64(0);
    if (shift === 12n || (entry & 0x80n) !== 0n || (entry & 7n) === 0n) return { entry, bytes: 1n << shift };
    table = entry & 0xf_ffff_ffff_f000n;
  }
}

t.test('each page is write-back where the MTRRs say so, and the largest that they allow', (t) => {
  const { tables } = startIntelGuest();
  t.same(leafOf(tables, 5n << 30n), { entry: (5n << 30n) | (6n << 3n) | 0x87n, bytes: 1n << 30n });
  t.same(leafOf(tables, 0x20_0000n), { entry: 0x20_0000n | (6n << 3n) | 0x87n, bytes: 1n << 21n });
  t.end();
});

t.test('a range that the MTRRs make uncached is mapped uncached', (t) => {
  const processor = new IntelProcessor();
  processor.msrs.set(0xfe, 1n);
  processor.msrs.set(0x200, 0xc000_0000n);
  processor.msrs.set(0x201, 0x7f_c000_0000n | 0x800n);
  const { tables } = startIntelGuest(processor);
  t.equal((leafOf(tables, 0xc000_0000n).entry >> 3n) & 7n, 0n);
  t.equal((leafOf(tables, 0x8000_0000n).entry >> 3n) & 7n, 6n);
  t.end();
});

t.test('without 1 GiB pages the tables have 2 MiB pages', (t) => {
  const processor = new IntelProcessor();
  processor.msrs.set(0x48c, 0xf01_0631_4141n);
  processor.leaves[0x8000_0008] = { eax: 34 };
  const { tables } = startIntelGuest(processor);
  t.equal(leafOf(tables, 5n << 30n).bytes, 1n << 21n);
  t.end();
});

t.test("the hypervisor's memory is not mapped", (t) => {
  const { tables } = startIntelGuest();
  for (let page = HIDDEN; page < HIDDEN + HIDDEN_BYTES; page += 4096n) t.equal(leafOf(tables, page).entry, 0n);
  t.end();
});

t.test('accessed and dirty flags are kept where the processor has them', (t) => {
  const processor = new IntelProcessor();
  simulate(processor);
  t.equal(eptPointer(0x1000n), 0x105en);
  processor.msrs.set(0x48c, 0xf01_0613_4141n);
  t.equal(eptPointer(0x1000n), 0x101en);
  t.equal(vmxEntryFormat().memoryTypeUnit, 8n);
  t.end();
});
