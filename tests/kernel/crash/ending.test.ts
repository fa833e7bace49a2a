import t from 'tap';
import { resetMemory, simulate } from '../../../transpiler/lib/testing.js';
import { consoleStart, print } from '../../../kernel/report/console.js';
import { fail, stop } from '../../../kernel/report/fail.js';
import { resetMachine } from '../../../kernel/report/reset.js';
import { HALTED, SerialMachine } from '../../support/image.js';

let machine = new SerialMachine();

t.beforeEach(() => {
  resetMemory();
  machine = new SerialMachine();
  simulate(machine);
  consoleStart();
});

t.test('start-up that cannot go on prints the reason on its own line and halts', (t) => {
  print('something else');
  t.throws(() => fail('no memory'), HALTED);
  t.equal(machine.sent, 'tsvm: something else\r\ntsvm: no memory\r\n');
  t.end();
});

t.test('a reason in parts is ended as one line', (t) => {
  print('module ');
  print('0');
  t.throws(() => stop(), HALTED);
  t.equal(machine.sent, 'tsvm: module 0\r\n');
  t.end();
});

/** The steps of a reset if the keyboard controller's status reads as `keyboardStatus`. */
function resetSteps(keyboardStatus: number): string[] {
  const steps: string[] = [];
  simulate({
    in8: () => keyboardStatus,
    out8: (port: number, value: number) => steps.push(`out ${port.toString(16)} ${value.toString(16)}`),
    pause: () => undefined,
    shutDown: () => {
      steps.push('shut down');
      throw new Error('shut down');
    },
  });
  t.throws(() => resetMachine());
  return steps;
}

const ALL_WAYS = ['out cf9 2', 'out cf9 6', 'out 64 fe', 'shut down'];

t.test('the machine is reset by the chipset, else the keyboard controller, else a shutdown', (t) => {
  t.same(resetSteps(0), ALL_WAYS);
  t.end();
});

t.test('a keyboard controller that is always busy does not block the reset', (t) => {
  t.same(resetSteps(0xff), ALL_WAYS);
  t.end();
});
