import t from 'tap';
import { addMemory, resetMemory, simulate } from '../../../transpiler/lib/testing.js';
import { physical } from '../../../transpiler/lib/index.js';
import { CrashAction, options } from '../../../kernel/machine/options.js';
import { consoleStart } from '../../../kernel/report/console.js';
import { crash } from '../../../kernel/report/crash.js';
import { ExceptionFrame, onException } from '../../../kernel/report/exception.js';
import { encodeSymbols } from '../../../linker/symbols.js';
import { addImage, bounds, Halted, IMAGE_BASE, SerialMachine } from '../../support/image.js';

let machine = new SerialMachine();
let image: Uint8Array = new Uint8Array();

t.beforeEach(() => {
  resetMemory();
  machine = new SerialMachine();
  simulate(machine);
  image = addImage();
  consoleStart();
  image.set(
    encodeSymbols([
      { address: IMAGE_BASE + 0x100n, name: 'start', file: 'kernel/main.ts', line: 7 },
      { address: IMAGE_BASE + 0x140n, name: 'start', file: 'kernel/main.ts', line: 9 },
      { address: IMAGE_BASE + 0x200n, name: 'other', file: 'kernel/other.ts', line: 3 },
    ]),
    Number(bounds.symbols - IMAGE_BASE),
  );
});

/** Writes a chain of frames onto the main stack, the innermost first, and returns where it starts. */
function stackOf(returnAddresses: readonly bigint[], lastCaller = 0n): bigint {
  const view = new DataView(image.buffer, image.byteOffset);
  const first = bounds.stacks + 0x2000n;
  returnAddresses.forEach((address, index) => {
    const frame = first + BigInt(index) * 0x20n;
    const isLast = index === returnAddresses.length - 1;
    view.setBigUint64(Number(frame - IMAGE_BASE), isLast ? lastCaller : frame + 0x20n, true);
    view.setBigUint64(Number(frame - IMAGE_BASE) + 8, address, true);
  });
  return first;
}

const crashLines = (action: () => void): string[] => {
  try {
    action();
  } catch (error) {
    if (!(error instanceof Halted)) throw error;
  }
  return machine.sent.trimEnd().split('\r\n');
};

t.test('a crash names the functions and lines that led to it', (t) => {
  const frame = stackOf([IMAGE_BASE + 0x140n, IMAGE_BASE + 0x208n]);
  machine.framePointer = () => frame;
  t.same(
    crashLines(() => crash('it broke')),
    [
      'tsvm: crash: it broke',
      'tsvm:   from start (kernel/main.ts:9)',
      'tsvm:   from other (kernel/other.ts:3)',
      'tsvm: halted',
    ],
  );
  t.end();
});

t.test('a frame pointer that leads off the stacks is not followed', (t) => {
  for (const wild of [1n, bounds.stacks, bounds.stacks + 0x4ff8n, bounds.end, 0xffff_ffff_ffff_ffffn]) {
    machine.sent = '';
    resetMemory();
    consoleStart();
    machine.framePointer = () => wild;
    t.same(
      crashLines(() => crash('it broke')),
      ['tsvm: crash: it broke', 'tsvm: halted'],
    );
  }
  t.end();
});

t.test('frames that form a circle end the backtrace', (t) => {
  const frame = stackOf([IMAGE_BASE + 0x140n], bounds.stacks + 0x2000n);
  machine.framePointer = () => frame;
  t.equal(crashLines(() => crash('it broke')).length, 3);
  t.end();
});

t.test('an address outside the code is printed as a number', (t) => {
  const frame = stackOf([0x1234n]);
  machine.framePointer = () => frame;
  t.equal(crashLines(() => crash('it broke'))[1], 'tsvm:   from 0x1234');
  t.end();
});

t.test('without a symbol table, addresses are printed as numbers', (t) => {
  image.fill(0, Number(bounds.symbols - IMAGE_BASE), Number(bounds.data - IMAGE_BASE));
  const frame = stackOf([IMAGE_BASE + 0x140n]);
  machine.framePointer = () => frame;
  t.equal(crashLines(() => crash('it broke'))[1], 'tsvm:   from 0xffffffff80000140');
  t.end();
});

t.test('the machine is reset after a crash where the option says so', (t) => {
  options.crash = CrashAction.reset;
  t.equal(crashLines(() => crash('it broke')).at(-1), 'tsvm: resetting');
  t.ok(machine.reset);
  t.end();
});

t.test('a crash during a crash prints nothing more', (t) => {
  machine.framePointer = () => crash('again');
  t.same(
    crashLines(() => crash('it broke')),
    ['tsvm: crash: it broke'],
  );
  t.end();
});

t.test('an exception is named, with its registers and where it happened', (t) => {
  addMemory(0x9000n, 4096);
  const frame = physical(ExceptionFrame, 0x9000n);
  frame.vector = 14n;
  frame.errorCode = 2n;
  frame.rip = IMAGE_BASE + 0x123n;
  frame.r15 = 0x5n;
  frame.rbp = stackOf([IMAGE_BASE + 0x208n]);
  const lines = crashLines(() => onException(frame));
  t.equal(lines[0], 'tsvm: crash: exception 14 (page fault)  error code 0x2');
  t.match(lines.join('\n'), /r15 0x5\n/);
  t.match(lines.join('\n'), /cr2 0x1234 {2}cr3 0x5000/);
  t.same(lines.slice(-3), [
    'tsvm:   at start (kernel/main.ts:7)',
    'tsvm:   from other (kernel/other.ts:3)',
    'tsvm: halted',
  ]);
  t.end();
});
