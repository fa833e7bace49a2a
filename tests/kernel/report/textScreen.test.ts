import t from 'tap';
import { addMemory, resetMemory, simulate } from '../../../transpiler/lib/testing.js';
import { consoleStart, endLine, print } from '../../../kernel/report/console.js';
import { beginCrash, endCrash } from '../../../kernel/crash/crash.js';
import { fail } from '../../../kernel/report/fail.js';
import { screenLeave, screenTake } from '../../../kernel/report/textScreen.js';
import { HALTED, SerialMachine } from '../../support/image.js';

let screen: Uint8Array = new Uint8Array();

t.beforeEach(() => {
  resetMemory();
  simulate(new SerialMachine());
  screen = addMemory(0xb_8000n, 4000);
  consoleStart();
});

/** The rows that are not empty, from the last one upwards. */
function rows(): string[] {
  const characters = Array.from({ length: 2000 }, (_, i) => String.fromCharCode(screen[2 * i] || 0x20)).join('');
  const all = Array.from({ length: 25 }, (_, row) => characters.slice(row * 80, row * 80 + 80).trimEnd());
  return all.filter((row) => row !== '').reverse();
}

t.test('if start-up ends, the screen shows the log, from the bottom up', (t) => {
  screenTake();
  print('time goes on');
  endLine();
  t.throws(() => fail('no memory'), HALTED);
  t.same(rows(), ['tsvm: no memory', 'tsvm: time goes on']);
  t.equal(screen[1920 * 2 - 160 + 1], 7, 'in grey');
  t.end();
});

t.test('a line that is longer than a row goes on in the next one', (t) => {
  screenTake();
  t.throws(() => fail(`${'x'.repeat(74)}yz`), HALTED);
  t.same(rows(), ['yz', `tsvm: ${'x'.repeat(74)}`]);
  t.end();
});

t.test('of a long log the end is shown', (t) => {
  screenTake();
  for (let i = 0; i < 100; i++) {
    print(`line ${i}`);
    endLine();
  }
  t.throws(() => fail('the last'), HALTED);
  t.same(rows().slice(0, 3), ['tsvm: the last', 'tsvm: line 99', 'tsvm: line 98']);
  t.equal(rows().length, 24);
  t.end();
});

t.test('a crash before the guest runs is shown too', (t) => {
  screenTake();
  beginCrash();
  t.throws(endCrash, HALTED);
  t.same(rows(), ['tsvm: halted', 'tsvm: crash:']);
  t.end();
});

t.test('a screen that is the guest’s, or was never taken, is left alone', (t) => {
  t.throws(() => fail('one'), HALTED);
  screenTake();
  screenLeave();
  t.throws(() => fail('two'), HALTED);
  t.same(rows(), []);
  t.end();
});
