import t from 'tap';
import { resetMemory, simulate, instanceMemory } from '../../../transpiler/lib/testing.js';
import { loadDescriptors } from '../../../kernel/x86/descriptors.js';
import { bounds, IMAGE, IMAGE_BASE, SerialMachine } from '../../support/image.js';

interface Loaded {
  gdt: bigint;
  idt: bigint;
  task: number;
  cr4: bigint;
}
const loaded: Loaded = { gdt: 0n, idt: 0n, task: 0, cr4: 0n };

t.beforeEach(() => {
  resetMemory();
  simulate({
    ...new SerialMachine(),
    lgdt: (base: bigint) => (loaded.gdt = base),
    lidt: (base: bigint) => (loaded.idt = base),
    readCr4: () => 0x20n,
    writeCr4: (value: bigint) => (loaded.cr4 = value),
    ltr: (selector: number) => (loaded.task = selector),
  });
  loadDescriptors();
});

/** The simulated memory that the image's address `address` stands for. */
function memoryAt(address: bigint): DataView {
  const machine = BigInt.asUintN(64, address - IMAGE_BASE + IMAGE);
  const found = instanceMemory().find(({ base, bytes }) => machine >= base && machine < base + BigInt(bytes.length));
  if (found === undefined) throw new Error(`nothing at 0x${machine.toString(16)}`);
  return new DataView(found.bytes.buffer, Number(machine - found.base));
}

/** Where a gate leads, and by which stack. */
function gate(vector: number): { entry: bigint; stack: number; kind: number } {
  const view = memoryAt(loaded.idt);
  const low = view.getBigUint64(vector * 16, true);
  const high = view.getBigUint64(vector * 16 + 8, true);
  const entry = (low & 0xffffn) | ((low >> 32n) & 0xffff_0000n) | (high << 32n);
  return { entry, stack: Number((low >> 32n) & 7n), kind: Number((low >> 40n) & 0xffn) };
}

/** The task state that the task register selects. */
function taskState(): DataView {
  const view = memoryAt(loaded.gdt);
  const low = view.getBigUint64(loaded.task, true);
  const high = view.getBigUint64(loaded.task + 8, true);
  return memoryAt(((low >> 16n) & 0xff_ffffn) | (((low >> 56n) & 0xffn) << 24n) | (high << 32n));
}

t.test('each vector enters its own stub through an interrupt gate', (t) => {
  for (let vector = 0; vector < 32; vector++) {
    t.equal(gate(vector).entry, bounds.exceptionStubs + BigInt(vector) * 16n);
    t.equal(gate(vector).kind, 0x8e);
  }
  t.end();
});

t.test('NMI, double fault and machine check have stacks of their own', (t) => {
  const own = [2, 8, 18].map((vector) => gate(vector).stack);
  t.same(own, [1, 2, 3]);
  t.equal(gate(14).stack, 0);
  t.end();
});

t.test('the task state holds the ends of those stacks', (t) => {
  const task = taskState();
  t.same(
    [0, 1, 2].map((index) => task.getBigUint64(0x24 + index * 8, true) - bounds.stacks),
    [0x7000n, 0x9000n, 0xb000n],
  );
  t.end();
});

t.test('the code and data descriptors are those that the entry code loaded', (t) => {
  const view = memoryAt(loaded.gdt);
  t.equal(view.getBigUint64(0, true), 0n);
  t.equal(view.getBigUint64(8, true), 0x0020_9b00_0000_0000n);
  t.equal(view.getBigUint64(16, true), 0x0000_9300_0000_0000n);
  t.end();
});

t.test('machine checks are on, and what CR4 had stays', (t) => {
  t.equal(loaded.cr4, 0x60n);
  t.end();
});
