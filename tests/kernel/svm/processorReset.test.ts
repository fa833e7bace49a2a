/** What becomes of a processor that the guest resets and starts, on AMD-V. */
import t from 'tap';
import { ExitCode } from '../../../kernel/svm/handlers.js';
import { svmRestart } from '../../../kernel/svm/start.js';
import { ApicChoice, options } from '../../../kernel/machine/options.js';
import { svmIsApicWatched, svmWatchApic } from '../../../kernel/svm/apicWatch.js';
import { noteRun, noteStartup, waitsForStartup } from '../../../kernel/vcpu/startup.js';
import { addMemory } from '../../../transpiler/lib/testing.js';
import { type Guest, HALTED, startGuest } from '../support/guest.js';

const APIC_BASE = 0x1b;
const EFER = 0xc000_0080;
const VM_HSAVE_PA = 0xc001_0117;

function startSecond(choice: number): Guest {
  const guest = startGuest();
  options.apic = choice;
  guest.processor.msrs.set(APIC_BASE, 0xfee0_0900n);
  addMemory(0xfee0_0000n, 0x10_0000);
  svmWatchApic();
  guest.vcpu.number = 1;
  noteRun(1);
  return guest;
}

t.test('an INIT of another processor than the first is let through, and nothing else is done', (t) => {
  const { vcpu, processor, exit } = startSecond(ApicChoice.trap);
  t.throws(() => exit(ExitCode.init), HALTED);
  t.equal(processor.holdsNothingBack, true);
  t.ok(waitsForStartup(vcpu.number));
  t.end();
});

t.test('where SIPIs are not watched, its processor keeps the INIT waiting and stands still', (t) => {
  const { vcpu, processor, exit } = startSecond(ApicChoice.release);
  svmIsApicWatched();
  t.throws(() => exit(ExitCode.init), HALTED);
  t.equal(processor.holdsNothingBack, false);
  t.ok(waitsForStartup(vcpu.number));
  t.end();
});

t.test('a processor that a SIPI has started enters the guest at the vector that the guest has sent', (t) => {
  const { vcpu, vmcb, processor } = startGuest();
  processor.msrs.set(EFER, 0x500n);
  processor.msrs.delete(VM_HSAVE_PA);
  vmcb.tlbControl = 0;
  vmcb.injectedEvent = 0x8000_0202n;
  vcpu.registers.rbx = 7n;
  vcpu.number = 1;
  noteStartup(1, 0x4698, 0n);
  t.throws(() => svmRestart(vcpu), HALTED);
  t.equal(processor.msrs.get(EFER), 0x1500n);
  t.equal(processor.msrs.get(VM_HSAVE_PA), vcpu.hostPage);
  t.same([vmcb.cs.selector, vmcb.cs.base, vmcb.cs.attributes, vmcb.rip], [0x9800, 0x9_8000n, 0x93, 0n]);
  t.same([vmcb.cr0, vmcb.cr4, vmcb.efer, vmcb.cpl], [0x10n, 0n, 0x1000n, 0]);
  t.equal(vmcb.injectedEvent, 0n);
  t.equal(vmcb.tlbControl, 1);
  t.equal(vcpu.registers.rbx, 0n);
  t.notOk(waitsForStartup(1));
  t.not(processor.entered, null);
  t.end();
});
