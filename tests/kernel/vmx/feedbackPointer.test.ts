import t from 'tap';
import { ExitReason } from '../../../kernel/vmx/control/exitReason.js';
import { HIDDEN } from '../support/guest.js';
import { injectedEvent, startIntelGuest } from '../support/intel.js';

const GENERAL_PROTECTION = { vector: 13, type: 3, errorCode: 0 };

t.test('debug stores, which write at linear addresses in root operation, too, do not exist', (t) => {
  for (const msr of [0x3f1, 0x3f4, 0x3f5, 0x600]) {
    const guest = startIntelGuest();
    guest.processor.msrs.set(msr, 0n);
    guest.vcpu.registers.rcx = BigInt(msr);
    guest.vcpu.registers.rax = 1n;
    for (const reason of [ExitReason.rdmsr, ExitReason.wrmsr]) {
      guest.exit(reason);
      t.same(injectedEvent(guest), GENERAL_PROTECTION);
    }
    t.equal(guest.processor.msrs.get(msr), 0n);
  }
  t.end();
});

t.test('Intel PT, which writes to memory past the page tables, does not exist', (t) => {
  const guest = startIntelGuest();
  guest.vcpu.registers.rcx = 0x570n;
  guest.exit(ExitReason.wrmsr);
  t.same(injectedEvent(guest), GENERAL_PROTECTION);
  t.end();
});

t.test('the processor cannot be led to write its advice over hidden memory', (t) => {
  const guest = startIntelGuest();
  const { registers } = guest.vcpu;
  guest.processor.msrs.set(0x17d0, 0n);
  registers.rdx = 0n;
  for (const [address, answer] of [
    [HIDDEN - 0x2000n, GENERAL_PROTECTION],
    [HIDDEN - 0x10_0000n, null],
  ] as const) {
    registers.rcx = 0x17d0n;
    registers.rax = address | 1n;
    guest.exit(ExitReason.wrmsr);
    t.same(injectedEvent(guest), answer);
  }
  t.end();
});
