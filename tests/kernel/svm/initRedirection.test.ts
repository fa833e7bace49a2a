/** INITs that were not sent by an intercepted ICR write, and interception that ends if processors redirect INITs. */
import t from 'tap';
import { Event } from '../../../kernel/observe/events.js';
import { eventCount } from '../support/events.js';
import { writeApicBase } from '../../../kernel/exits/msr.js';
import { Answer } from '../../../kernel/access/answer.js';
import { isApicIntercepted } from '../../../kernel/devices/localApic/mediator.js';
import { ApicChoice, InitChoice } from '../../../kernel/machine/options.js';
import { mayEndInterception, svmInterceptsApic } from '../../../kernel/svm/reset/apicInterception.js';
import { ExitCode } from '../../../kernel/svm/control/exitCode.js';
import { onSecurityException, redirectsInit } from '../../../kernel/svm/reset/initRedirection.js';
import { svmPrepare } from '../../../kernel/svm/start.js';
import { vcpuOf } from '../../../kernel/vcpu/processors.js';
import { window } from '../../../transpiler/lib/index.js';
import { HALTED, KERNEL, RESET, startState } from '../support/guest.js';
import {
  command,
  exitOf,
  guestVmcb,
  INIT,
  isParked,
  isWritable,
  type Machine,
  OTHERS,
  run,
  SIPI,
  startMachine,
} from '../support/apics.js';
import { logText } from '../support/startup.js';

const VM_CR = 0xc001_0114;
const R_INIT = 2n;
const VIRTUAL = 0x8000_0000;
const COMMAND_REGISTER = 0xfee0_0300n;
const REDIRECTING = { redirects: true };
const TLB_FLUSH = 1;

const keptBit = ({ processor }: Machine) => (processor.msrs.get(VM_CR) ?? 0n) & R_INIT;

function startAll(chosen: Parameters<typeof startMachine>[1]): Machine {
  const machine = startMachine([0, 2, 4], chosen);
  command(machine, SIPI | OTHERS | 0x98, 0, 0, KERNEL);
  for (const vcpu of machine.vcpus) run(machine, vcpu);
  machine.processor.sent.length = 0;
  return machine;
}

t.test('if VM_CR.R_INIT is kept, INITs are redirected, and the other bits of VM_CR stay', (t) => {
  const machine = startMachine([0, 2], REDIRECTING);
  t.equal(redirectsInit(), true);
  t.equal(keptBit(machine), 2n);
  t.end();
});

t.test('INITs are not redirected if the bit is not kept, on a virtual machine, or with init=hold', (t) => {
  for (const chosen of [{}, { redirects: true, features: VIRTUAL }, { redirects: true, init: InitChoice.hold }]) {
    const machine = startMachine([0, 2], chosen);
    t.equal(redirectsInit(), false);
    t.equal(keptBit(machine), 0n);
    t.equal(mayEndInterception(), false);
  }
  t.end();
});

t.test('init=redirect redirects INITs on a virtual machine, and is refused if the bit is not kept', (t) => {
  startMachine([0], { redirects: true, features: VIRTUAL, init: InitChoice.redirect });
  t.equal(redirectsInit(), true);
  t.throws(() => startMachine([0], { init: InitChoice.redirect }), HALTED);
  t.match(logText(), /^tsvm: init=redirect: this processor does not keep VM_CR.R_INIT\n$/);
  t.end();
});

t.test('a processor that does not keep the bit which the BSP keeps stops the start', (t) => {
  const machine = startMachine([0, 2], REDIRECTING);
  machine.processor.tryWrmsr = () => true;
  machine.processor.msrs.set(VM_CR, 0n);
  t.throws(() => svmPrepare(vcpuOf(1), machine.vmcb.nestedCr3, startState()), HALTED);
  t.end();
});

t.test('a redirected INIT parks its processor, running or parked, and a SIPI starts it', (t) => {
  const machine = startAll(REDIRECTING);
  const first = vcpuOf(1);
  for (let round = 0; round < 2; round++) {
    machine.processor.latch(1, 'init');
    t.equal(run(machine, first), 0);
    t.ok(isParked(first));
    t.equal(machine.processor.isLatched(1, 'init'), false, 'the INIT is consumed');
    t.equal(machine.processor.holdsNothingBack, false);
  }
  for (const vcpu of machine.vcpus) run(machine, vcpu);
  command(machine, SIPI | 0x42, 2, 0, KERNEL);
  run(machine, first);
  t.notOk(isParked(first));
  t.equal(guestVmcb(first).cs.selector, 0x4200);
  t.same(machine.processor.lost, []);
  t.end();
});

t.test('an NMI together with a redirected INIT is not lost, and the INIT is consumed', (t) => {
  const machine = startAll(REDIRECTING);
  machine.processor.latch(1, 'init');
  machine.processor.latch(1, 'nmi');
  exitOf(machine, vcpuOf(1), ExitCode.init);
  t.equal(machine.processor.isLatched(1, 'init'), false);
  t.equal(machine.processor.isLatched(1, 'nmi'), true);
  t.equal(machine.processor.holdsNothingBack, false);
  t.same(machine.processor.lost, []);
  t.end();
});

t.test('a pending SIPI is dropped by a redirected INIT', (t) => {
  const machine = startAll(REDIRECTING);
  const first = vcpuOf(1);
  command(machine, INIT, 2);
  command(machine, SIPI | 0x42, 2);
  machine.processor.latch(1, 'init');
  run(machine, first);
  t.ok(isParked(first));
  t.end();
});

t.test('without redirection the INIT stays pending for ever, and the processor stops', (t) => {
  for (const waits of [false, true]) {
    const machine = startAll({});
    const first = vcpuOf(1);
    if (waits) command(machine, INIT, 2);
    if (waits) run(machine, first);
    machine.processor.latch(1, 'init');
    t.throws(() => run(machine, first), HALTED);
    t.equal(machine.processor.isLatched(1, 'init'), true);
    t.equal(machine.processor.holdsNothingBack, false);
    t.equal(eventCount(Event.heldInit), 1n);
    t.match(logText(), /an INIT came that the ICR did not send, and its processor stands still, number 0x1 at/);
    t.same(machine.processor.lost, []);
  }
  t.end();
});

t.test('a redirected INIT on the BSP resets the machine', (t) => {
  for (const chosen of [{}, REDIRECTING]) {
    const machine = startAll(chosen);
    machine.processor.latch(0, 'init');
    t.throws(() => run(machine, vcpuOf(0)), RESET);
  }
  t.end();
});

t.test('a #SX that is no INIT which the processor consumes is a crash', (t) => {
  const machine = startAll(REDIRECTING);
  machine.processor.msrs.set(0xc000_0101, 0n);
  t.equal(onSecurityException(1n), false, 'before there is a vcpu');
  machine.processor.latch(1, 'init');
  exitOf(machine, vcpuOf(1), ExitCode.init);
  t.equal(onSecurityException(1n), false, 'none is pending');
  vcpuOf(1).svm.init.isPending = 1;
  t.equal(onSecurityException(2n), false);
  t.equal(onSecurityException(1n), true);
  t.end();
});

t.test('the interception ends once a kernel has started every processor, where INITs are redirected', (t) => {
  for (const [chosen, ends] of [
    [REDIRECTING, true],
    [{}, false],
    [{ redirects: true, choice: ApicChoice.trap }, false],
    [{ choice: ApicChoice.release }, true],
  ] as const) {
    const machine = startAll(chosen);
    t.equal(svmInterceptsApic(), !ends);
    t.equal(isWritable(machine, COMMAND_REGISTER), ends);
    t.equal(isWritable(machine, 0xfee0_1000n), false, 'the addresses of messages stay intercepted');
    t.equal(window(machine.vmcb.msrPermissions, 0x2000).u8(0x830 >> 2) === 0, ends);
  }
  t.end();
});

t.test('an INIT starts the interception again: all others are called, flush their TLBs, and go on', (t) => {
  const machine = startAll(REDIRECTING);
  const bsp = vcpuOf(0);
  const first = vcpuOf(1);
  const second = vcpuOf(2);
  svmInterceptsApic();
  const before = guestVmcb(second).rip;
  guestVmcb(second).tlbControl = 0;
  machine.processor.latch(1, 'init');
  run(machine, first);
  t.equal(isApicIntercepted(), true);
  t.equal(isWritable(machine, COMMAND_REGISTER), false);
  t.same(
    machine.processor.sent.map(({ destination }) => destination),
    [0, 4],
  );
  for (const vcpu of [bsp, second]) {
    t.equal(run(machine, vcpu), 0, 'its guest sees no NMI');
    t.notOk(isParked(vcpu));
    t.equal(guestVmcb(vcpu).tlbControl, TLB_FLUSH);
  }
  t.equal(guestVmcb(second).rip, before);
  command(machine, SIPI | 0x98, 2, 0, KERNEL);
  run(machine, first);
  t.notOk(isParked(first));
  t.equal(svmInterceptsApic(), false, 'and ends again');
  t.end();
});

t.test('a processor that is called twice at once does both', (t) => {
  const machine = startAll(REDIRECTING);
  const first = vcpuOf(1);
  const second = vcpuOf(2);
  svmInterceptsApic();
  machine.processor.latch(1, 'init');
  run(machine, first); // calls the second to flush
  command(machine, INIT, 4);
  run(machine, second);
  t.ok(isParked(second));
  command(machine, SIPI | 0x98, 4);
  run(machine, second);
  t.notOk(isParked(second));
  t.end();
});

t.test('with apic=release the interception does not start again', (t) => {
  const machine = startAll({ redirects: true, choice: ApicChoice.release });
  svmInterceptsApic();
  t.match(logText(), /all processors run: writes to their local APICs are no longer intercepted/);
  machine.processor.latch(1, 'init');
  run(machine, vcpuOf(1));
  t.ok(isParked(vcpuOf(1)), 'and its processor stays parked');
  t.equal(isApicIntercepted(), false);
  t.end();
});

t.test('an APIC that may be intercepted again stays where it is', (t) => {
  startAll(REDIRECTING);
  svmInterceptsApic();
  t.equal(writeApicBase(0xfec0_0900n, 0n), Answer.generalProtection);
  startAll({ choice: ApicChoice.release });
  svmInterceptsApic();
  t.equal(writeApicBase(0xfec0_0900n, 0n), Answer.done);
  t.end();
});
