import t from 'tap';
import fc from 'fast-check';
import { Event } from '../../../kernel/observe/events.js';
import { eventCount } from '../support/events.js';
import { options, TripleFaultAction } from '../../../kernel/machine/options.js';
import { directAddress } from '../../../kernel/x86/platform.js';
import { ExitCode } from '../../../kernel/svm/control/exitCode.js';
import { onNmi } from '../../../kernel/run/nmi.js';
import { addressOf } from '../../../transpiler/lib/index.js';
import { addMemory } from '../../../transpiler/lib/testing.js';
import { AmdProcessor, CODE, HALTED, HIDDEN, injected, RESET, startGuest } from '../support/guest.js';
import { logText, viewOf } from '../support/startup.js';

const INVALID_OPCODE = { vector: 6, type: 3, errorCode: null };
const EXCEPTION = 0x8000_0300n;

t.test('each SVM instruction raises #UD and is an event', (t) => {
  const { vmrun, vmload, vmsave, stgi, clgi, skinit, invlpga } = ExitCode;
  for (const code of [vmrun, vmload, vmsave, stgi, clgi, skinit, invlpga]) {
    const guest = startGuest();
    guest.exit(code);
    t.same(injected(guest.vmcb), INVALID_OPCODE, code.toString(16));
    t.equal(guest.vmcb.rip, BigInt(CODE));
    t.equal(eventCount(Event.virtualizationInstruction), 1n);
  }
  t.end();
});

t.test('on QEMU’s TCG each exit writes the task priority once more, which repeats interrupts that it lost', (t) => {
  for (const [ebx, expected] of [
    [0x5447_4354, [3n]],
    [0x4b4d_564b, []],
  ] as const) {
    const processor = new AmdProcessor();
    Object.assign(processor.leaves, { 1: { ecx: 0x8000_0000 }, 0x4000_0000: { ebx } });
    processor.msrs.set(0x2ff, 0x806n);
    const priorities: bigint[] = [];
    const guest = startGuest(
      [],
      Object.assign(processor, { readCr8: () => 3n, writeCr8: (value: bigint) => void priorities.push(value) }),
    );
    guest.exit(ExitCode.smi);
    t.same(priorities, expected);
  }
  t.end();
});

t.test('an SMI is taken, and the guest notices nothing', (t) => {
  const guest = startGuest();
  guest.exit(ExitCode.smi);
  t.equal(injected(guest.vmcb), null);
  t.equal(guest.vmcb.rip, BigInt(CODE));
  t.end();
});

t.test('an NMI that comes together with an SMI is sent again, and stays pending for the guest', (t) => {
  const guest = startGuest();
  guest.processor.msrs.set(0x1b, 0xfee0_0900n);
  guest.processor.msrs.set(0xc000_0101, directAddress(addressOf(guest.vcpu)));
  const apic = viewOf(addMemory(0xfee0_0000n, 0x1000));
  apic.setUint32(0x20, 0x0300_0000, true);
  apic.setUint32(0x310, 0x0500_0000, true);
  guest.processor.stgi();
  t.equal(onNmi(), true);
  t.equal(guest.processor.holdsNothingBack, false);
  t.equal(apic.getUint32(0x300, true), 0x4400);
  t.equal(apic.getUint32(0x310, true), 0x0500_0000, 'what the guest has written of a command stays');
  t.equal(injected(guest.vmcb), null);
  t.end();
});

t.test('INVD writes back what the caches hold, and is skipped', (t) => {
  const guest = startGuest([0x0f, 0x08]);
  guest.exit(ExitCode.invd);
  t.equal(guest.processor.writesBack, 1);
  t.equal(guest.vmcb.rip, BigInt(CODE + 2));
  t.equal(injected(guest.vmcb), null);
  t.end();
});

t.test('VMMCALL that is not a hypercall raises #UD', (t) => {
  const guest = startGuest([0x0f, 0x01, 0xd9]);
  guest.exit(ExitCode.vmmcall);
  t.same(injected(guest.vmcb), INVALID_OPCODE);
  t.end();
});

t.test('VMMCALL that is a hypercall is answered and skipped', (t) => {
  const guest = startGuest([0x0f, 0x01, 0xd9]);
  guest.vcpu.registers.rax = 0x6d76_7374n;
  guest.exit(ExitCode.vmmcall);
  t.equal(guest.vcpu.registers.rax, 0n);
  t.equal(guest.vmcb.rip, BigInt(CODE + 3));
  t.equal(injected(guest.vmcb), null);
  t.end();
});

t.test('#DB and #AC reach the guest unchanged', (t) => {
  const guest = startGuest();
  guest.vmcb.dr7 = 0x2400n;
  guest.exit(ExitCode.debugException);
  t.same(injected(guest.vmcb), { vector: 1, type: 3, errorCode: null });
  t.equal(guest.vmcb.dr7, 0x400n, 'general detect is off in the handler, whoever switches it off');
  guest.exit(ExitCode.alignmentCheck);
  t.same(injected(guest.vmcb), { vector: 17, type: 3, errorCode: 0 });
  t.end();
});

t.test('each exit is counted by its code', (t) => {
  const guest = startGuest();
  guest.exit(ExitCode.debugException);
  guest.exit(ExitCode.debugException);
  t.equal(guest.vcpu.counters.exits.get(ExitCode.debugException), 2n);
  t.equal(guest.vcpu.counters.exits.get(ExitCode.alignmentCheck), 0n);
  t.end();
});

t.test('the guest gets a page of ones where hidden memory is, and goes on', (t) => {
  const guest = startGuest();
  guest.exit(ExitCode.nestedPageFault, 4n, HIDDEN + 0x1234n);
  t.equal(eventCount(Event.hiddenMemory), 1n);
  t.equal(injected(guest.vmcb), null);
  t.equal(guest.vmcb.rip, BigInt(CODE));
  t.match(logText(), /reached for hidden memory at 0x401234/);
  t.end();
});

t.test('an event in delivery at a nested page fault is delivered again, with its error code', (t) => {
  const guest = startGuest();
  guest.vmcb.exitIntInfo = (0x1an << 32n) | EXCEPTION | 0x80en | 0x800n;
  guest.exit(ExitCode.nestedPageFault, 4n, HIDDEN);
  t.same(injected(guest.vmcb), { vector: 14, type: 3, errorCode: 0x1a });
  t.end();
});

t.test('an external interrupt in delivery is delivered again, also where QEMU calls it an exception', (t) => {
  for (const type of [0n, 0x300n]) {
    const guest = startGuest();
    guest.vmcb.exitIntInfo = 0x8000_0000n | type | 0x30n;
    guest.exit(ExitCode.nestedPageFault, 4n, HIDDEN);
    t.same(injected(guest.vmcb), { vector: 0x30, type: 0, errorCode: null });
  }
  t.end();
});

t.test('an NMI in delivery is delivered again, also where QEMU calls it an exception', (t) => {
  for (const type of [0x200n, 0x300n]) {
    const guest = startGuest();
    guest.vmcb.exitIntInfo = 0x8000_0002n | type;
    guest.exit(ExitCode.nestedPageFault, 4n, HIDDEN);
    t.same(injected(guest.vmcb), { vector: 2, type: 2, errorCode: null });
  }
  t.end();
});

t.test('an interrupt with a vector below 32 that is no exception’s is delivered again as what it is', (t) => {
  for (const vector of [9, 15, 20, 22, 27, 31]) {
    const guest = startGuest();
    guest.vmcb.exitIntInfo = EXCEPTION | BigInt(vector);
    guest.exit(ExitCode.nestedPageFault, 4n, HIDDEN);
    t.same(injected(guest.vmcb), { vector, type: 0, errorCode: null });
  }
  t.end();
});

t.test('in real mode no exception has an error code, neither one that is raised nor one in delivery', (t) => {
  const guest = startGuest([0x0f, 0x32]);
  guest.vmcb.cr0 = 0x10n;
  guest.vmcb.efer = 0x1000n;
  guest.vmcb.cs.attributes = 0x9b;
  guest.vcpu.registers.rcx = 0x4000_0000n;
  guest.exit(ExitCode.msr);
  t.same(injected(guest.vmcb), { vector: 13, type: 3, errorCode: null });
  guest.vmcb.exitIntInfo = EXCEPTION | 0x80dn;
  guest.exit(ExitCode.nestedPageFault, 4n, HIDDEN);
  t.same(injected(guest.vmcb), { vector: 13, type: 3, errorCode: null });
  t.end();
});

t.test('INT n, INT3 and INTO in delivery are not injected: the guest executes them again', (t) => {
  for (const event of [0x8000_0480n, EXCEPTION | 3n, EXCEPTION | 4n]) {
    const guest = startGuest();
    guest.vmcb.exitIntInfo = event;
    guest.exit(ExitCode.nestedPageFault, 4n, HIDDEN);
    t.equal(injected(guest.vmcb), null);
  }
  t.end();
});

t.test('an exception during delivery takes the place of what was delivered', (t) => {
  const guest = startGuest();
  guest.vmcb.exitIntInfo = EXCEPTION | 1n;
  guest.exit(ExitCode.debugException);
  t.same(injected(guest.vmcb), { vector: 1, type: 3, errorCode: null });
  t.end();
});

t.test('what was injected before is not injected again, and the TLB is flushed only when asked', (t) => {
  const guest = startGuest();
  guest.exit(ExitCode.vmrun);
  guest.vmcb.tlbControl = 1;
  guest.exit(ExitCode.smi);
  t.equal(injected(guest.vmcb), null);
  t.equal(guest.vmcb.tlbControl, 0);
  t.end();
});

t.test('a triple fault resets the machine, after one line', (t) => {
  const guest = startGuest();
  t.throws(() => guest.exit(ExitCode.shutdown), RESET);
  t.match(logText(), /^tsvm: the guest shut its processor down \(triple fault\) at 0x20000\n$/);
  t.same(guest.processor.portWrites.slice(0, 2), [
    [0xcf9, 2],
    [0xcf9, 6],
  ]);
  t.end();
});

t.test('a triple fault halts the machine if the option says so', (t) => {
  const guest = startGuest();
  options.tripleFault = TripleFaultAction.halt;
  t.throws(() => guest.exit(ExitCode.shutdown), HALTED);
  t.end();
});

t.test('INIT for the only processor resets the machine', (t) => {
  const guest = startGuest();
  t.throws(() => guest.exit(ExitCode.init), RESET);
  t.end();
});

t.test('an address beyond the processor’s ends the guest', (t) => {
  const guest = startGuest();
  t.throws(() => guest.exit(ExitCode.nestedPageFault, 4n, 1n << 50n), RESET);
  t.match(logText(), /the guest used an address beyond what its processor has/);
  t.end();
});

t.test('an exit that is not intercepted is a crash that names its code', (t) => {
  const guest = startGuest();
  t.throws(() => guest.exit(0x72), HALTED);
  t.match(logText(), /exit code +0x72/);
  t.end();
});

t.test('VMEXIT_INVALID is counted as the last reason and is a crash', (t) => {
  const guest = startGuest();
  guest.vmcb.exitCode = 0xffff_ffff_ffff_ffffn;
  t.throws(() => guest.exit(0xffff_ffff), HALTED);
  t.equal(guest.vcpu.counters.exits.get(0x403), 1n);
  t.end();
});

t.test(
  'any exit with any information and any registers: the guest goes on, or the machine ends in a known way',
  (t) => {
    const word = fc.bigInt({ min: 0n, max: 0xffff_ffff_ffff_ffffn });
    const code = fc.oneof(fc.constantFrom(...Object.values(ExitCode)), fc.integer({ min: 0, max: 0x500 }));
    const given = fc.record({
      code,
      info1: word,
      info2: word,
      event: word,
      rax: word,
      rcx: word,
      rdx: word,
      rip: word,
    });
    fc.assert(
      fc.property(given, ({ code: reason, info1, info2, event, rip, ...registers }) => {
        const guest = startGuest([0x0f, 0x32]);
        Object.assign(guest.vcpu.registers, registers);
        guest.vmcb.exitIntInfo = event;
        guest.vmcb.rip = rip;
        try {
          guest.exit(reason, info1, info2);
        } catch (error) {
          if (![HALTED.name, RESET.name].includes((error as Error).name)) throw error;
        }
      }),
      { numRuns: 300 },
    );
    t.end();
  },
);
