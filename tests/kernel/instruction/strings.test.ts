import t from 'tap';
import { CodeSize } from '../../../kernel/instruction/code.js';
import { complete, compute, hasNothingToDo, otherOffset, otherSegment } from '../../../kernel/instruction/execute.js';
import { READS, SegmentNumber, WRITES } from '../../../kernel/instruction/instruction.js';
import { Outcome } from '../../../kernel/instruction/outcome.js';
import { Registers } from '../../../kernel/vcpu/vcpu.js';
import { instance, local } from '../../../transpiler/lib/index.js';
import { decodeBytes } from './decodeBytes.js';

const DOWN = 1n << 10n;
const registers = instance(Registers);

/** Does one element of `code`; the trapped memory, or with MOVS the other operand, has `present`. */
function step(code: readonly number[], access: number, present = 0n, flags = 2n, size: CodeSize = CodeSize.bits64) {
  const { instruction } = decodeBytes(code, size, access);
  const outcome = local(Outcome);
  outcome.flags = flags;
  const other = { offset: otherOffset(instruction, registers), segment: otherSegment(instruction) };
  compute(outcome, instruction, registers, present);
  return { length: complete(outcome, instruction, registers), written: outcome.written, flags: outcome.flags, other };
}

function set(values: { rax?: bigint; rcx?: bigint; rsi?: bigint; rdi?: bigint }): void {
  registers.rax = values.rax ?? 0n;
  registers.rcx = values.rcx ?? 0n;
  registers.rsi = values.rsi ?? 0n;
  registers.rdi = values.rdi ?? 0n;
}

t.test('STOS writes RAX and moves RDI', (t) => {
  set({ rax: 0x1122_3344_5566_7788n, rdi: 0x1000n, rsi: 5n, rcx: 9n });
  t.equal(step([0xaa], WRITES).written, 0x88n);
  t.equal(registers.rdi, 0x1001n);
  t.equal(step([0x66, 0xab], WRITES).written, 0x7788n);
  t.equal(step([0xab], WRITES, 0n, DOWN).written, 0x5566_7788n);
  t.equal(registers.rdi, 0xfffn);
  t.equal(step([0x48, 0xab], WRITES).written, 0x1122_3344_5566_7788n);
  t.same([registers.rdi, registers.rsi, registers.rcx], [0x1007n, 5n, 9n]);
  t.end();
});

t.test('LODS reads into RAX and moves RSI', (t) => {
  set({ rax: 0xffff_ffff_ffff_ffffn, rsi: 0x1000n, rdi: 5n });
  step([0xac], READS, 0x12n);
  t.equal(registers.rax, 0xffff_ffff_ffff_ff12n);
  step([0xad], READS, 0x8000_0000n, DOWN);
  t.equal(registers.rax, 0x8000_0000n);
  t.same([registers.rsi, registers.rdi], [0xffdn, 5n]);
  t.end();
});

t.test('MOVS moves both, and says where its other operand is', (t) => {
  set({ rsi: 0x1000n, rdi: 0x2000n });
  const write = step([0x64, 0xa5], WRITES, 0x1234_5678n);
  t.same(write.other, { offset: 0x1000n, segment: SegmentNumber.fs });
  t.equal(write.written, 0x1234_5678n);
  const read = step([0x64, 0xa5], READS, 0x9abcn);
  t.same(read.other, { offset: 0x2004n, segment: SegmentNumber.es });
  t.equal(read.written, 0x9abcn);
  t.same([registers.rsi, registers.rdi], [0x1008n, 0x2008n]);
  t.end();
});

t.test('with REP the instruction stays until the count is 0', (t) => {
  set({ rax: 1n, rcx: 3n, rdi: 0x1000n });
  const lengths = [0, 1, 2].map(() => step([0xf3, 0xab], WRITES).length);
  t.same(lengths, [0, 0, 2]);
  t.same([registers.rcx, registers.rdi], [0n, 0x100cn]);
  t.ok(hasNothingToDo(decodeBytes([0xf3, 0xab], CodeSize.bits64, WRITES).instruction, registers));
  t.notOk(hasNothingToDo(decodeBytes([0xab], CodeSize.bits64, WRITES).instruction, registers));
  t.end();
});

t.test('registers are as wide as addresses', (t) => {
  set({ rcx: 0xffff_0001_0000_0002n, rsi: 0x1_ffff_fffen, rdi: 0x7_0000_0000n });
  t.same(step([0x67, 0xf3, 0x66, 0xa5], WRITES).other.offset, 0xffff_fffen);
  t.same([registers.rcx, registers.rsi, registers.rdi], [1n, 0n, 2n], '32 bits clear the upper half');
  set({ rcx: 0x5_0001n, rsi: 0x5_fffcn, rdi: 0x5_0000n });
  t.equal(step([0xf3, 0x66, 0xa5], WRITES, 0n, 2n, CodeSize.bits16).length, 3);
  t.same([registers.rcx, registers.rsi, registers.rdi], [0x5_0000n, 0x5_0000n, 0x5_0004n], '16 bits keep the rest');
  t.end();
});
