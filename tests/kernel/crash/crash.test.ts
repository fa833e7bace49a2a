import fc from 'fast-check';
import t from 'tap';
import { addMemory, resetMemory, simulate } from '../../../transpiler/lib/testing.js';
import { physical } from '../../../transpiler/lib/index.js';
import { CrashAction, options } from '../../../kernel/machine/options.js';
import { consoleStart } from '../../../kernel/report/console.js';
import { beginCrash } from '../../../kernel/crash/crash.js';
import { ExceptionFrame, onException } from '../../../kernel/crash/exception.js';
import { encodeSymbols } from '../../../linker/toolchain/symbols.js';
import { addImage, bounds, HALTED, IMAGE_BASE, SerialMachine } from '../../support/image.js';

let machine = new SerialMachine();
let image: Uint8Array = new Uint8Array();

function startMachine(): void {
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
}

t.beforeEach(startMachine);

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

/** The report of a page fault at `rip` in a function whose frame is at `rbp`. */
function reportOf(rip: bigint, rbp: bigint): string[] {
  addMemory(0x9000n, 4096);
  const frame = physical(ExceptionFrame, 0x9000n);
  frame.vector = 14n;
  frame.errorCode = 2n;
  frame.rip = rip;
  frame.rbp = rbp;
  frame.r15 = 0x5n;
  t.throws(() => onException(frame), HALTED);
  return machine.sent.trimEnd().split('\r\n');
}

const START = IMAGE_BASE + 0x123n;
const AT_START = 'tsvm:   at start (kernel/main.ts:7)';

t.test('an exception is named, with its registers', (t) => {
  const lines = reportOf(START, 0n);
  t.equal(lines[0], 'tsvm: crash: exception 14 (page fault)  error code 0x2');
  t.match(lines.join('\n'), /r15 0x5\n/);
  t.match(lines.join('\n'), /cr2 0x1234 {2}cr3 0x5000/);
  t.end();
});

t.test('a crash report has a backtrace with functions and lines', (t) => {
  const lines = reportOf(START, stackOf([IMAGE_BASE + 0x140n, IMAGE_BASE + 0x208n]));
  t.same(lines.slice(-4), [
    AT_START,
    'tsvm:   from start (kernel/main.ts:9)',
    'tsvm:   from other (kernel/other.ts:3)',
    'tsvm: halted',
  ]);
  t.end();
});

t.test('a frame pointer that leads off the stacks is not followed', (t) => {
  for (const wild of [1n, bounds.stacks, bounds.stacks + 0x4ff8n, bounds.end, 0xffff_ffff_ffff_ffffn]) {
    startMachine();
    t.same(reportOf(START, wild).slice(-2), [AT_START, 'tsvm: halted']);
  }
  t.end();
});

t.test('frames that form a circle end the backtrace', (t) => {
  const lines = reportOf(START, stackOf([IMAGE_BASE + 0x140n], bounds.stacks + 0x2000n));
  t.same(lines.slice(-3), [AT_START, 'tsvm:   from start (kernel/main.ts:9)', 'tsvm: halted']);
  t.end();
});

t.test('an address outside the code is printed as a number', (t) => {
  t.equal(reportOf(0x1234n, 0n).at(-2), 'tsvm:   at 0x1234');
  t.end();
});

t.test('an address before the first function is printed as a number', (t) => {
  t.equal(reportOf(IMAGE_BASE + 8n, 0n).at(-2), 'tsvm:   at 0xffffffff80000008');
  t.end();
});

t.test('without a symbol table, addresses are printed as numbers', (t) => {
  image.fill(0, Number(bounds.symbols - IMAGE_BASE), Number(bounds.data - IMAGE_BASE));
  t.equal(reportOf(START, 0n).at(-2), 'tsvm:   at 0xffffffff80000123');
  t.end();
});

t.test('a damaged symbol table never leads outside itself', (t) => {
  const start = Number(bounds.symbols - IMAGE_BASE);
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 64, maxLength: 64 }), (bytes) => {
      startMachine();
      image.set(bytes, start + 4);
      reportOf(START, 0n);
    }),
  );
  t.end();
});

t.test('the machine is reset after a crash if the option says so', (t) => {
  options.crash = CrashAction.reset;
  t.equal(reportOf(START, 0n).at(-1), 'tsvm: resetting');
  t.ok(machine.reset);
  t.end();
});

t.test('a crash during a crash prints nothing more', (t) => {
  beginCrash();
  t.same(reportOf(START, 0n), ['tsvm: crash:']);
  t.end();
});
