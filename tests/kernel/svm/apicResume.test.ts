/** The watch of local APICs that ends when all processors run, and begins again with an INIT. */
import t from 'tap';
import { isApicWatched } from '../../../kernel/exits/apic.js';
import { writeApicBase } from '../../../kernel/exits/msr.js';
import { Answer } from '../../../kernel/exits/answer.js';
import { ApicChoice, options } from '../../../kernel/machine/options.js';
import { mayEndWatch, svmIsApicWatched, svmWatchApic, watchStartupOf } from '../../../kernel/svm/apicWatch.js';
import { answerCall, isCalled } from '../../../kernel/svm/calls.js';
import { ExitCode } from '../../../kernel/svm/handlers.js';
import { expectNmis } from '../../../kernel/svm/intercepts.js';
import { svmPrepare, svmRestart } from '../../../kernel/svm/start.js';
import { svmKeepNmi } from '../../../kernel/svm/nmi.js';
import { Vmcb } from '../../../kernel/svm/vmcb.js';
import { vcpuOf } from '../../../kernel/vcpu/processors.js';
import { noteReset, noteRun, noteStartup, waitsForStartup } from '../../../kernel/vcpu/startup.js';
import type { Vcpu } from '../../../kernel/vcpu/vcpu.js';
import { physical, u32 } from '../../../transpiler/lib/index.js';
import { addMemory } from '../../../transpiler/lib/testing.js';
import {
  AmdProcessor,
  FIRMWARE,
  type Guest,
  HALTED,
  KERNEL,
  startGuest,
  startState,
  walkTables,
} from '../support/guest.js';
import { viewOf } from '../support/startup.js';

const SIPI = 0x4698;

const APIC_BASE = 0x1b;
const X2APIC_COMMAND = 0x830;
const XAPIC = 0xfee0_0900n;
const X2APIC = 0xfee0_0d00n;
const NMI_BIT = 1 << 1;
const IRET_BIT = 1 << 20;
const WRITABLE = 2n;

/** A machine in x2APIC mode, where a processor in `answering` answers an NMI at once. */
class CallingProcessor extends AmdProcessor {
  readonly called: number[] = [];
  readonly answering = new Set([0, 1, 2]);
  override wrmsr(msr: number, value: bigint): void {
    super.wrmsr(msr, value);
    if (msr !== X2APIC_COMMAND) return;
    const number = Number(value >> 32n);
    this.called.push(number);
    if (this.answering.has(number)) answerCall(vcpuOf(number));
  }
}

interface Machine extends Guest {
  readonly processor: CallingProcessor;
  readonly vcpus: readonly Vcpu[];
  readonly apic: DataView;
}

/** Three processors with the APIC IDs 0, 1 and 2, all of which a kernel has started. */
function start(choice: number = ApicChoice.auto, base = X2APIC, features = 0): Machine {
  const processor = new CallingProcessor();
  processor.msrs.set(0x2ff, 0x806n);
  processor.msrs.set(APIC_BASE, base);
  processor.msrs.set(X2APIC_COMMAND, 0n);
  processor.msrs.set(0x802, 0n);
  processor.leaves[1] = { ecx: features };
  const guest = startGuest([], processor, 1, 2);
  options.apic = choice;
  const apic = viewOf(addMemory(0xfee0_0000n, 0x10_0000));
  apic.setUint32(0xe0, 0xffff_ffff, true);
  const vcpus = [0, 1, 2].map(vcpuOf);
  expectNmis(guest.vmcb);
  for (const vcpu of vcpus.slice(1)) svmPrepare(vcpu, guest.vmcb.nestedCr3, startState());
  svmWatchApic();
  for (const vcpu of vcpus) {
    noteStartup(vcpu.number, SIPI, KERNEL);
    noteRun(vcpu.number);
  }
  return { ...guest, processor, vcpus, apic };
}

const isWritable = ({ vmcb }: Guest, address: bigint) =>
  ((walkTables(vmcb.nestedCr3, address)?.entry ?? 0n) & WRITABLE) !== 0n;
const interceptsOf = (vcpu: Vcpu) => physical(Vmcb, vcpu.vmcb).interceptInstructions1;

/** An INIT leaves the guest of `vcpu`. Whether its processor takes it. */
function reset({ processor }: Machine, vcpu: Vcpu): boolean {
  processor.holdsNothingBack = false;
  noteReset(vcpu.number);
  vcpu.call.isReset = 1;
  return watchStartupOf(vcpu);
}

t.test('the watch ends once a kernel has started all processors; the addresses of messages stay watched', (t) => {
  const machine = start();
  noteStartup(2, SIPI, FIRMWARE);
  t.equal(svmIsApicWatched(), true);
  noteStartup(2, SIPI, KERNEL);
  t.equal(svmIsApicWatched(), false);
  t.equal(isWritable(machine, 0xfee0_0300n), true);
  t.equal(isWritable(machine, 0xfee0_1000n), false);
  t.same(machine.processor.called, []);
  t.end();
});

t.test('an INIT begins it again: before the INIT is taken, all others forget that the page was writable', (t) => {
  const machine = start();
  svmIsApicWatched();
  for (const vcpu of machine.vcpus) physical(Vmcb, vcpu.vmcb).tlbControl = 0;
  t.equal(reset(machine, vcpuOf(1)), true);
  t.equal(isApicWatched(), true);
  t.equal(isWritable(machine, 0xfee0_0300n), false);
  t.same(machine.processor.called, [0, 2]);
  t.same(
    machine.vcpus.map((vcpu) => physical(Vmcb, vcpu.vmcb).tlbControl),
    [1, 0, 1],
  );
  t.equal(reset(machine, vcpuOf(2)), true, 'the next one finds it so');
  t.same(machine.processor.called, [0, 2]);
  t.throws(() => svmRestart(vcpuOf(1)), HALTED);
  t.equal(svmIsApicWatched(), true, 'one still waits');
  t.throws(() => svmRestart(vcpuOf(2)), HALTED);
  t.equal(svmIsApicWatched(), false);
  t.end();
});

t.test('where one does not answer, the INIT is not taken, and the next one asks anew', (t) => {
  const machine = start();
  svmIsApicWatched();
  machine.processor.answering.delete(2);
  t.equal(reset(machine, vcpuOf(1)), false);
  t.equal(isApicWatched(), true, 'the guest may go on with its APICs');
  t.equal(reset(machine, vcpuOf(2)), true, 'the one that did not answer is out of its guest now');
  t.same(machine.processor.called, [0, 2, 0]);
  t.end();
});

t.test('from the exit itself: the processor takes the INIT, or stands still', (t) => {
  for (const isAnswered of [true, false]) {
    const { vcpu, processor, exit } = start();
    svmIsApicWatched();
    if (!isAnswered) processor.answering.delete(2);
    vcpu.number = 1;
    t.throws(() => exit(ExitCode.init), HALTED);
    t.ok(waitsForStartup(1));
    t.equal(processor.holdsNothingBack, isAnswered);
  }
  t.end();
});

for (const [name, choice, features] of [
  ['apic=release', ApicChoice.release, 0],
  ['apic=trap', ApicChoice.trap, 0],
  ['apic=auto on a virtual machine', ApicChoice.auto, 0x8000_0000],
] as const) {
  t.test(`with ${name} the watch does not begin again, and NMIs do not leave the guest`, (t) => {
    const machine = start(choice, X2APIC, features);
    t.equal(mayEndWatch(), choice === ApicChoice.release);
    svmIsApicWatched();
    t.equal(interceptsOf(machine.vcpu) & NMI_BIT, 0);
    t.equal(reset(machine, vcpuOf(1)), choice !== ApicChoice.release, 'who was never released is still watched');
    t.same(machine.processor.called, []);
    t.end();
  });
}

t.test('an NMI of the guest’s is let in by the next entry; until its IRET others are left to the processor', (t) => {
  const { vcpu, exit, processor } = start();
  const others = u32(interceptsOf(vcpu) & ~(NMI_BIT | IRET_BIT));
  t.equal(interceptsOf(vcpu), u32(others | NMI_BIT));
  exit(ExitCode.nmi);
  t.equal(interceptsOf(vcpu), u32(others | IRET_BIT));
  t.equal(processor.holdsNothingBack, false);
  exit(ExitCode.iret);
  t.equal(interceptsOf(vcpu), u32(others | NMI_BIT));
  exit(ExitCode.nmi);
  t.throws(() => svmRestart(vcpu), HALTED);
  t.equal(interceptsOf(vcpu), u32(others | NMI_BIT), 'a processor that starts anew handles none');
  t.end();
});

t.test('an NMI that is a call is answered where it is let in, and the guest never sees it', (t) => {
  const { vcpu, vmcb, exit, processor } = start();
  const before = interceptsOf(vcpu);
  vcpu.call.isWaiting = 1;
  Object.assign(processor, { stgi: () => svmKeepNmi(vcpu) });
  exit(ExitCode.nmi);
  t.equal(isCalled(vcpu), false);
  t.equal(vmcb.tlbControl, 1);
  t.equal(interceptsOf(vcpu), before);
  t.same(processor.called, []);
  t.end();
});

t.test('a processor that the guest has renumbered does not answer', (t) => {
  const { vcpu, apic: page } = start(ApicChoice.auto, XAPIC);
  vcpu.call.isWaiting = 1;
  page.setUint32(0x20, 0x0500_0000, true);
  answerCall(vcpu);
  t.equal(isCalled(vcpu), true);
  page.setUint32(0x20, 0, true);
  answerCall(vcpu);
  t.equal(isCalled(vcpu), false);
  t.end();
});

t.test('an APIC that may be watched again stays where it is', (t) => {
  start();
  svmIsApicWatched();
  t.equal(writeApicBase(0xfec0_0900n, 0n), Answer.generalProtection);
  start(ApicChoice.release);
  svmIsApicWatched();
  t.equal(writeApicBase(0xfec0_0900n, 0n), Answer.done);
  t.end();
});
