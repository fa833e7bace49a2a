import t from 'tap';
import { writeApicBase } from '../../../kernel/exits/msr.js';
import { Event } from '../../../kernel/observe/events.js';
import { eventCount } from '../support/events.js';
import { ApicChoice, options } from '../../../kernel/machine/options.js';
import { svmAnnounceApic, svmInterceptApic } from '../../../kernel/svm/reset/apicInterception.js';
import { ExitCode } from '../../../kernel/svm/control/exitCode.js';
import { window } from '../../../transpiler/lib/index.js';
import { addMemory } from '../../../transpiler/lib/testing.js';
import { APIC, COMMAND, startApicGuest, type ApicGuest } from '../support/apicGuest.js';
import { CODE, injected, RESET, startGuest, walkTables, type AmdProcessor, type Guest } from '../support/guest.js';
import { logText } from '../support/startup.js';

const DESTINATION = 0x310;
const IN_PAGE_TABLES = 0x2_0000_0007n;
const WRITABLE = 2n;
const GENERAL_PROTECTION = { vector: 13, type: 3, errorCode: 0 };

const entryAt = (guest: Guest, address: bigint) => walkTables(guest.vmcb.nestedCr3, address);

t.test('the guest may read the APIC’s page, not write it, and never from a cache', (t) => {
  const guest = startApicGuest();
  const { entry, target, bytes } = entryAt(guest, 0xfee0_0300n) ?? { entry: 0n, target: 0n, bytes: 0n };
  t.equal(target, 0xfee0_0300n);
  t.equal(bytes, 0x1000n);
  t.equal(entry & 0x1fn, 0x1dn);
  t.equal(entryAt(guest, 0xfeef_ffffn)?.entry, 0xfeef_f01dn);
  t.end();
});

t.test('all around it stays as it was', (t) => {
  const guest = startApicGuest();
  for (const address of [0xfedf_ffffn, 0xfef0_0000n, 0xfec0_0000n, 0x1_0000_0000n, 0x3f_f000n]) {
    const found = entryAt(guest, address);
    t.equal(found?.target, address, address.toString(16));
    t.equal((found?.entry ?? 0n) & 0x1fn, 7n);
  }
  t.end();
});

t.test('an APIC elsewhere is watched there', (t) => {
  const guest = startGuest();
  guest.processor.msrs.set(0x1b, 0xfec8_0900n);
  addMemory(0xfec8_0000n, 0x1000);
  svmAnnounceApic();
  svmInterceptApic();
  t.equal((entryAt(guest, 0xfec8_0000n)?.entry ?? 0n) & 0x1fn, 0x1dn);
  t.equal((entryAt(guest, 0xfee0_0000n)?.entry ?? 0n) & 0x1fn, 0x1dn);
  t.equal((entryAt(guest, 0xfec8_1000n)?.entry ?? 0n) & 0x1fn, 7n);
  t.end();
});

t.test('what the guest writes is written, and the instruction skipped', (t) => {
  const guest = startApicGuest();
  guest.vcpu.registers.rax = 0xffff_ffff_1234_5678n;
  guest.write(0x380);
  t.equal(guest.apic.getUint32(0x380, true), 0x1234_5678);
  t.equal(guest.vmcb.rip, BigInt(CODE + 2));
  t.equal(injected(guest.vmcb), null);
  t.end();
});

t.test('an interrupt command goes out with the destination that was written before', (t) => {
  const guest = startApicGuest();
  guest.vcpu.registers.rax = 0x0200_0000n;
  guest.write(DESTINATION);
  guest.vcpu.registers.rax = 0x4030n;
  guest.write(COMMAND);
  t.equal(guest.apic.getUint32(DESTINATION, true), 0x0200_0000);
  t.equal(guest.apic.getUint32(COMMAND, true), 0x4030);
  t.end();
});

t.test('an address within a register is none of its own: it reaches no command register', (t) => {
  const guest = startApicGuest();
  guest.vcpu.registers.rax = 0x8_4500n; // INIT, all
  for (const offset of [0x304, 0x308, 0x30c, 0x314, 0x24]) {
    guest.write(offset);
    t.equal(guest.apic.getUint32(offset, true), 0, offset.toString(16));
    t.equal(guest.vmcb.rip, BigInt(CODE + 2), 'and the instruction is skipped');
  }
  t.equal(eventCount(Event.apicAccess), 5n);
  t.end();
});

t.test('without the page, as in x2APIC mode, what is written there is a message, and none that resets', (t) => {
  const guest = startApicGuest();
  writeApicBase(0xfee0_0d00n, 0n);
  guest.vcpu.registers.rax = 0x4600n;
  guest.write(0x80);
  t.equal(guest.apic.getUint32(0x80, true), 0);
  t.equal(eventCount(Event.interruptMessage), 1n);
  guest.vcpu.registers.rax = 0x4030n;
  guest.write(0x80);
  t.equal(guest.apic.getUint32(0x80, true), 0x4030);
  writeApicBase(0xfee0_0900n, 0n);
  guest.vcpu.registers.rax = 0x4600n;
  guest.write(0x80);
  t.equal(guest.apic.getUint32(0x80, true), 0x4600, 'with the page again, it is a register');
  t.end();
});

t.test('an INIT or SIPI for another processor is not sent, and the destination stays as the guest wrote it', (t) => {
  const guest = startApicGuest(ApicChoice.trap, 0xfee0_0900n, undefined, 1);
  guest.apic.setUint32(DESTINATION, 0x0100_0000, true);
  guest.apic.setUint32(COMMAND, 0x4030, true);
  guest.vcpu.registers.rax = 0x4500n;
  guest.write(COMMAND);
  t.equal(guest.apic.getUint32(COMMAND, true), 0x4400, 'an NMI calls the other');
  t.equal(guest.apic.getUint32(DESTINATION, true), 0x0100_0000);
  guest.apic.setUint32(COMMAND, 0x4030, true);
  guest.vcpu.registers.rax = 0x4698n;
  guest.write(COMMAND);
  t.equal(guest.apic.getUint32(COMMAND, true), 0x4030, 'it is called already');
  t.equal(guest.vmcb.rip, BigInt(CODE + 2));
  t.end();
});

t.test(
  'with APIC_BASE.EN clear the page may still be the APIC, as QEMU’s is: INIT and SIPI are asked, not refused',
  (t) => {
    for (const [version, isApic] of [
      [0x5_0014, true],
      [0xffff_ffff, false],
    ] as const) {
      const guest = startApicGuest(ApicChoice.trap, 0xfee0_0900n, undefined, 1);
      guest.apic.setUint32(0x30, version, true);
      guest.processor.msrs.set(0x1b, 0xfee0_0900n);
      writeApicBase(0xfee0_0100n, 0n);
      guest.apic.setUint32(DESTINATION, 0x0100_0000, true);
      guest.vcpu.registers.rax = 0x4500n;
      guest.write(COMMAND);
      t.equal(guest.apic.getUint32(COMMAND, true), isApic ? 0x4400 : 0);
      t.equal(eventCount(Event.interruptMessage), isApic ? 0n : 1n);
    }
    t.end();
  },
);

for (const [name, destination, command] of [
  ['the first processor by its number', 0, 0x4500],
  ['all by the broadcast number', 0xff, 0x4500],
  ['itself', 1, 0x4_4500],
  ['all by shorthand', 1, 0x8_4500],
  ['all by a logical destination', 0xff, 0x4d00],
] as const) {
  t.test(`an INIT for ${name} resets the machine and says so`, (t) => {
    const guest = startApicGuest();
    guest.apic.setUint32(DESTINATION, destination * 0x100_0000, true);
    guest.vcpu.registers.rax = BigInt(command);
    t.throws(() => guest.write(COMMAND), RESET);
    t.match(logText(), /the guest sent INIT to the processor that it started on/);
    t.equal(guest.apic.getUint32(COMMAND, true), 0);
    t.end();
  });
}

t.test('the first processor’s logical destination is known after it was changed', (t) => {
  const guest = startApicGuest();
  guest.vcpu.registers.rax = 0x0200_0000n;
  guest.write(0xd0);
  guest.apic.setUint32(DESTINATION, 0x0100_0000, true);
  guest.vcpu.registers.rax = 0x4d00n;
  guest.write(COMMAND);
  guest.apic.setUint32(DESTINATION, 0x0200_0000, true);
  t.throws(() => guest.write(COMMAND), RESET);
  t.end();
});

t.test('an APIC keeps its number; to write it again is no event', (t) => {
  const guest = startApicGuest();
  guest.vcpu.registers.rax = 0n;
  guest.write(0x20);
  t.equal(eventCount(Event.apicIdentity), 0n);
  guest.vcpu.registers.rax = 0x0700_0000n;
  guest.write(0x20);
  t.equal(guest.apic.getUint32(0x20, true), 0);
  t.equal(eventCount(Event.apicIdentity), 1n);
  t.equal(guest.vmcb.rip, BigInt(CODE + 2));
  t.end();
});

t.test('reserved registers take nothing', (t) => {
  const guest = startApicGuest();
  guest.vcpu.registers.rax = 0x4500n;
  guest.write(0);
  t.equal(guest.apic.getUint32(0, true), 0);
  t.equal(injected(guest.vmcb), null);
  t.end();
});

t.test('interrupt messages go out, but INIT and SIPI', (t) => {
  const guest = startApicGuest();
  guest.vcpu.registers.rax = 0x4030n;
  guest.write(0x1000);
  t.equal(guest.apic.getUint32(0x1000, true), 0x4030);
  for (const message of [0x4500n, 0x4600n]) {
    guest.vcpu.registers.rax = message;
    guest.write(0x2000);
    t.equal(guest.apic.getUint32(0x2000, true), 0);
  }
  t.equal(eventCount(Event.interruptMessage), 2n);
  t.end();
});

t.test('page tables and stacks in the APIC’s page stop the guest', (t) => {
  const guest = startApicGuest();
  t.throws(() => guest.exit(ExitCode.nestedPageFault, IN_PAGE_TABLES, BigInt(APIC)), RESET);
  const other = startApicGuest();
  other.vmcb.exitIntInfo = 0x8000_030en;
  t.throws(() => other.write(COMMAND), RESET);
  t.match(logText(), /as page table or stack/);
  t.end();
});

t.test('APIC_BASE may change the mode, not the place', (t) => {
  const guest = startApicGuest();
  const wrmsr = (value: bigint) => {
    guest.memory.set([0x0f, 0x30], CODE);
    guest.vmcb.rip = BigInt(CODE);
    guest.vcpu.registers.rcx = 0x1bn;
    guest.vcpu.registers.rax = value;
    guest.vcpu.registers.rdx = 0n;
    guest.exit(ExitCode.msr, 1n);
    return injected(guest.vmcb);
  };
  t.equal(wrmsr(0xfee0_0d00n), null);
  t.equal(guest.processor.msrs.get(0x1b), 0xfee0_0d00n);
  t.same(wrmsr(0xfed0_0900n), GENERAL_PROTECTION);
  t.equal(guest.processor.msrs.get(0x1b), 0xfee0_0d00n);
  t.equal(eventCount(Event.fixedMsr), 1n);
  t.end();
});

/** The guest sends a command in x2APIC mode. */
function sendWide(guest: ApicGuest, command: bigint): ReturnType<typeof injected> {
  guest.memory.set([0x0f, 0x30], CODE);
  guest.vmcb.rip = BigInt(CODE);
  guest.vcpu.registers.rcx = 0x830n;
  guest.vcpu.registers.rax = command & 0xffff_ffffn;
  guest.vcpu.registers.rdx = command >> 32n;
  guest.exit(ExitCode.msr, 1n);
  return injected(guest.vmcb);
}

function startWideGuest(choice: number = ApicChoice.trap): ApicGuest & { readonly processor: AmdProcessor } {
  const guest = startGuest();
  guest.processor.msrs.set(0x1b, 0xfee0_0d00n).set(0x830, 0n);
  options.apic = choice;
  svmAnnounceApic();
  svmInterceptApic();
  return { ...guest, apic: new DataView(new ArrayBuffer(0)), write: () => undefined };
}

t.test('in x2APIC mode interrupts go out, INIT does not, and one that reaches the BSP resets the machine', (t) => {
  const guest = startWideGuest();
  t.equal(sendWide(guest, 0x0000_0007_0000_4030n), null);
  t.equal(guest.processor.msrs.get(0x830), 0x0000_0007_0000_4030n);
  t.equal(sendWide(guest, 0x0000_0007_0000_4500n), null);
  t.throws(() => sendWide(guest, 0x0000_0000_0000_4500n), RESET);
  t.equal(guest.processor.msrs.get(0x830), 0x0000_0007_0000_4030n);
  t.end();
});

t.test('without x2APIC mode the command register does not exist', (t) => {
  t.same(sendWide(startApicGuest(), 0x4500n), GENERAL_PROTECTION);
  t.end();
});

t.test('apic=release: once all processors run, the page is writable, and the guest tries again', (t) => {
  const guest = startApicGuest(ApicChoice.release);
  t.match(logText(), /warning: apic=release/);
  guest.write(COMMAND);
  t.equal(guest.vmcb.rip, BigInt(CODE));
  t.equal(guest.vmcb.tlbControl, 1);
  t.equal((entryAt(guest, 0xfee0_0000n)?.entry ?? 0n) & WRITABLE, WRITABLE);
  t.equal((entryAt(guest, 0xfeef_f000n)?.entry ?? 0n) & WRITABLE, 0n, 'a command by message would be dropped still');
  t.match(logText(), /no longer intercepted/);
  t.end();
});

t.test('apic=release in x2APIC mode: commands no longer leave the guest', (t) => {
  const guest = startWideGuest(ApicChoice.release);
  t.equal(sendWide(guest, 0x0000_0005_0000_4500n), null);
  t.equal(guest.processor.msrs.get(0x830), 0x0000_0005_0000_4500n);
  t.equal(window(guest.vmcb.msrPermissions, 0x2000).u8(0x830 >> 2), 0);
  t.end();
});
