import t from 'tap';
import { isPlainInterrupt, isSentOn } from '../../../../kernel/devices/localApic/commands.js';
import { vcpuOf } from '../../../../kernel/vcpu/processors.js';
import { isRunning, kernelRunsEveryProcessor, noteRunning, takeVector } from '../../../../kernel/vcpu/sipi.js';
import { FIRMWARE, KERNEL } from '../../support/guest.js';
import { ALL, INIT, LOGICAL, NMI, OTHERS, SELF, SIPI, startMachine, type Machine } from '../../support/apics.js';

const send = (command: number, destination: number, rip = KERNEL) => isSentOn(0, command, destination, false, rip);

/** The processors that shall start at the page 98h. */
const started = ({ vcpus }: Machine) =>
  vcpus.filter(({ number }) => takeVector(number) === 0x98).map(({ number }) => number);

t.test('interrupts, SMIs and NMIs are forwarded to any destination', (t) => {
  startMachine();
  for (const delivery of [0, 0x100, 0x200, 0x300, 0x400, 0x700]) {
    for (const shorthand of [0, SELF, ALL, OTHERS, LOGICAL]) {
      for (const destination of [0, 4, 0xff]) {
        t.ok(send(0x4000 | delivery | shorthand | 0x30, destination));
      }
    }
  }
  for (const delivery of [0, 0x100, 0x200, 0x300]) t.ok(isPlainInterrupt(0x4000 | ALL | delivery | 0x30));
  for (const delivery of [0x400, 0x500, 0x600]) t.notOk(isPlainInterrupt(delivery));
  t.end();
});

t.test('a SIPI starts the processors that it reaches and that wait for one; never the BSP', (t) => {
  for (const [command, destination, isWide, expected] of [
    [SIPI, 2, false, [1]],
    [SIPI, 6, true, [3]],
    [SIPI, 3, false, []],
    [SIPI, 0, false, []],
    [SIPI, 0xff, false, [1, 2, 3]],
    [SIPI, 0xffff_ffff, true, [1, 2, 3]],
    [SIPI, 0xff, true, []],
    [SIPI | ALL, 2, false, [1, 2, 3]],
    [SIPI | OTHERS, 2, false, [1, 2, 3]],
    [SIPI | SELF, 2, false, []],
    [SIPI | LOGICAL, 0x02, false, [2]],
    [SIPI | LOGICAL, 0x0a, false, [2]],
    [SIPI | LOGICAL, 0xff, false, [1, 2, 3]],
    [SIPI | LOGICAL, 0x0000_0014, true, [1, 2]],
  ] as const) {
    const machine = startMachine();
    for (const vcpu of machine.vcpus) vcpu.svm.destinationFormat = 0xffff_ffff;
    vcpuOf(2).svm.logicalDestination = 0x0200_0000;
    t.notOk(isSentOn(0, command | 0x98, destination, isWide, KERNEL));
    t.same(started(machine), expected, `${command.toString(16)} to ${destination}`);
  }
  t.end();
});

t.test('an INIT parks the processors that it reaches', (t) => {
  const machine = startMachine();
  for (const { number } of machine.vcpus) noteRunning(number);
  t.notOk(send(INIT, 4));
  t.notOk(send(0x8500, 6), 'with level 0 it reaches no processor');
  t.same(
    machine.vcpus.map(({ number }) => isRunning(number)),
    [true, true, false, true],
  );
  t.same(machine.processor.sent, [{ from: 0, command: NMI, destination: 4 }]);
  t.end();
});

t.test('for each processor it is recorded whether a kernel has started it', (t) => {
  const machine = startMachine([0, 2, 4]);
  const start = (destination: number, rip: bigint) => {
    send(INIT, destination);
    send(SIPI | 0x98, destination, rip);
    takeVector(destination / 2);
  };
  t.equal(kernelRunsEveryProcessor(), false);
  start(2, KERNEL);
  start(4, FIRMWARE);
  t.equal(kernelRunsEveryProcessor(), false);
  start(4, KERNEL);
  t.equal(kernelRunsEveryProcessor(), true);
  send(INIT, 2);
  t.equal(kernelRunsEveryProcessor(), false);
  t.equal(machine.vcpus.length, 3);
  t.end();
});
