import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import t, { type Test } from 'tap';
import { CodeSize, InstructionBytes } from '../../../kernel/svm/control/instructionBytes.js';
import { decodeWrite, MemoryWrite, WriteKind } from '../../../kernel/svm/control/memoryWrite.js';
import { local } from '../../../transpiler/lib/index.js';

const MOST = 15;

function decode(code: readonly number[], size: CodeSize = CodeSize.bits64, count = MOST): MemoryWrite | null {
  const write = local(MemoryWrite);
  return decodeInto(write, code, size, count) ? write : null;
}

function decodeInto(write: MemoryWrite, code: readonly number[], size: CodeSize, count: number): boolean {
  const bytes = local(InstructionBytes);
  const word = (from: number): bigint =>
    code.slice(from, Math.min(from + 8, count)).reduce((sum, byte, i) => sum | (BigInt(byte) << BigInt(8 * i)), 0n);
  bytes.low = word(0);
  bytes.high = word(8);
  bytes.count = count;
  return decodeWrite(write, bytes, size);
}

interface Expected {
  readonly kind: WriteKind;
  readonly length: number;
  readonly register?: number;
  readonly constant?: number;
}

function decodes(t: Test, name: string, code: readonly number[], size: CodeSize, expected: Expected): void {
  const write = decode(code, size);
  if (write === null) {
    t.fail(`${name} is refused`);
    return;
  }
  const source = write.hasConstant ? { constant: write.constant } : { register: write.register };
  t.same({ kind: write.kind, length: write.length, ...source }, expected, name);
}

t.test('the writes of kernels and firmware', (t) => {
  const { bits16, bits32, bits64 } = CodeSize;
  const { move, exchange, and, or, xor } = WriteKind;
  const absolute = [0x04, 0x25, 0xb0, 0xc0, 0x5f, 0xff];
  decodes(t, 'movl %eax, abs (Linux)', [0x89, ...absolute], bits64, { kind: move, length: 7, register: 0 });
  const zero = [0, 0, 0, 0];
  decodes(t, 'movl $0, abs (Linux)', [0xc7, ...absolute, ...zero], bits64, { kind: move, length: 11, constant: 0 });
  decodes(t, 'movl %r9d, disp32(%rdi)', [0x44, 0x89, 0x8f, 0, 0xd0, 0x5f, 0xff], bits64, {
    ...{ kind: move, length: 7, register: 9 },
  });
  decodes(t, 'movl %edx, (%rax) (OVMF)', [0x89, 0x10], bits64, { kind: move, length: 2, register: 2 });
  decodes(t, 'movl %esp, (%rax)', [0x89, 0x20], bits64, { kind: move, length: 2, register: 4 });
  decodes(t, 'movl %eax, 0x300(%rip)', [0x89, 0x05, 0, 3, 0, 0], bits64, { kind: move, length: 6, register: 0 });
  decodes(t, 'movl $0xc4500, 0xfee00300 (SeaBIOS)', [0xc7, 0x05, 0, 3, 0xe0, 0xfe, 0, 0x45, 0x0c, 0], bits32, {
    ...{ kind: move, length: 10, constant: 0xc_4500 },
  });
  decodes(t, 'movl %eax, 0xfee00300', [0xa3, 0, 3, 0xe0, 0xfe], bits32, { kind: move, length: 5, register: 0 });
  decodes(t, 'movabs %eax, 0xfee00300', [0xa3, 0, 3, 0xe0, 0xfe, ...zero], bits64, {
    ...{ kind: move, length: 9, register: 0 },
  });
  decodes(t, 'movl %eax, 0x20(%ebx,%ecx,4)', [0x89, 0x44, 0x8b, 0x20], bits32, { kind: move, length: 4, register: 0 });
  decodes(t, 'mov dword [es:bx], eax', [0x26, 0x66, 0x89, 0x07], bits16, { kind: move, length: 4, register: 0 });
  decodes(t, 'mov dword [esi], eax', [0x67, 0x66, 0x89, 0x06], bits16, { kind: move, length: 4, register: 0 });
  decodes(t, 'mov dword [0x300], eax', [0x66, 0x89, 0x06, 0, 3], bits16, { kind: move, length: 5, register: 0 });
  decodes(t, 'xchgl %eax, 0x300(%rbx)', [0x87, 0x83, 0, 3, 0, 0], bits64, { kind: exchange, length: 6, register: 0 });
  decodes(t, 'lock andl %ecx, (%rdx)', [0xf0, 0x21, 0x0a], bits64, { kind: and, length: 3, register: 1 });
  decodes(t, 'orl $0x100, (%rdx)', [0x81, 0x0a, 0, 1, 0, 0], bits64, { kind: or, length: 6, constant: 0x100 });
  decodes(t, 'andl $-16, (%rdx)', [0x83, 0x22, 0xf0], bits64, { kind: and, length: 3, constant: 0xffff_fff0 });
  decodes(t, 'xorl $1, (%r12)', [0x41, 0x83, 0x34, 0x24, 1], bits64, { kind: xor, length: 5, constant: 1 });
  decodes(t, 'orl %r15d, (%rdx)', [0x44, 0x09, 0x3a], bits64, { kind: or, length: 3, register: 15 });
  t.end();
});

t.test('what writes no 32 bits of memory, or does more than that, is refused', (t) => {
  const refused: Record<string, readonly number[]> = {
    'mov %al, (%rax)': [0x88, 0x00],
    'mov %ax, (%rax)': [0x66, 0x89, 0x00],
    'mov %rax, (%rax)': [0x48, 0x89, 0x00],
    'mov %ax with REX': [0x66, 0x40, 0x89, 0x00],
    'mov %eax, %ebx': [0x89, 0xc3],
    'mov (%rax), %eax': [0x8b, 0x00],
    'lock mov': [0xf0, 0x89, 0x00],
    'C7 with another field': [0xc7, 0x08, 0, 0, 0, 0],
    'add $1, (%rax)': [0x83, 0x00, 1],
    'add %eax, (%rax)': [0x01, 0x00],
    'cmp $1, (%rax)': [0x83, 0x38, 1],
    'push (%rax)': [0xff, 0x30],
    'push %rax': [0x50],
    stosl: [0xab],
    'rep movsl': [0xf3, 0xa5],
    movnti: [0x0f, 0xc3, 0x00],
    'fifteen prefixes': new Array<number>(15).fill(0x2e),
  };
  for (const [name, code] of Object.entries(refused)) t.equal(decode(code), null, name);
  t.end();
});

t.test('REX counts directly before the opcode only, and in 64-bit code only', (t) => {
  t.equal(decode([0x44, 0x2e, 0x89, 0x00])?.register, 0);
  t.equal(decode([0x40, 0x44, 0x89, 0x00])?.register, 8);
  t.equal(decode([0x44, 0x89, 0x00], CodeSize.bits32), null);
  t.end();
});

t.test('an instruction longer than fifteen bytes is refused', (t) => {
  const prefixes = (count: number) => new Array<number>(count).fill(0x2e);
  t.equal(decode([...prefixes(13), 0x89, 0x00])?.length, MOST);
  t.equal(decode([...prefixes(14), 0x89, 0x00]), null);
  t.equal(decode([...prefixes(9), 0xc7, 0x00, 1, 2, 3, 4])?.length, MOST);
  t.equal(decode([...prefixes(10), 0xc7, 0x00, 1, 2, 3, 4]), null);
  t.end();
});

t.test('where the bytes end too early, the length says that more is wanted', (t) => {
  const code = [0x2e, 0x44, 0x81, 0xa4, 0x25, 0, 1, 2, 3, 4, 5, 6, 7];
  t.equal(decode(code)?.length, code.length);
  for (let count = 0; count < code.length; count++) {
    const write = local(MemoryWrite);
    t.equal(decodeInto(write, code, CodeSize.bits64, count), false);
    t.ok(write.length > count, `${write.length} of ${count}`);
  }
  t.end();
});

/** Cases a distance apart at which what a disassembler takes for one instruction cannot reach the next case. */
const DISTANCE = 32;
const NO_OPERATION = 0x90;

/** What GNU's disassembler makes of each case. */
function disassemble(file: string, cases: readonly (readonly number[])[], size: CodeSize) {
  const image = Buffer.alloc(cases.length * DISTANCE, NO_OPERATION);
  cases.forEach((code, index) => image.set(code, index * DISTANCE));
  writeFileSync(file, image);
  const mode = { 16: 'i8086', 32: 'i386', 64: 'x86-64' }[size];
  const words = ['-D', '-z', '-b', 'binary', '-m', 'i386', '-M', `intel,${mode}`, '--insn-width=15', file];
  const lines = execFileSync('objdump', words, { encoding: 'latin1', maxBuffer: 1 << 30 }).matchAll(
    /^ +([0-9a-f]+):\t((?:[0-9a-f]{2} )+) *\t(.*)$/gm,
  );
  const found = new Map<number, { length: number; text: string }>();
  for (const [, address = '', bytes = '', text = ''] of lines) {
    found.set(parseInt(address, 16), { length: bytes.trim().split(' ').length, text: text.trim() });
  }
  return cases.map((_, index) => found.get(index * DISTANCE) ?? null);
}

/** It takes REX before another prefix for an instruction of its own. */
const PREFIXES_ONLY = /^(rex\S*|data16|addr32|addr16|[cdefgs]s|lock|repn?z| )+$/;
const MNEMONICS = ['mov', 'movabs', 'xchg', 'or', 'and', 'xor'];
const MNEMONIC_OF: Readonly<Record<number, string>> = {
  [WriteKind.move]: 'mov',
  [WriteKind.exchange]: 'xchg',
  [WriteKind.or]: 'or',
  [WriteKind.and]: 'and',
  [WriteKind.xor]: 'xor',
};

t.test('what is decoded is what a disassembler sees: the same length, operation and width', (t) => {
  const folder = t.testdir();
  const prefix = fc.constantFrom(
    0x26,
    0x2e,
    0x36,
    0x3e,
    0x64,
    0x65,
    0x66,
    0x67,
    0xf0,
    0xf2,
    0xf3,
    0x40,
    0x41,
    0x44,
    0x48,
  );
  const opcode = fc.constantFrom(0x09, 0x21, 0x31, 0x81, 0x83, 0x87, 0x89, 0xa3, 0xc7);
  const rest = fc.array(fc.nat(255), { minLength: MOST, maxLength: MOST });
  const any = fc
    .tuple(fc.array(prefix, { maxLength: 3 }), fc.oneof({ weight: 9, arbitrary: opcode }, fc.nat(255)), rest)
    .map(([prefixes, first, others]) => [...prefixes, first, ...others].slice(0, MOST));
  for (const size of Object.values(CodeSize)) {
    const cases = fc.sample(any, { seed: size, numRuns: 8000 });
    const seen = disassemble(join(folder, `code${size}`), cases, size);
    let accepted = 0;
    cases.forEach((code, index) => {
      const write = decode(code, size);
      const other = seen[index] ?? null;
      if (write === null || other === null || PREFIXES_ONLY.test(other.text)) return;
      accepted++;
      const { length, text } = other;
      const mnemonic = text
        .split(/\s+/)
        .find((word) => MNEMONICS.includes(word))
        ?.replace('abs', '');
      const agrees = length === write.length && mnemonic === MNEMONIC_OF[write.kind] && isWide(text);
      if (!agrees) t.fail(`${size}: ${Buffer.from(code).toString('hex')}: ${length} ${text}, not ${write.length}`);
    });
    t.ok(accepted > 200, `${accepted} of them are decoded`);
  }
  t.end();
});

/** MOV of the accumulator shows no width but the register's. */
function isWide(text: string): boolean {
  return text.includes('DWORD PTR') || /,e(ax|cx|dx|bx|sp|bp|si|di)$|,r\d+d$/.test(text);
}
