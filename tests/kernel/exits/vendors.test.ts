import t from 'tap';
import { Event } from '../../../kernel/observe/events.js';
import { eventCount } from '../support/events.js';
import { options, TripleFaultAction } from '../../../kernel/machine/options.js';
import { HALTED, HIDDEN, RESET } from '../support/guest.js';
import { logText } from '../support/startup.js';
import { vendors } from '../support/vendors.js';

const MAGIC = 0x6d76_7374n;
const APIC_BASE = 0x1bn;
/** Outside of the ranges of every bitmap, and in no list. */
const FAR_MSR = 0x1234_5678;
/** The status of a machine check's bank, which passes. */
const BANK = 0x401;

for (const { name, start } of vendors) {
  t.test(`${name}: an MSR that the processor has is read and written`, (t) => {
    const { processor, registers, execute } = start();
    processor.msrs.set(BANK, 0x1_0000_0002n);
    registers.rcx = 0xffff_ffff_0000_0000n | BigInt(BANK);
    t.equal(execute('rdmsr'), 'done');
    t.equal(registers.rax, 2n);
    t.equal(registers.rdx, 1n);
    registers.rax = 0xffff_ffff_0000_0005n;
    t.equal(execute('wrmsr'), 'done');
    t.equal(processor.msrs.get(BANK), 0x1_0000_0005n);
    t.end();
  });

  t.test(`${name}: an MSR that the processor does not have raises #GP`, (t) => {
    const { registers, execute } = start();
    registers.rcx = BigInt(BANK);
    t.equal(execute('rdmsr'), '#GP');
    t.equal(execute('wrmsr'), '#GP');
    t.end();
  });

  t.test(
    `${name}: an MSR that is in no list raises #GP though the processor has it, and its first access is an event`,
    (t) => {
      const { processor, registers, execute } = start();
      for (const msr of [0x17ff, FAR_MSR, 0xc000_1fff, 0xc001_1fff]) {
        processor.msrs.set(msr, 7n);
        registers.rcx = BigInt(msr);
        registers.rax = 1n;
        const events = eventCount(Event.refusedMsr);
        t.equal(execute('rdmsr'), '#GP', msr.toString(16));
        t.equal(eventCount(Event.refusedMsr), events + 1n);
        t.equal(execute('wrmsr'), '#GP', msr.toString(16));
        t.equal(processor.msrs.get(msr), 7n);
        if (msr !== FAR_MSR) t.equal(eventCount(Event.refusedMsr), events + 1n, 'once each');
      }
      t.end();
    },
  );

  t.test(`${name}: the MSRs of other hypervisors raise #GP, even if tsvm runs under one`, (t) => {
    const { processor, registers, execute } = start();
    for (const msr of [0x4000_0000, 0x4000_00ff, 0x4b56_4d00, 0x4b56_4dff]) {
      processor.msrs.set(msr, 1n);
      registers.rcx = BigInt(msr);
      t.equal(execute('rdmsr'), '#GP');
      t.equal(execute('wrmsr'), '#GP');
    }
    t.end();
  });

  t.test(`${name}: the APIC can be moved, but not over hidden memory`, (t) => {
    const { processor, registers, execute } = start();
    processor.msrs.set(Number(APIC_BASE), 0xfee0_0900n);
    registers.rcx = APIC_BASE;
    registers.rdx = 0n;
    registers.rax = HIDDEN | 0x900n;
    t.equal(execute('wrmsr'), '#GP');
    t.equal(processor.msrs.get(Number(APIC_BASE)), 0xfee0_0900n);
    t.equal(eventCount(Event.hiddenMemory), 1n);
    registers.rax = 0xfed0_0900n;
    t.equal(execute('wrmsr'), 'done');
    t.equal(processor.msrs.get(Number(APIC_BASE)), 0xfed0_0900n);
    t.end();
  });

  t.test(`${name}: microcode is not loaded, without a fault`, (t) => {
    const { registers, execute } = start();
    registers.rcx = name === 'AMD-V' ? 0xc001_0020n : 0x79n;
    t.equal(execute('wrmsr'), 'done');
    t.equal(eventCount(Event.microcode), 1n);
    t.end();
  });

  t.test(`${name}: a hypercall is answered, any other value of RAX raises #UD`, (t) => {
    const { registers, execute } = start();
    registers.rax = MAGIC;
    registers.rcx = 0n;
    t.equal(execute('hypercall'), 'done');
    t.equal(registers.rax, 0n);
    t.equal(registers.rbx, 1n);
    registers.rax = MAGIC + 1n;
    t.equal(execute('hypercall'), '#UD');
    t.end();
  });

  t.test(`${name}: in place of hidden memory the guest finds a page of ones, and goes on`, (t) => {
    const { reachFor } = start();
    t.equal(reachFor(HIDDEN + 0x1234n), 'again');
    t.equal(eventCount(Event.hiddenMemory), 1n);
    t.match(logText(), /reached for hidden memory at 0x401234/);
    t.end();
  });

  t.test(`${name}: an address beyond the processor’s ends the guest`, (t) => {
    t.throws(() => start().reachFor(1n << 50n), RESET);
    t.match(logText(), /the guest used an address beyond what its processor has/);
    t.end();
  });

  t.test(`${name}: a triple fault resets or halts the machine, as the option says; INIT resets it`, (t) => {
    t.throws(() => start().end('shutdown'), RESET);
    t.match(logText(), /triple fault/);
    const guest = start();
    options.tripleFault = TripleFaultAction.halt;
    t.throws(() => guest.end('shutdown'), HALTED);
    t.throws(() => start().end('init'), RESET);
    t.end();
  });
}
