import t from 'tap';
import { addMemory, resetMemory, simulate } from '../../../transpiler/lib/testing.js';
import { window } from '../../../transpiler/lib/index.js';
import {
  beginLine,
  consoleForgetUart,
  consoleLeaveUart,
  consoleReturnToUart,
  consoleStart,
  endLine,
  LOG_BYTES,
  logByte,
  logWritten,
  print,
  printBytes,
  printDecimal,
  printHex,
} from '../../../kernel/report/console.js';
import { SerialMachine } from '../../support/image.js';

let machine = new SerialMachine();

t.beforeEach(() => {
  resetMemory();
  machine = new SerialMachine();
  simulate(machine);
  consoleStart();
});

const logged = (): string => {
  const bytes: number[] = [];
  for (let i = 0n; i < logWritten(); i++) bytes.push(logByte(i));
  return String.fromCharCode(...bytes);
};

t.test('a line starts with the name and ends with CR LF on the UART', (t) => {
  print('hello');
  endLine();
  t.equal(machine.sent, 'tsvm: hello\r\n');
  t.end();
});

t.test('the log holds the same line with LF only', (t) => {
  print('hello');
  endLine();
  t.equal(logged(), 'tsvm: hello\n');
  t.end();
});

t.test('parts of a line share one start', (t) => {
  print('a');
  print('b');
  t.equal(machine.sent, 'tsvm: ab');
  t.end();
});

t.test('beginning a line ends the unfinished one', (t) => {
  print('a');
  beginLine();
  print('b');
  t.equal(machine.sent, 'tsvm: a\r\ntsvm: b');
  t.end();
});

t.test('numbers are printed without leading zeros', (t) => {
  for (const value of [0n, 0xan, 0xf00dn, 0xffff_ffff_ffff_ffffn]) {
    print(' ');
    printHex(value);
    print(' ');
    printDecimal(value);
  }
  t.equal(machine.sent, 'tsvm:  0x0 0 0xa 10 0xf00d 61453 0xffffffffffffffff 18446744073709551615');
  t.end();
});

t.test('bytes that are not printable ASCII become question marks', (t) => {
  addMemory(0x1000n, Uint8Array.of(0x41, 0x1b, 0x7e, 0x7f, 0x0a, 0xff));
  printBytes(window(0x1000n, 6));
  t.equal(machine.sent, 'tsvm: A?~???');
  t.end();
});

t.test('after the guest has taken the UART, lines go to the log only', (t) => {
  consoleLeaveUart();
  print('quiet');
  t.equal(machine.sent, '');
  t.equal(logged(), 'tsvm: quiet');
  t.end();
});

t.test('the last words go to the UART again', (t) => {
  consoleLeaveUart();
  consoleReturnToUart();
  print('last');
  t.equal(machine.sent, 'tsvm: last');
  t.end();
});

t.test('a UART that was switched off by option stays off for the last words', (t) => {
  consoleForgetUart();
  consoleReturnToUart();
  print('last');
  t.equal(machine.sent, '');
  t.end();
});

t.test('a machine without a UART is never written to', (t) => {
  simulate({ ...machine, in8: () => 0xff });
  consoleStart();
  print('x');
  t.equal(machine.sent, '');
  t.end();
});

t.test('a UART that never becomes ready is waited for once', (t) => {
  let polls = 0;
  simulate({ ...machine, in8: () => (polls++, 0) });
  consoleStart();
  print('x');
  const once = polls;
  print('y');
  t.equal(polls, once);
  t.equal(machine.sent, '');
  t.equal(logged(), 'tsvm: xy');
  t.end();
});

t.test('a full log keeps the last bytes', (t) => {
  for (let i = 0; i < LOG_BYTES; i++) print('x');
  print('y');
  t.equal(logByte(logWritten() - 1n), 0x79);
  t.equal(logByte(logWritten() - BigInt(LOG_BYTES)), 0x78);
  t.end();
});
