import { join } from 'node:path';
import fc from 'fast-check';
import t from 'tap';
import { CodeSize, MOST_BYTES } from '../../../kernel/instruction/code.js';
import { Decoding, Operation, READS, WRITES, type Instruction } from '../../../kernel/instruction/instruction.js';
import { operationOf } from '../../../kernel/instruction/parts.js';
import { disassembleEach } from './assemble.js';
import { decodeBytes } from './decodeBytes.js';

const MNEMONICS: Readonly<Record<number, RegExp>> = {
  [Operation.add]: /add/,
  [Operation.or]: /or/,
  [Operation.adc]: /adc/,
  [Operation.sbb]: /sbb/,
  [Operation.and]: /and/,
  [Operation.sub]: /sub/,
  [Operation.xor]: /xor/,
  [Operation.cmp]: /cmp/,
  [Operation.move]: /mov|movabs|movnti|movzx|movsx|movsxd/,
  [Operation.test]: /test/,
  [Operation.not]: /not/,
  [Operation.neg]: /neg/,
  [Operation.inc]: /inc/,
  [Operation.dec]: /dec/,
  [Operation.exchange]: /xchg/,
  [Operation.exchangeAdd]: /xadd/,
  [Operation.compareExchange]: /cmpxchg/,
  [Operation.bitTest]: /bt/,
  [Operation.bitSet]: /bts/,
  [Operation.bitReset]: /btr/,
  [Operation.bitComplement]: /btc/,
  [Operation.moveString]: /movs/,
  [Operation.storeString]: /stos/,
  [Operation.loadString]: /lods/,
};

const SIZES: Readonly<Record<string, number>> = { BYTE: 1, WORD: 2, DWORD: 4, QWORD: 8 };

/** The width of the memory operand in a line of assembly; MOV of the accumulator shows its register's only. */
function widthIn(text: string): number {
  const named = /(BYTE|WORD|DWORD|QWORD) PTR/.exec(text);
  if (named) return SIZES[named[1] ?? ''] ?? 0;
  const register = /(?:,| )([er]?a[lx])(?:,|$)/.exec(text)?.[1] ?? '';
  return { al: 1, ax: 2, eax: 4, rax: 8 }[register] ?? 0;
}

function isIt(instruction: Instruction, text: string): boolean {
  const mnemonic = MNEMONICS[operationOf(instruction)]?.source ?? '';
  return new RegExp(`(^| )(${mnemonic})( |$)`).test(text) && widthIn(text) === instruction.bytes;
}

/** It takes REX before another prefix for an instruction of its own. */
const PREFIXES_ONLY = /^(rex\S*|data16|addr32|addr16|[cdefgs]s|lock|repn?z| )+$/;

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
const opcode = fc.oneof(
  fc.nat(255).map((byte) => [byte]),
  fc.nat(255).map((byte) => [0x0f, byte]),
  fc
    .constantFrom(0xa3, 0xab, 0xb0, 0xb1, 0xb3, 0xb6, 0xb7, 0xba, 0xbb, 0xbe, 0xbf, 0xc0, 0xc1, 0xc3)
    .map((byte) => [0x0f, byte]),
);
const rest = fc.array(fc.nat(255), { minLength: MOST_BYTES, maxLength: MOST_BYTES });
const code = fc
  .tuple(fc.array(prefix, { maxLength: 3 }), opcode, rest)
  .map((parts) => parts.flat().slice(0, MOST_BYTES));

t.test('what is decoded is what a disassembler sees: the same length, operation and width', (t) => {
  const folder = t.testdir();
  for (const size of Object.values(CodeSize)) {
    const cases = fc.sample(code, { seed: size, numRuns: 5000 });
    const seen = disassembleEach(join(folder, `code${size}`), cases, size);
    let accepted = 0;
    cases.forEach((bytes, index) => {
      for (const access of [READS, WRITES]) {
        const { decoding, instruction } = decodeBytes(bytes, size, access);
        const other = seen[index] ?? null;
        if (decoding !== Decoding.done || other === null || PREFIXES_ONLY.test(other.text)) continue;
        accepted++;
        if (other.length === instruction.length && isIt(instruction, other.text)) continue;
        const told = `${instruction.length} bytes of operation ${operationOf(instruction)}, ${instruction.bytes} wide`;
        t.fail(`${size}: ${Buffer.from(bytes).toString('hex')}: ${other.length} ${other.text}, not ${told}`);
      }
    });
    t.ok(accepted > 500, `${accepted} of them are decoded`);
  }
  t.end();
});
