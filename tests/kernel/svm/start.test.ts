import t from 'tap';
import { hpa, physical } from '../../../transpiler/lib/index.js';
import { firmware } from '../../../kernel/handover/efiServices.js';
import { setIntercepts } from '../../../kernel/svm/control/intercepts.js';
import { Vmcb } from '../../../kernel/svm/control/vmcb.js';
import { AmdProcessor, CODE, HALTED, HIDDEN, HIDDEN_BYTES, startGuest, TABLES } from '../support/guest.js';
import { logText } from '../support/startup.js';

const EFER = 0xc000_0080;
const VM_HSAVE_PA = 0xc001_0117;

function intercepts(): { exceptions: number; first: number; second: number } {
  const { vmcb } = startGuest();
  return {
    exceptions: vmcb.interceptExceptions,
    first: vmcb.interceptInstructions1,
    second: vmcb.interceptInstructions2,
  };
}

t.test('the VMCB fills one page and ends with the state-save area', (t) => {
  t.equal(Vmcb.bytes, 4096);
  t.equal(Vmcb.fields.rax.offset, 0x400 + 0x1f8);
  t.equal(Vmcb.fields.pat.offset, 0x400 + 0x268);
  t.end();
});

t.test('SVM is switched on and the host save area is a page that the guest cannot reach', (t) => {
  const { processor } = startGuest();
  t.equal(processor.msrs.get(EFER), 0x1500n);
  const page = processor.msrs.get(VM_HSAVE_PA) ?? 0n;
  t.equal(page & 0xfffn, 0n);
  t.ok(page >= HIDDEN && page < HIDDEN + HIDDEN_BYTES);
  t.end();
});

t.test('each SVM instruction is intercepted (Jailhouse): VMRUN to SKINIT, and INVLPGA', (t) => {
  const { first, second } = intercepts();
  t.equal(second & 0x7f, 0x7f);
  t.not(first & (1 << 26), 0);
  t.end();
});

t.test('#DB, #AC and #MC are intercepted, no other exception (CVE-2015-5307, CVE-2015-8104)', (t) => {
  t.equal(intercepts().exceptions, (1 << 1) | (1 << 17) | (1 << 18));
  t.end();
});

t.test('SMI is intercepted where the UEFI firmware of QEMU’s q35 has locked its handler’s memory', (t) => {
  for (const { hasUefi, bridge, smram, expected } of [
    { hasUefi: true, bridge: 0x29c0_8086, smram: 0x1a00, expected: true },
    { hasUefi: false, bridge: 0x29c0_8086, smram: 0x1a00, expected: false },
    { hasUefi: true, bridge: 0x29c0_8086, smram: 0x0a00, expected: false },
    { hasUefi: true, bridge: 0x1450_1022, smram: 0xffff, expected: false },
  ]) {
    const { vmcb, processor } = startGuest();
    processor.configuration = { 0x8000_0000: bridge, 0x8000_009c: smram };
    if (hasUefi) firmware.systemTable = hpa(0x1000n);
    setIntercepts(vmcb);
    t.equal((vmcb.interceptInstructions1 & (1 << 2)) !== 0, expected);
  }
  t.end();
});

t.test('INVLPGB and TLBSYNC work in the guest where the processor has them', (t) => {
  t.equal(startGuest().vmcb.nestedPaging, 1n);
  const processor = new AmdProcessor();
  processor.leaves[0x8000_0008] = { eax: 40, ebx: 1 << 3 };
  processor.msrs.set(0x2ff, 0x806n);
  t.equal(startGuest([], processor).vmcb.nestedPaging, 0x81n);
  t.end();
});

t.test('shutdown and INIT are intercepted', (t) => {
  const { first } = intercepts();
  t.equal(first >>> 31, 1);
  t.not(first & (1 << 3), 0);
  t.end();
});

t.test('interrupts, SMI, HLT, CPUID, TSC, MONITOR, PAUSE and WBINVD pass', (t) => {
  const { first, second } = intercepts();
  t.equal(first, ((1 << 1) | (1 << 3) | (1 << 22) | (1 << 26) | (1 << 27) | (1 << 28) | (1 << 31)) >>> 0);
  t.equal(second, 0x7f);
  t.end();
});

t.test('control and debug registers pass', (t) => {
  const { vmcb } = startGuest();
  t.equal(vmcb.interceptCr, 0);
  t.equal(vmcb.interceptDr, 0);
  t.end();
});

t.test('the guest has an ASID of its own, nested paging and an empty TLB', (t) => {
  const { vmcb } = startGuest();
  t.not(vmcb.asid, 0);
  t.equal(vmcb.tlbControl, 1);
  t.equal(vmcb.nestedPaging, 1n);
  t.ok(vmcb.nestedCr3 >= HIDDEN);
  t.end();
});

t.test('the time-stamp counter passes unshifted (haxm 339)', (t) => {
  t.equal(startGuest().vmcb.tscOffset, 0n);
  t.end();
});

t.test('the guest starts in 64-bit mode where it was told to', (t) => {
  const { vmcb } = startGuest();
  t.equal(vmcb.rip, BigInt(CODE));
  t.equal(vmcb.rsp, 0x8000n);
  t.equal(vmcb.cr3, BigInt(TABLES));
  t.equal(vmcb.cr0, 0x8001_0031n);
  t.equal(vmcb.cr4, 0x20n);
  t.equal(vmcb.rflags, 2n);
  t.end();
});

t.test('EFER has SVME, which VMRUN insists on, beside long mode', (t) => {
  t.equal(startGuest().vmcb.efer, 0x1500n);
  t.end();
});

t.test("the guest's segments are what the Linux boot protocol asks for", (t) => {
  const { vmcb } = startGuest();
  t.equal(vmcb.cs.selector, 0x10);
  t.equal(vmcb.cs.attributes, 0xa9b);
  for (const segment of [vmcb.ds, vmcb.es, vmcb.ss]) {
    t.equal(segment.selector, 0x18);
    t.equal(segment.attributes, 0xc93);
    t.equal(segment.limit, 0xffff_ffff);
  }
  t.equal(vmcb.gdtr.base, 0x7000n);
  t.equal(vmcb.gdtr.limit, 0x1f);
  t.equal(vmcb.tr.attributes & 0xf, 0xb);
  t.end();
});

t.test("the guest's PAT is the processor's", (t) => {
  t.equal(startGuest().vmcb.pat, 0x0007_0406_0007_0406n);
  t.end();
});

t.test('control block, host state, permission maps are pages apart', (t) => {
  const { vcpu, vmcb } = startGuest();
  const pages = [vcpu.controlPage, vcpu.svm.hostVmcb, vmcb.msrPermissions, vmcb.ioPermissions];
  t.equal(new Set(pages).size, 4);
  for (const page of pages) t.equal(page & 0xfffn, 0n);
  t.doesNotThrow(() => physical(Vmcb, vcpu.svm.hostVmcb));
  t.end();
});

t.test('no part of the control block is called clean: what QEMU ignores cannot go stale on hardware', (t) => {
  const guest = startGuest();
  t.equal(guest.vmcb.cleanBits, 0);
  guest.exit(0x41);
  t.equal(guest.vmcb.cleanBits, 0);
  t.end();
});

t.test('the maps are contiguous: two pages for MSRs, three for ports', (t) => {
  const { vmcb } = startGuest();
  const pages = [vmcb.msrPermissions, vmcb.ioPermissions].sort();
  t.ok((pages[1] ?? 0n) - (pages[0] ?? 0n) >= 0x2000n);
  t.end();
});

t.test('memory that may not be cached is refused in one line: a control block may not lie there', (t) => {
  t.throws(() => startGuest([], new AmdProcessor()), HALTED);
  t.match(logText(), /^tsvm: the firmware does not let memory at 0x[0-9a-f]+ be cached \(MTRRs\)\n$/);
  t.end();
});
