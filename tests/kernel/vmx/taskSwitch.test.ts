import t, { type Test } from 'tap';
import { chooseControls } from '../../../kernel/vmx/control/controls.js';
import { Activity, Field, GUEST_BASE, GUEST_LIMIT, GUEST_SELECTOR, Segment } from '../../../kernel/vmx/control/vmcs.js';
import { CODE, TABLES } from '../support/guest.js';
import {
  CODE_32,
  DATA_32,
  Kind,
  LDT,
  LOCAL_TABLE,
  NEXT,
  NEXT_TASK,
  OLD,
  OLD_TASK,
  Source,
  TaskBench,
  turnOnPaging,
} from '../support/tasks.js';

const NESTED = 1n << 14n;
const BUSY = 2;

const GeneralProtection = 13;

t.test('CALL saves the old task, and loads the new one', (t) => {
  const bench = new TaskBench();
  bench.guest.vcpu.registers.rax = 0x1234_5678n;
  bench.guest.vcpu.registers.rdi = 0xd1n;
  bench.switchBy(Source.call);
  t.equal(bench.memory.getUint32(OLD + 0x20, true), 0x1007);
  t.equal(bench.memory.getUint32(OLD + 0x24, true), 0x202);
  t.equal(bench.memory.getUint32(OLD + 0x28, true), 0x1234_5678);
  t.equal(bench.memory.getUint32(OLD + 0x38, true), 0x2000);
  t.equal(bench.memory.getUint32(OLD + 0x44, true), 0xd1);
  t.equal(bench.memory.getUint32(OLD + 0x4c, true), CODE_32);
  t.equal(bench.injected, null);
  t.equal(bench.read(Field.guestRip), 0x4000_3000n);
  t.equal(bench.read(Field.guestRsp), 0x8000n);
  const { rax, rcx, rdx, rbx, rbp, rsi, rdi } = bench.guest.vcpu.registers;
  t.same([rax, rcx, rdx, rbx, rbp, rsi, rdi], [0xa1n, 0xc1n, 0xd1n, 0xb1n, 0xebn, 0x51n, 0xd1d1n]);
  t.equal(bench.selector(Segment.tr), BigInt(NEXT_TASK));
  t.equal(bench.read(GUEST_BASE + 2 * Segment.tr), BigInt(NEXT));
  t.equal(bench.rights(Segment.tr), 0x8bn);
  t.equal(bench.rights(Segment.cs), 0xc09bn);
  t.equal(bench.rights(Segment.fs) & 0x1_0000n, 0x1_0000n);
  t.end();
});

t.test('a switch sets TS and ends the breakpoints of the task alone', (t) => {
  const bench = new TaskBench();
  bench.switchBy(Source.jump);
  t.equal(bench.read(Field.guestCr0), 0x19n);
  t.equal(bench.read(Field.guestDr7), 0x6aan);
  t.end();
});

/** Whether the tasks are busy afterwards, and whether the new one is nested in the old one. */
function marks(t: Test, source: number, kind: number | null, expected: [boolean, boolean, boolean]): void {
  const bench = new TaskBench();
  if (source === Source.iret) bench.putDescriptor(NEXT_TASK, NEXT, 0x67, 0x8b);
  bench.switchBy(source, kind);
  const isNested = (bench.read(Field.guestRflags) & NESTED) !== 0n;
  t.same([(bench.typeOf(OLD_TASK) & BUSY) !== 0, (bench.typeOf(NEXT_TASK) & BUSY) !== 0, isNested], expected);
  t.equal(bench.memory.getUint16(NEXT, true), isNested ? OLD_TASK : 0);
}

t.test('CALL and gates leave the old task busy, and nest the new one in it', (t) => {
  marks(t, Source.call, null, [true, true, true]);
  marks(t, Source.gate, Kind.interrupt, [true, true, true]);
  t.end();
});

t.test('JMP and IRET end the old task', (t) => {
  marks(t, Source.jump, null, [false, true, false]);
  marks(t, Source.iret, null, [false, true, false]);
  t.end();
});

t.test('IRET saves the flags without NT, JMP with it', (t) => {
  for (const [source, flags] of [
    [Source.iret, 0x202],
    [Source.jump, 0x4202],
  ] as const) {
    const bench = new TaskBench();
    bench.fields.set(Field.guestRflags, 0x4202n);
    if (source === Source.iret) bench.putDescriptor(NEXT_TASK, NEXT, 0x67, 0x8b);
    bench.switchBy(source);
    t.equal(bench.memory.getUint32(OLD + 0x24, true), flags);
  }
  t.end();
});

t.test('an interrupt or a fault saves where it came, INT n the instruction behind', (t) => {
  for (const [kind, instruction] of [
    [Kind.interrupt, 0x1000],
    [Kind.exception, 0x1000],
    [Kind.software, 0x1007],
  ] as const) {
    const bench = new TaskBench();
    bench.switchBy(Source.gate, kind);
    t.equal(bench.memory.getUint32(OLD + 0x20, true), instruction);
  }
  t.end();
});

t.test('an error code goes onto the stack of the new task', (t) => {
  const bench = new TaskBench();
  bench.switchBy(Source.gate, Kind.exception, 0x1a);
  t.equal(bench.read(Field.guestRsp), 0x7ffcn);
  t.equal(bench.memory.getUint32(0x7ffc, true), 0x1a);
  t.end();
});

t.test('an NMI through a gate masks others, IRET unmasks them', (t) => {
  const bench = new TaskBench();
  bench.fields.set(Field.guestInterruptibility, 1n);
  bench.switchBy(Source.gate, Kind.nmi);
  t.equal(bench.read(Field.guestInterruptibility), 8n);
  bench.switchBy(Source.iret);
  t.equal(bench.read(Field.guestInterruptibility), 0n);
  t.end();
});

t.test('tasks of 16 bits', (t) => {
  const bench = new TaskBench();
  bench.putDescriptor(OLD_TASK, OLD, 0x2b, 0x83);
  bench.setSegment(Segment.tr, OLD_TASK, OLD, 0x2b, 0x83);
  bench.putDescriptor(NEXT_TASK, NEXT, 0x2b, 0x81);
  const values = [0x3000, 2, 0xa1, 0xc1, 0xd1, 0xb1, 0x8000, 0xeb, 0x51, 0xd2, DATA_32, CODE_32, DATA_32, DATA_32, 0];
  values.forEach((value, i) => bench.memory.setUint16(NEXT + 0x0e + 2 * i, value, true));
  bench.guest.vcpu.registers.rcx = 0x5678_1234n;
  bench.switchBy(Source.call);
  t.equal(bench.injected, null);
  t.equal(bench.memory.getUint16(OLD + 0x0e, true), 0x1007);
  t.equal(bench.memory.getUint16(OLD + 0x14, true), 0x1234);
  t.equal(bench.memory.getUint16(OLD + 0x24, true), CODE_32);
  t.equal(bench.read(Field.guestRip), 0x3000n);
  t.equal(bench.guest.vcpu.registers.rax, 0xffff_00a1n);
  t.equal(bench.rights(Segment.tr), 0x83n);
  t.end();
});

t.test('a task with a local table has its segments', (t) => {
  const bench = new TaskBench();
  bench.memory.setUint32(NEXT + 0x60, LOCAL_TABLE, true);
  bench.putDescriptor(0x10, 0x1234_5000, 0xffff, 0x92, LDT);
  bench.setSelectors(DATA_32, CODE_32, DATA_32, 0x14, 0, 0);
  bench.switchBy(Source.call);
  t.equal(bench.injected, null);
  t.equal(bench.read(GUEST_BASE + 2 * Segment.ds), 0x1234_5000n);
  t.equal(bench.rights(Segment.ds), 0x93n);
  t.equal(bench.memory.getUint8(LDT + 0x15), 0x93);
  t.end();
});

t.test('a task of virtual-8086 mode has segments that are not checked', (t) => {
  const bench = new TaskBench();
  bench.memory.setUint32(NEXT + 0x24, 0x2_0202, true);
  bench.setSelectors(0x1111, 0x2222, 0x3333, 0x4444, 0x5555, 0x6666);
  bench.switchBy(Source.call);
  t.equal(bench.injected, null);
  t.equal(bench.read(Field.guestRflags), 0x2_4202n);
  t.equal(bench.read(GUEST_BASE + 2 * Segment.cs), 0x2_2220n);
  t.equal(bench.read(GUEST_LIMIT + 2 * Segment.gs), 0xffffn);
  t.equal(bench.rights(Segment.ss), 0xf3n);
  t.end();
});

t.test('the flag T raises #DB in the new task', (t) => {
  const bench = new TaskBench();
  bench.memory.setUint8(NEXT + 0x64, 1);
  bench.switchBy(Source.jump);
  t.same(bench.injected, [1, null]);
  t.equal(bench.dr6, 0x8000n);
  t.end();
});

t.test('selectors count as they were first read, whoever changes them meanwhile', (t) => {
  const bench = new TaskBench();
  const place = bench.memory.buffer;
  const code = new Uint8Array(place, bench.memory.byteOffset + NEXT + 0x4c, 1);
  const read = bench.guest.processor as unknown as { vmwrite(field: number, value: bigint): void };
  const vmwrite = read.vmwrite;
  read.vmwrite = (field, value) => {
    if (field === Field.guestRflags) code[0] = CODE_32;
    else if (field === GUEST_SELECTOR + 2 * Segment.cs) code[0] = CODE_32 + 3;
    vmwrite(field, value);
  };
  bench.switchBy(Source.jump);
  t.equal(bench.injected, null);
  t.equal(bench.selector(Segment.cs), BigInt(CODE_32));
  t.equal(bench.rights(Segment.ss), 0xc093n);
  t.end();
});

t.test('a halted processor is active in the task that an interrupt leads to', (t) => {
  const bench = new TaskBench();
  bench.fields.set(Field.guestActivity, Activity.halted);
  bench.switchBy(Source.gate, Kind.interrupt);
  t.equal(bench.read(Field.guestActivity), Activity.active);
  t.end();
});

t.test('with paging on, CR3 is the task’s, and the TLB is flushed', (t) => {
  const bench = new TaskBench();
  turnOnPaging(bench, null);
  bench.memory.setUint32(NEXT + 0x1c, TABLES | 8, true);
  bench.switchBy(Source.call);
  t.equal(bench.injected, null);
  t.equal(bench.read(Field.guestCr3), BigInt(TABLES | 8));
  t.equal(bench.flushes, 1);
  t.end();
});

t.test('a guest without an identifier in the TLB needs no flush: each entry is one', (t) => {
  const bench = new TaskBench();
  bench.guest.processor.msrs.set(0x48c, 0x633_4141n);
  chooseControls();
  turnOnPaging(bench, null);
  bench.switchBy(Source.call);
  t.equal(bench.injected, null);
  t.equal(bench.flushes, 0);
  t.end();
});

t.test('without paging CR3 stays', (t) => {
  const bench = new TaskBench();
  bench.switchBy(Source.call);
  t.equal(bench.read(Field.guestCr3), 0n);
  t.equal(bench.flushes, 0);
  t.end();
});

t.test('with PAE the four entries come with CR3; one that is not valid is #GP', (t) => {
  for (const [entry, injected] of [
    [0x7001n, null],
    [0x7003n, [GeneralProtection, 0]],
  ] as const) {
    const bench = new TaskBench();
    const table = CODE + 0x20;
    bench.fields.set(Field.guestCr4, 0x20n);
    bench.fields.set(Field.guestCr0, 0x8000_0011n);
    bench.fields.set(Field.guestCr3, BigInt(table));
    bench.memory.setBigUint64(table, BigInt(TABLES + 0x2000) | 1n, true);
    bench.memory.setBigUint64(table + 0x20, BigInt(TABLES + 0x2000) | 1n, true);
    bench.memory.setBigUint64(table + 0x38, entry, true);
    bench.memory.setUint32(NEXT + 0x1c, table + 0x20, true);
    bench.switchBy(Source.call);
    t.same(bench.injected, injected);
    t.equal(bench.read(Field.guestPdpte3), injected === null ? entry : 0n);
  }
  t.end();
});
