/** Calls of a processor whose guest handles an NMI, and so takes no other one. */
import t from 'tap';
import { ExitCode } from '../../../kernel/svm/control/exitCode.js';
import { vcpuOf } from '../../../kernel/vcpu/processors.js';
import { command, exitOf, guestVmcb, INIT, NMI, parked, run, SIPI, startAll } from '../support/apics.js';

const NMI_INTERCEPT = 1 << 1;
const PAUSE_INTERCEPT = 1 << 23;
const HLT_INTERCEPT = 1 << 24;

t.test('a guest in its handler of NMIs parks at its next exit', (t) => {
  const machine = startAll();
  const first = vcpuOf(1);
  machine.processor.latch(1, 'nmi');
  exitOf(machine, first, ExitCode.nmi);
  machine.processor.clear(1, 'nmi'); // the guest takes it, and masks others
  command(machine, INIT, 2);
  t.equal(run(machine, first, true), 0);
  t.same(parked(machine), [], 'NMIs are masked');
  exitOf(machine, first, ExitCode.invd);
  t.same(parked(machine), [1]);
  command(machine, SIPI | 0x98, 2);
  t.equal(run(machine, first), 0);
  t.same(parked(machine), []);
  t.not(guestVmcb(first).interceptInstructions1 & NMI_INTERCEPT, 0, 'a processor that starts anew handles none');
  t.end();
});

t.test(
  'a guest that halts for good in its handler of NMIs is heard as parked, and starts anew after an INIT only',
  (t) => {
    const machine = startAll();
    const first = vcpuOf(1);
    machine.processor.latch(1, 'nmi');
    exitOf(machine, first, ExitCode.nmi);
    machine.processor.clear(1, 'nmi'); // the guest takes it
    guestVmcb(first).rflags = 2n;
    exitOf(machine, first, ExitCode.hlt);
    t.same(parked(machine), [1]);
    command(machine, SIPI | 0x98, 2);
    command(machine, NMI, 2);
    t.equal(run(machine, first), 0);
    t.same(parked(machine), [1], 'neither a SIPI nor another NMI ends that');
    command(machine, INIT, 2);
    command(machine, SIPI | 0x97, 2);
    run(machine, first);
    t.same(parked(machine), []);
    t.equal(guestVmcb(first).cs.base, 0x9_7000n);
    t.not(guestVmcb(first).interceptInstructions1 & NMI_INTERCEPT, 0);
    t.equal(guestVmcb(first).interceptInstructions1 & (HLT_INTERCEPT | PAUSE_INTERCEPT), 0);
    t.end();
  },
);

t.test('in its handler of NMIs a guest halts by itself where an interrupt can end that', (t) => {
  const machine = startAll();
  const first = vcpuOf(1);
  exitOf(machine, first, ExitCode.nmi);
  guestVmcb(first).rflags = 0x202n;
  const { rip } = guestVmcb(first);
  exitOf(machine, first, ExitCode.hlt);
  t.same(parked(machine), []);
  t.equal(guestVmcb(first).rip, rip, 'it executes HLT again');
  t.equal(guestVmcb(first).interceptInstructions1 & HLT_INTERCEPT, 0);
  t.end();
});

t.test('a PAUSE in the handler of an NMI lets a call in', (t) => {
  const machine = startAll();
  const first = vcpuOf(1);
  machine.processor.latch(1, 'nmi');
  exitOf(machine, first, ExitCode.nmi);
  machine.processor.clear(1, 'nmi');
  const vmcb = guestVmcb(first);
  vmcb.nextRip = vmcb.rip + 2n;
  exitOf(machine, first, ExitCode.pause);
  t.same(parked(machine), []);
  t.equal(vmcb.rip, vmcb.nextRip);
  command(machine, INIT, 2);
  exitOf(machine, first, ExitCode.pause);
  t.same(parked(machine), [1]);
  t.end();
});
