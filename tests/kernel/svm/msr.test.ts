import t from 'tap';
import { Event } from '../../../kernel/observe/events.js';
import { eventCount } from '../support/events.js';
import { isVirtualMachine } from '../../../kernel/x86/virtualMachine.js';
import { CODE, HIDDEN, injected, startGuest, writeBackProcessor, type Guest } from '../support/guest.js';

const MSR_EXIT = 0x7c;
const RDMSR = [0x0f, 0x32];
const WRMSR = [0x0f, 0x30];
const EFER = 0xc000_0080;
const VM_CR = 0xc001_0114;
const VM_HSAVE_PA = 0xc001_0117;
const APIC_BASE = 0x1b;
const TOP_MEM = 0xc001_001a;
const SMCA_BANK = 0xc000_2001;
const PATCH_LOADER = 0xc001_0020;
const GENERAL_PROTECTION = { vector: 13, type: 3, errorCode: 0 };

function read(guest: Guest, msr: number): bigint {
  guest.vcpu.registers.rcx = BigInt(msr);
  guest.exit(MSR_EXIT, 0n);
  return (guest.vcpu.registers.rdx << 32n) | guest.vcpu.registers.rax;
}

function write(guest: Guest, msr: number, value: bigint): void {
  guest.vcpu.registers.rcx = BigInt(msr);
  guest.vcpu.registers.rax = value & 0xffff_ffffn;
  guest.vcpu.registers.rdx = value >> 32n;
  guest.exit(MSR_EXIT, 1n);
}

/** A guest without paging, whose EFER.LME may change. */
function startUnpaged(code: readonly number[]): Guest {
  const guest = startGuest(code);
  guest.vmcb.cr0 = 0x31n;
  guest.vmcb.efer = 0x1000n;
  return guest;
}

t.test('EFER reads without SVME', (t) => {
  const guest = startGuest(RDMSR);
  t.equal(read(guest, EFER), 0x500n);
  t.equal(guest.vmcb.rip, BigInt(CODE + 2));
  t.end();
});

t.test('only the low half of RCX names the MSR, and the high halves of RAX and RDX are cleared', (t) => {
  const guest = startGuest(RDMSR);
  guest.vcpu.registers.rax = ~0n & 0xffff_ffff_ffff_ffffn;
  guest.vcpu.registers.rdx = 0xffff_ffff_ffff_ffffn;
  guest.vcpu.registers.rcx = 0xdead_beef_0000_0000n | BigInt(EFER);
  guest.exit(MSR_EXIT, 0n);
  t.equal(guest.vcpu.registers.rax, 0x500n);
  t.equal(guest.vcpu.registers.rdx, 0n);
  t.end();
});

t.test('a write of EFER takes effect and SVME stays set underneath', (t) => {
  const guest = startGuest(WRMSR);
  write(guest, EFER, 0xd01n);
  t.equal(guest.vmcb.efer, 0x1d01n);
  t.equal(guest.vmcb.rip, BigInt(CODE + 2));
  t.equal(injected(guest.vmcb), null);
  t.end();
});

t.test('a write of EFER.SVME raises #GP, changes nothing and is an event', (t) => {
  const guest = startGuest(WRMSR);
  write(guest, EFER, 0x1d01n);
  t.same(injected(guest.vmcb), GENERAL_PROTECTION);
  t.equal(guest.vmcb.efer, 0x1500n);
  t.equal(guest.vmcb.rip, BigInt(CODE));
  t.equal(eventCount(Event.svmEnable), 1n);
  t.end();
});

t.test('a write of a reserved bit of EFER raises #GP', (t) => {
  for (const bit of [1n, 9n, 13n, 15n, 16n, 17n, 18n, 20n, 21n, 22n, 63n]) {
    const guest = startGuest(WRMSR);
    write(guest, EFER, 0x500n | (1n << bit));
    t.same(injected(guest.vmcb), GENERAL_PROTECTION, `bit ${bit}`);
  }
  t.end();
});

t.test('a bit of EFER that CPUID announces may be written', (t) => {
  const processor = writeBackProcessor();
  processor.leaves[0x8000_0000] = { eax: 0x8000_0021 };
  processor.leaves[0x8000_0021] = { eax: 1 << 8 };
  const guest = startGuest(WRMSR, processor);
  write(guest, EFER, 0x20_0500n);
  t.equal(guest.vmcb.efer, 0x20_1500n);
  t.end();
});

t.test('what CPUID says later, which a guest may be able to change, opens no bit of EFER', (t) => {
  const guest = startGuest(WRMSR);
  guest.processor.leaves[0x8000_0000] = { eax: 0x8000_0021 };
  guest.processor.leaves[0x8000_0021] = { eax: 1 << 8 };
  write(guest, EFER, 0x20_0500n);
  t.same(injected(guest.vmcb), GENERAL_PROTECTION);
  t.end();
});

t.test('whether the machine is a virtual one is asked once', (t) => {
  const { processor } = startGuest();
  t.equal(isVirtualMachine(), false);
  processor.leaves[1] = { ecx: 0x8000_0000 };
  t.equal(isVirtualMachine(), false);
  t.end();
});

t.test('EFER.LME cannot change while paging is on', (t) => {
  const guest = startGuest(WRMSR);
  write(guest, EFER, 0x001n);
  t.same(injected(guest.vmcb), GENERAL_PROTECTION);
  t.end();
});

t.test('EFER.LME may change while paging is off', (t) => {
  const guest = startUnpaged(WRMSR);
  write(guest, EFER, 0x100n);
  t.equal(guest.vmcb.efer, 0x1100n);
  t.end();
});

t.test('EFER.LMA is the processor’s: a write of it counts for nothing', (t) => {
  const guest = startUnpaged(WRMSR);
  write(guest, EFER, 0x500n);
  t.equal(guest.vmcb.efer, 0x1100n);
  t.end();
});

t.test('VM_CR says that the firmware switched SVM off and locked it', (t) => {
  t.equal(read(startGuest(RDMSR), VM_CR), 0x18n);
  t.end();
});

t.test('a write of VM_CR is ignored, as when it is locked', (t) => {
  const guest = startGuest(WRMSR);
  write(guest, VM_CR, 0n);
  t.equal(injected(guest.vmcb), null);
  t.notOk(guest.processor.msrs.has(VM_CR));
  t.end();
});

t.test('VM_HSAVE_PA keeps what the guest writes, and the processor never sees it', (t) => {
  const guest = startGuest(WRMSR);
  const hostPage = guest.processor.msrs.get(VM_HSAVE_PA);
  write(guest, VM_HSAVE_PA, 0x1234_5000n);
  t.equal(guest.processor.msrs.get(VM_HSAVE_PA), hostPage);
  t.equal(eventCount(Event.hostSaveWrite), 1n);
  guest.memory.set(RDMSR, CODE + 2);
  t.equal(read(guest, VM_HSAVE_PA), 0x1234_5000n);
  t.end();
});

t.test('Linux clears VM_HSAVE_PA before it reboots: no fault, no event', (t) => {
  const guest = startGuest(WRMSR);
  write(guest, VM_HSAVE_PA, 0n);
  t.equal(injected(guest.vmcb), null);
  t.equal(eventCount(Event.hostSaveWrite), 0n);
  t.end();
});

t.test('an APIC base over hidden memory raises #GP and is an event', (t) => {
  const guest = startGuest(WRMSR);
  guest.processor.msrs.set(APIC_BASE, 0xfee0_0900n);
  write(guest, APIC_BASE, HIDDEN | 0x900n);
  t.same(injected(guest.vmcb), GENERAL_PROTECTION);
  t.equal(guest.processor.msrs.get(APIC_BASE), 0xfee0_0900n);
  t.equal(eventCount(Event.hiddenMemory), 1n);
  t.end();
});

t.test('any other APIC base is the guest’s to choose', (t) => {
  const guest = startGuest(WRMSR);
  guest.processor.msrs.set(APIC_BASE, 0xfee0_0900n);
  write(guest, APIC_BASE, 0x0900n);
  t.equal(guest.processor.msrs.get(APIC_BASE), 0x900n);
  t.end();
});

t.test('what answers at an address cannot be changed: #GP and an event', (t) => {
  const guest = startGuest(WRMSR);
  guest.processor.msrs.set(TOP_MEM, 0x8000_0000n);
  write(guest, TOP_MEM, 0x10_0000n);
  t.same(injected(guest.vmcb), GENERAL_PROTECTION);
  t.equal(guest.processor.msrs.get(TOP_MEM), 0x8000_0000n);
  t.equal(eventCount(Event.fixedMsr), 1n);
  t.end();
});

t.test('writing the value that is there is no change', (t) => {
  const guest = startGuest(WRMSR);
  guest.processor.msrs.set(TOP_MEM, 0x8000_0000n);
  write(guest, TOP_MEM, 0x8000_0000n);
  t.equal(injected(guest.vmcb), null);
  t.equal(eventCount(Event.fixedMsr), 0n);
  t.end();
});

t.test('microcode is not loaded in guest mode: the guest sees a patch that was not taken', (t) => {
  const guest = startGuest(WRMSR);
  write(guest, PATCH_LOADER, 0xffff_8880_0123_4000n);
  t.equal(injected(guest.vmcb), null);
  t.notOk(guest.processor.msrs.has(PATCH_LOADER));
  t.equal(eventCount(Event.microcode), 1n);
  t.end();
});

t.test('an MSR outside the map that is in the list is read for the guest', (t) => {
  const guest = startGuest(RDMSR);
  guest.processor.msrs.set(SMCA_BANK, 0x1_0000_0002n);
  t.equal(read(guest, SMCA_BANK), 0x1_0000_0002n);
  t.end();
});

t.test('an MSR that the processor does not have raises #GP in the guest, not in the hypervisor', (t) => {
  const reading = startGuest(RDMSR);
  read(reading, SMCA_BANK);
  t.same(injected(reading.vmcb), GENERAL_PROTECTION);
  const writing = startGuest(WRMSR);
  write(writing, SMCA_BANK, 1n);
  t.same(injected(writing.vmcb), GENERAL_PROTECTION);
  t.end();
});

t.test('the MSRs that hypervisors invent, 4000_0000H to 4000_00FFH, raise #GP', (t) => {
  for (const msr of [0x4000_0000, 0x4000_00ff]) {
    const guest = startGuest(WRMSR);
    guest.processor.msrs.set(msr, 7n);
    write(guest, msr, 1n);
    t.same(injected(guest.vmcb), GENERAL_PROTECTION);
    t.equal(guest.processor.msrs.get(msr), 7n);
  }
  t.end();
});
