import { join } from 'node:path';
import fc from 'fast-check';
import t, { type Test } from 'tap';
import { CodeSize, MOST_BYTES } from '../../../kernel/instruction/code.js';
import { Decoding, FIRST_HIGH_BYTE, Operation, READS, WRITES } from '../../../kernel/instruction/instruction.js';
import {
  accessOf,
  hasImmediate,
  isLoad,
  isRepeated,
  isSigned,
  isString,
  operationOf,
  segmentOf,
} from '../../../kernel/instruction/parts.js';
import { assembleEach } from './assemble.js';
import { decodeBytes } from './decodeBytes.js';
import { formsOf, type Form } from './forms.js';

/** What `form` says of the instruction, in the same words. */
function seen({ decoding, instruction: found }: ReturnType<typeof decodeBytes>, form: Form) {
  const isRegister = form.register !== null;
  const isHigh = found.register >= FIRST_HIGH_BYTE;
  return {
    ...{ decoding, length: found.length, operation: operationOf(found), access: accessOf(found), bytes: found.bytes },
    ...{ isLoad: isLoad(found), isSigned: isSigned(found), repeats: isRepeated(found) },
    segment: isString(found) ? segmentOf(found) : form.segment,
    addressBytes: isString(found) ? found.addressBytes : form.addressBytes,
    register: isRegister ? found.register - (isHigh ? FIRST_HIGH_BYTE : 0) : null,
    registerBytes: isRegister ? found.registerBytes : 0,
    isHighByte: isRegister && isHigh,
    immediate: hasImmediate(found) ? found.immediate : null,
  };
}

for (const size of Object.values(CodeSize)) {
  t.test(`every form that an assembler makes for ${size}-bit code is decoded as what it is`, (t) => {
    const forms = formsOf(size);
    const code = assembleEach(
      join(t.testdir(), 'forms'),
      forms.map(({ text }) => text),
      size,
    );
    let wrong = 0;
    forms.forEach((form, i) => {
      const bytes = code[i] as Buffer;
      const { text, ...rest } = form;
      for (const access of [READS, WRITES]) {
        const found = seen(decodeBytes(bytes, size, access), form);
        const isString = form.operation >= Operation.moveString;
        const expected = {
          ...rest,
          decoding: Decoding.done,
          length: bytes.length,
          access: isString ? access : form.access,
        };
        const isRight = (form.access & access) === 0 ? found.decoding === Decoding.unknown : isSame(found, expected);
        if (isRight || wrong++ > 5) continue;
        t.same(found, expected, `${text}: ${bytes.toString('hex')}`);
      }
    });
    t.equal(wrong, 0);
    t.ok(forms.length > 2000, `${forms.length} forms`);
    checkLock(t, forms, code, size);
    checkCut(t, code, size);
    t.end();
  });
}

function isSame<Fields extends object>(left: Fields, right: Fields): boolean {
  return Object.keys(left).every((key) => left[key as keyof Fields] === right[key as keyof Fields]);
}

/** LOCK before what only reads or only writes, or before a string instruction, is #UD. */
function checkLock(t: Test, forms: readonly Form[], code: readonly Buffer[], size: CodeSize): void {
  const wrong = forms.filter((form, i) => {
    const bytes = [0xf0, ...(code[i] as Buffer)];
    if (bytes.length > MOST_BYTES) return false;
    const { decoding, instruction } = decodeBytes(bytes, size, form.access);
    const isLockable = form.access === (READS | WRITES) && form.operation < Operation.moveString;
    const expected = isLockable ? Decoding.done : Decoding.invalid;
    return decoding !== expected || instruction.length !== bytes.length;
  });
  t.same(wrong.slice(0, 5), [], 'LOCK is allowed where it is');
}

/** With fewer bytes, each says that it goes on. */
function checkCut(t: Test, code: readonly Buffer[], size: CodeSize): void {
  const isTold = (bytes: Buffer, count: number): boolean =>
    decodeBytes(bytes, size, WRITES, count).decoding === Decoding.cut;
  const wrong = code.filter((bytes, i) => !isTold(bytes, bytes.length - 1) || !isTold(bytes, i % bytes.length));
  t.same(
    wrong.slice(0, 5).map((bytes) => bytes.toString('hex')),
    [],
    'what is cut off is told',
  );
}

t.test('of any bytes no more are read than may be, and none make an instruction of more than fifteen', (t) => {
  const bytes = fc.array(fc.oneof(fc.nat(255), fc.constantFrom(0x66, 0x67, 0xf0, 0x44, 0x81, 0x83)), {
    ...{ minLength: MOST_BYTES, maxLength: MOST_BYTES },
  });
  fc.assert(
    fc.property(
      bytes,
      fc.constantFrom(...Object.values(CodeSize)),
      fc.constantFrom(READS, WRITES),
      (code, size, access) => {
        const { decoding, instruction } = decodeBytes(code, size, access);
        return decoding !== Decoding.done || (instruction.length <= MOST_BYTES && instruction.bytes <= 8);
      },
    ),
    { numRuns: 3000 },
  );
  t.pass('none did');
  t.end();
});

t.test('an instruction longer than fifteen bytes is refused', (t) => {
  const prefixes = (count: number) => new Array<number>(count).fill(0x2e);
  const decoding = (...code: readonly number[]) => decodeBytes(code, CodeSize.bits64, WRITES).decoding;
  t.equal(decoding(...prefixes(13), 0x89, 0x00), Decoding.done);
  t.equal(decoding(...prefixes(14), 0x89, 0x00), Decoding.unknown);
  t.equal(decoding(...prefixes(9), 0xc7, 0x00, 1, 2, 3, 4), Decoding.done);
  t.equal(decoding(...prefixes(10), 0xc7, 0x00, 1, 2, 3, 4), Decoding.unknown);
  t.equal(decoding(...prefixes(15)), Decoding.unknown);
  t.end();
});

t.test('REX counts directly before the opcode only, and in 64-bit code only', (t) => {
  const register = (...code: readonly number[]) => decodeBytes(code, CodeSize.bits64, WRITES).instruction.register;
  t.equal(register(0x44, 0x2e, 0x89, 0x00), 0);
  t.equal(register(0x40, 0x44, 0x89, 0x00), 8);
  t.equal(decodeBytes([0x44, 0x89, 0x00], CodeSize.bits32, WRITES).decoding, Decoding.unknown);
  t.end();
});

t.test('what does not access memory, or in a way that is not decoded, is unknown', (t) => {
  const unknown: Record<string, readonly number[]> = {
    'mov %eax, %ebx': [0x89, 0xc3],
    'C7 with another field': [0xc7, 0x08, 0, 0, 0, 0],
    'push (%rax)': [0xff, 0x30],
    'push %rax': [0x50],
    'mov %ds, (%rax)': [0x8c, 0x18],
    'rolb (%rax)': [0xd0, 0x00],
    'movups %xmm0, (%rax)': [0x0f, 0x11, 0x00],
    'movdqa %xmm0, (%rax)': [0x66, 0x0f, 0x7f, 0x00],
    'vmovups %ymm0, (%rax)': [0xc5, 0xfc, 0x11, 0x00],
    'vmovups %zmm0, (%rax)': [0x62, 0xf1, 0x7c, 0x48, 0x11, 0x00],
    'movnti with 66h': [0x66, 0x0f, 0xc3, 0x00],
    'movbe %eax, (%rax)': [0x0f, 0x38, 0xf1, 0x00],
    'cmpxchg8b (%rax)': [0x0f, 0xc7, 0x08],
    '82h, which 64-bit code has not': [0x82, 0x00, 0x05],
  };
  for (const [name, code] of Object.entries(unknown)) {
    const decodings = [READS, WRITES].map((access) => decodeBytes(code, CodeSize.bits64, access).decoding);
    t.same(decodings, [Decoding.unknown, Decoding.unknown], name);
  }
  t.end();
});
