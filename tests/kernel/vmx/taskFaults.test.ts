import t from 'tap';
import { Field, Segment } from '../../../kernel/vmx/control/vmcs.js';
import { RESET } from '../support/guest.js';
import { logText } from '../support/startup.js';
import {
  ABSENT,
  CODE_32,
  DATA_32,
  Kind,
  LDT,
  LOCAL_TABLE,
  NEXT,
  NEXT_TASK,
  OLD,
  OLD_TASK,
  READ_ONLY,
  Source,
  TaskBench,
  USER_CODE,
  turnOnPaging,
} from '../support/tasks.js';

const BUSY = 2;
const InvalidTss = 10;
const NotPresent = 11;
const StackFault = 12;
const GeneralProtection = 13;
const PageFault = 14;

t.test('a segment that may not be loaded is a fault in the new task', (t) => {
  const faults: [number[], number, number][] = [
    [[DATA_32, 0, DATA_32, DATA_32, 0, 0], InvalidTss, 0],
    [[DATA_32, DATA_32, DATA_32, DATA_32, 0, 0], InvalidTss, DATA_32],
    [[DATA_32, USER_CODE, DATA_32, DATA_32, 0, 0], InvalidTss, USER_CODE],
    [[DATA_32, 0x1000, DATA_32, DATA_32, 0, 0], InvalidTss, 0x1000],
    [[DATA_32, CODE_32, 0, DATA_32, 0, 0], InvalidTss, 0],
    [[DATA_32, CODE_32, READ_ONLY, DATA_32, 0, 0], InvalidTss, READ_ONLY],
    [[DATA_32, CODE_32, DATA_32 + 3, DATA_32, 0, 0], InvalidTss, DATA_32],
    [[DATA_32, CODE_32, ABSENT, DATA_32, 0, 0], StackFault, ABSENT],
    [[DATA_32, CODE_32, DATA_32, ABSENT, 0, 0], NotPresent, ABSENT],
    [[DATA_32, CODE_32, DATA_32, DATA_32, 0, NEXT_TASK], InvalidTss, NEXT_TASK],
    [[DATA_32, CODE_32, DATA_32, 0x0c, 0, 0], InvalidTss, 0x0c],
  ];
  for (const [selectors, vector, code] of faults) {
    const bench = new TaskBench();
    bench.setSelectors(...selectors);
    bench.switchBy(Source.jump);
    t.same(bench.injected, [vector, code], selectors.join());
    t.equal(bench.selector(Segment.tr), BigInt(NEXT_TASK));
    t.equal(bench.read(Field.guestRip), 0x4000_3000n);
  }
  t.end();
});

t.test('a fault during an external event sets EXT in its error code', (t) => {
  for (const [kind, external] of [
    [Kind.interrupt, 1],
    [Kind.software, 0],
  ] as const) {
    const bench = new TaskBench();
    bench.setSelectors(DATA_32, CODE_32, DATA_32, ABSENT, 0, 0);
    bench.switchBy(Source.gate, kind);
    t.same(bench.injected, [NotPresent, ABSENT + external]);
  }
  t.end();
});

t.test('an instruction beyond the code segment is #GP in the new task', (t) => {
  const bench = new TaskBench();
  bench.putDescriptor(CODE_32, 0, 0xffff, 0x409a);
  bench.switchBy(Source.jump);
  t.same(bench.injected, [GeneralProtection, 0]);
  t.end();
});

t.test('a task of the local table is a fault in the old task: TR could not name it', (t) => {
  for (const [source, vector] of [
    [Source.call, GeneralProtection],
    [Source.jump, GeneralProtection],
    [Source.iret, InvalidTss],
  ] as const) {
    const bench = new TaskBench();
    bench.setSegment(Segment.ldtr, LOCAL_TABLE, LDT, 0x2f, 0x82);
    bench.putDescriptor(NEXT_TASK, NEXT, 0x67, source === Source.iret ? 0x8b : 0x89, LDT);
    bench.switchBy(source, null, undefined, 14, NEXT_TASK | 4);
    t.same(bench.injected, [vector, NEXT_TASK | 4]);
    t.equal(bench.selector(Segment.tr), BigInt(OLD_TASK));
  }
  t.end();
});

t.test('a state that is too short for its kind is #TS in the old task', (t) => {
  const bench = new TaskBench();
  bench.setSegment(Segment.tr, OLD_TASK, OLD, 0x40, 0x8b);
  bench.switchBy(Source.call);
  t.same(bench.injected, [InvalidTss, OLD_TASK]);
  t.equal(bench.read(Field.guestRip), 0x1000n);
  t.equal(bench.typeOf(NEXT_TASK) & BUSY, 0);
  t.end();
});

t.test('a task that cannot be entered, whatever the processor saw before, is a fault of the old one', (t) => {
  for (const [source, rights, vector] of [
    [Source.call, 0x8b, GeneralProtection],
    [Source.jump, 0x83, GeneralProtection],
    [Source.call, 0x99, GeneralProtection],
    [Source.gate, 0x82, GeneralProtection],
    [Source.iret, 0x89, InvalidTss],
    [Source.call, 0x09, NotPresent],
    [Source.iret, 0x0b, NotPresent],
  ] as const) {
    const bench = new TaskBench();
    bench.putDescriptor(NEXT_TASK, NEXT, 0x67, rights);
    bench.switchBy(source, source === Source.gate ? Kind.software : null);
    t.same(bench.injected, [vector, NEXT_TASK], rights.toString(16));
    t.equal(bench.read(Field.guestRip), 0x1000n);
    t.equal(bench.selector(Segment.tr), BigInt(OLD_TASK));
  }
  t.end();
});

t.test('a task beyond the table is #GP, or #TS where it is returned to', (t) => {
  for (const [source, vector] of [
    [Source.call, GeneralProtection],
    [Source.iret, InvalidTss],
  ] as const) {
    const bench = new TaskBench();
    bench.fields.set(Field.guestGdtrLimit, BigInt(NEXT_TASK + 6));
    bench.switchBy(source);
    t.same(bench.injected, [vector, NEXT_TASK]);
  }
  t.end();
});

t.test('a fault while an exception comes through a gate is a double fault where the manual says so', (t) => {
  for (const [kind, first, selectors, expected] of [
    [Kind.exception, 13, [DATA_32, CODE_32, DATA_32, ABSENT, 0, 0], [8, 0]],
    [Kind.exception, 14, [DATA_32, CODE_32, ABSENT, DATA_32, 0, 0], [8, 0]],
    [Kind.exception, 1, [DATA_32, CODE_32, ABSENT, DATA_32, 0, 0], [StackFault, ABSENT + 1]],
    [Kind.software, 13, [DATA_32, CODE_32, DATA_32, ABSENT, 0, 0], [NotPresent, ABSENT]],
    [Kind.interrupt, 13, [DATA_32, CODE_32, DATA_32, ABSENT, 0, 0], [NotPresent, ABSENT + 1]],
  ] as const) {
    const bench = new TaskBench();
    bench.setSelectors(...selectors);
    bench.switchBy(Source.gate, kind, undefined, first);
    t.same(bench.injected, expected, `${kind} ${first}`);
  }
  t.end();
});

t.test('a page fault after #GP is served by itself, after a page fault it is a double fault', (t) => {
  for (const [first, expected] of [
    [13, [PageFault, 0]],
    [14, [8, 0]],
  ] as const) {
    const bench = new TaskBench();
    turnOnPaging(bench, NEXT);
    bench.switchBy(Source.gate, Kind.exception, undefined, first);
    t.same(bench.injected, expected);
    t.equal(bench.cr2, BigInt(NEXT));
  }
  t.end();
});

t.test('a fault on the way to the handler of a double fault is a triple fault', (t) => {
  const bench = new TaskBench();
  bench.setSelectors(DATA_32, CODE_32, DATA_32, ABSENT, 0, 0);
  t.throws(() => bench.switchBy(Source.gate, Kind.exception, 0, 8), RESET);
  t.match(logText(), /triple fault/);
  t.end();
});

t.test('a task whose state is not in memory is #PF in the old task, and nothing has changed', (t) => {
  const bench = new TaskBench();
  turnOnPaging(bench, NEXT);
  bench.switchBy(Source.call);
  t.same(bench.injected, [PageFault, 0]);
  t.equal(bench.cr2, BigInt(NEXT));
  t.equal(bench.read(Field.guestRip), 0x1000n);
  t.equal(bench.memory.getUint32(OLD + 0x20, true), 0);
  t.end();
});

t.test('a state in two pages of which the second is missing is #PF there', (t) => {
  const bench = new TaskBench();
  turnOnPaging(bench, NEXT + 0x1000);
  bench.putDescriptor(NEXT_TASK, NEXT + 0xfc0, 0x67, 0x89);
  bench.switchBy(Source.call);
  t.same(bench.injected, [PageFault, 0]);
  t.equal(bench.cr2, BigInt(NEXT + 0x1000));
  t.end();
});
