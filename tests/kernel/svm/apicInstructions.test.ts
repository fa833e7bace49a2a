import t from 'tap';
import { Event } from '../../../kernel/observe/events.js';
import { ExitCode } from '../../../kernel/svm/control/exitCode.js';
import { setRights } from '../../../kernel/space/pageRights.js';
import { PAGE_BYTES } from '../../../kernel/x86/pages.js';
import { addressOf, gpa, window } from '../../../transpiler/lib/index.js';
import { APIC, COMMAND, MOVE, startApicGuest, WRITE } from '../support/apicGuest.js';
import { eventCount } from '../support/events.js';
import { CODE, injected } from '../support/guest.js';
import { viewOf } from '../support/startup.js';

const GENERAL_PROTECTION = { vector: 13, type: 3, errorCode: 0 };

t.test('XCHG gives the former content, AND, OR and XOR change it and set flags', (t) => {
  const guest = startApicGuest();
  guest.apic.setUint32(0x80, 0xf0, true);
  guest.vcpu.registers.rax = 0xffff_ffff_0000_0001n;
  guest.write(0x80, [0x87, 0x03]);
  t.equal(guest.apic.getUint32(0x80, true), 1);
  t.equal(guest.vcpu.registers.rax, 0xf0n);
  guest.vmcb.rflags = 0x843n;
  guest.write(0x80, [0x09, 0x03]);
  t.equal(guest.apic.getUint32(0x80, true), 0xf1);
  t.equal(guest.vmcb.rflags, 0x2n, 'CF, ZF, OF cleared, five bits are odd');
  guest.write(0x80, [0x83, 0x23, 0x0f]);
  t.equal(guest.apic.getUint32(0x80, true), 0x01);
  guest.write(0x80, [0x83, 0x33, 0x01]);
  t.equal(guest.apic.getUint32(0x80, true), 0);
  t.equal(guest.vmcb.rflags, 0x46n, 'ZF and PF');
  guest.write(0x80, [0x81, 0x0b, 3, 0, 0, 0x80]);
  t.equal(guest.vmcb.rflags, 0x86n, 'SF and PF');
  t.end();
});

t.test('the source may be any register, RSP too', (t) => {
  const guest = startApicGuest();
  guest.vcpu.registers.r15 = 15n;
  guest.vmcb.rsp = 4n;
  guest.write(0x80, [0x44, 0x89, 0x3b]);
  t.equal(guest.apic.getUint32(0x80, true), 15);
  guest.write(0x80, [0x89, 0x23]);
  t.equal(guest.apic.getUint32(0x80, true), 4);
  guest.write(0x80, [0x87, 0x23]);
  t.equal(guest.vmcb.rsp, 4n);
  t.end();
});

t.test(
  'an access that no register has, or by an unknown instruction, raises #GP, is an event, and writes nothing',
  (t) => {
    const guest = startApicGuest();
    guest.vcpu.registers.rax = 0x4500n;
    for (const [offset, code] of [
      [COMMAND, [0x48, 0x89, 0x03]],
      [COMMAND, [0x66, 0x89, 0x03]],
      [COMMAND + 1, MOVE],
      [COMMAND, [0x50]],
    ] as const) {
      guest.write(offset, code);
      t.same(injected(guest.vmcb), GENERAL_PROTECTION);
      t.equal(guest.vmcb.rip, BigInt(CODE));
    }
    t.equal(guest.apic.getUint32(COMMAND, true), 0);
    t.equal(eventCount(Event.apicAccess), 3n);
    t.equal(eventCount(Event.unknownInstruction), 1n);
    t.end();
  },
);

t.test('with LOCK, MOV raises #UD', (t) => {
  const guest = startApicGuest();
  guest.write(COMMAND, [0xf0, ...MOVE]);
  t.equal(injected(guest.vmcb)?.vector, 6);
  t.end();
});

t.test('what the processor gives of the code is decoded, and nothing fetched', (t) => {
  const guest = startApicGuest();
  guest.vcpu.registers.rcx = 0x1234n;
  const given = [0x89, 0x0b]; // mov [rbx], ecx
  const start = addressOf(guest.vmcb) + 0xd0n;
  window(start, 3).setU8(0, 15);
  given.forEach((byte, i) => {
    window(start, 3).setU8(1 + i, byte);
  });
  guest.write(0x80, [0x90]);
  t.equal(guest.apic.getUint32(0x80, true), 0x1234);
  t.equal(guest.vmcb.rip, BigInt(CODE + 2));
  t.end();
});

t.test('a repeated MOVS writes what it reads, one element for each exit', (t) => {
  const guest = startApicGuest();
  const source = 0x3_0000;
  const view = viewOf(guest.memory);
  view.setUint32(source, 0x11, true);
  view.setUint32(source + 4, 0x22, true);
  guest.vcpu.registers.rsi = BigInt(source);
  guest.vcpu.registers.rdi = BigInt(APIC + 0x80);
  guest.vcpu.registers.rcx = 2n;
  guest.write(0x80, [0xf3, 0xa5]);
  t.equal(guest.apic.getUint32(0x80, true), 0x11);
  t.equal(guest.vmcb.rip, BigInt(CODE));
  guest.write(0x90, [0xf3, 0xa5]);
  t.equal(guest.apic.getUint32(0x90, true), 0x22);
  t.equal(guest.vmcb.rip, BigInt(CODE + 2));
  const { rcx, rsi, rdi } = guest.vcpu.registers;
  t.same([rcx, rsi, rdi], [0n, BigInt(source + 8), BigInt(APIC + 0x88)]);
  t.end();
});

t.test('MOVS reads ones where the guest may not read', (t) => {
  const guest = startApicGuest();
  viewOf(guest.memory).setUint32(0x3_0000, 0x11, true);
  setRights(gpa(0x3_0000n), PAGE_BYTES, 0);
  guest.vcpu.registers.rsi = 0x3_0000n;
  guest.write(0x80, [0xa5]);
  t.equal(guest.apic.getUint32(0x80, true), 0xffff_ffff);
  t.end();
});

t.test('where what MOVS reads is gone by then, it raises the page fault of that', (t) => {
  const guest = startApicGuest();
  viewOf(guest.memory).setBigUint64(0x1_3000 + 0x30 * 8, 0n, true);
  guest.vcpu.registers.rsi = 0x3_0000n;
  guest.write(0x80, [0xa5]);
  t.same(injected(guest.vmcb), { vector: 14, type: 3, errorCode: 0 });
  t.equal(guest.vmcb.cr2, 0x3_0000n);
  t.equal(guest.vcpu.registers.rsi, 0x3_0000n);
  t.end();
});

t.test('an instruction whose second page is gone raises the page fault of its fetch', (t) => {
  const guest = startApicGuest();
  viewOf(guest.memory).setBigUint64(0x1_3000 + ((CODE >> 12) + 1) * 8, 0n, true);
  guest.memory.set([0xc7], CODE + 0xfff);
  guest.vmcb.rip = BigInt(CODE + 0xfff);
  guest.exit(ExitCode.nestedPageFault, WRITE, BigInt(APIC + COMMAND));
  t.equal(injected(guest.vmcb)?.vector, 14);
  t.equal(guest.vmcb.cr2, BigInt(CODE + 0x1000));
  t.end();
});
