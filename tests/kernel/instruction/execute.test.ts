import { join } from 'node:path';
import fc from 'fast-check';
import t from 'tap';
import { CodeSize } from '../../../kernel/instruction/code.js';
import { complete, compute, isMov, loadRegister, storedValue } from '../../../kernel/instruction/execute.js';
import { Decoding, READS, WRITES } from '../../../kernel/instruction/instruction.js';
import { Outcome } from '../../../kernel/instruction/outcome.js';
import { accessOf } from '../../../kernel/instruction/parts.js';
import { generalRegister, setGeneralRegister } from '../../../kernel/instruction/registers.js';
import { Registers } from '../../../kernel/vcpu/vcpu.js';
import { instance, local } from '../../../transpiler/lib/index.js';
import { assembleEach } from './assemble.js';
import { decodeBytes } from './decodeBytes.js';
import { runNatively, type State } from './native.js';

const registers = instance(Registers);
/** Of `REGISTERS`. */
const NUMBERS = [0, 1, 2, 6, 9];

/** What the decoded instruction makes of `state`; the memory has as many bytes as it accesses. */
function runDecoded(
  code: Uint8Array,
  { memory, flags, registers: values }: State,
): State & { readonly length: number } {
  const reading = decodeBytes(code, CodeSize.bits64, READS);
  const { decoding, instruction } =
    reading.decoding === Decoding.done ? reading : decodeBytes(code, CodeSize.bits64, WRITES);
  if (decoding !== Decoding.done) throw new Error(`it is not decoded: ${Buffer.from(code).toString('hex')}`);
  NUMBERS.forEach((number, i) => setGeneralRegister(registers, number, values[i] ?? 0n));
  const outcome = local(Outcome);
  outcome.flags = flags;
  const bits = 8 * instruction.bytes;
  const reads = (accessOf(instruction) & READS) !== 0;
  const present = reads ? BigInt.asUintN(bits, memory) : 0n;
  if (!isMov(instruction)) compute(outcome, instruction, registers, present);
  else if (reads) loadRegister(instruction, registers, present);
  else outcome.written = storedValue(instruction, registers);
  const writes = (accessOf(instruction) & WRITES) !== 0;
  const rest = (memory >> BigInt(bits)) << BigInt(bits);
  return {
    length: complete(outcome, instruction, registers),
    memory: writes ? rest | outcome.written : memory,
    flags: outcome.flags,
    registers: NUMBERS.map((number) => generalRegister(registers, number)),
  };
}

const OPERANDS: readonly (readonly [number, string, readonly string[]])[] = [
  [1, 'byte', ['al', 'cl', 'ah', 'ch', 'sil', 'r9b']],
  [2, 'word', ['ax', 'cx', 'r9w']],
  [4, 'dword', ['eax', 'ecx', 'r9d']],
  [8, 'qword', ['rax', 'rdx', 'r9']],
];
const FROM_REGISTER = ['add', 'or', 'adc', 'sbb', 'and', 'sub', 'xor', 'cmp', 'mov', 'test', 'xchg', 'xadd', 'cmpxchg'];
const TO_REGISTER = ['add', 'or', 'adc', 'sbb', 'and', 'sub', 'xor', 'cmp', 'mov'];
const FROM_CONSTANT = ['add', 'or', 'adc', 'sbb', 'and', 'sub', 'xor', 'cmp', 'mov', 'test'];
const ALONE = ['not', 'neg', 'inc', 'dec'];
const BIT_TESTS = ['bt', 'bts', 'btr', 'btc'];

const lines = OPERANDS.flatMap(([bytes, width, names]) => [
  ...FROM_REGISTER.flatMap((name) => names.map((register) => `${name} [rbx], ${register}`)),
  ...TO_REGISTER.flatMap((name) => names.map((register) => `${name} ${register}, [rbx]`)),
  ...FROM_CONSTANT.flatMap((name) => [1, -1, bytes === 1 ? 0x55 : 0x5501].map((n) => `${name} ${width} [rbx], ${n}`)),
  ...ALONE.map((name) => `${name} ${width} [rbx]`),
  ...(bytes < 4
    ? ['dx', 'ecx', 'r9'].map((to) => [`movzx ${to}, ${width} [rbx]`, `movsx ${to}, ${width} [rbx]`]).flat()
    : []),
  ...(bytes < 4 ? [] : names.map((register) => `movnti [rbx], ${register}`)),
  ...(bytes === 4 ? ['movsxd rcx, dword [rbx]'] : []),
  ...(bytes === 1 ? [] : BIT_TESTS.flatMap((name) => [`${name} [rbx], ${names[1]}`, `${name} ${width} [rbx], 5`])),
]).filter((line) => line !== 'movzx dx, word [rbx]' && line !== 'movsx dx, word [rbx]');

const CARRY = 1n;
const AUXILIARY = 1n << 4n;
const ARITHMETIC = 0x8d5n;
/** The flags that the manual leaves undefined are not compared (APM 3, AND, BT). */
function definedFlags(line: string): bigint {
  if (/^bt/.test(line)) return CARRY;
  return /^(and|or|xor|test)/.test(line) ? ARITHMETIC & ~AUXILIARY : ARITHMETIC;
}

const SPECIAL = [0n, 1n, 0x7fn, 0x80n, 0xffn, 0x7fffn, 0x8000n, 0xffffn, 0x7fff_ffffn, 0x8000_0000n, 0xffff_ffffn];
const value = fc.oneof(
  fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }),
  fc.constantFrom(...SPECIAL, ...SPECIAL.map((each) => BigInt.asUintN(64, ~each)), 1n << 63n),
);
const state = fc.record({
  memory: value,
  flags: fc.nat(0xff_ffff).map((bits) => (BigInt(bits) & ARITHMETIC) | 2n),
  registers: fc.array(value, { minLength: NUMBERS.length, maxLength: NUMBERS.length }),
});

/** Often RAX is what CMPXCHG finds; the number of a bit is one of the first eight bytes'. */
function fitting(line: string, given: State, index: number): State {
  const { memory, registers: values } = given;
  if (line.startsWith('cmpxchg') && index % 2 === 0) return { ...given, registers: [memory, ...values.slice(1)] };
  return line.startsWith('bt') ? { ...given, registers: values.map((each) => each & 15n) } : given;
}

const STATES = 6;

t.test('memory, registers and flags are those that the processor gives', (t) => {
  const folder = t.testdir();
  const all = lines.flatMap((line) => new Array<string>(STATES).fill(line));
  const seed = Date.now() & 0x7fff_ffff;
  const states = fc.sample(state, { seed, numRuns: all.length }).map((each, i) => fitting(all[i] ?? '', each, i));
  const codes = assembleEach(join(folder, 'lines'), all, CodeSize.bits64);
  const native = runNatively(join(folder, 'native'), codes, states);
  let wrong = 0;
  all.forEach((line, i) => {
    const before = states[i] as State;
    const flags = definedFlags(line);
    const { length, ...found } = runDecoded(codes[i] as Buffer, before);
    const expected = native[i] as State;
    const seen = { ...found, flags: found.flags & flags, length };
    const wanted = { ...expected, flags: expected.flags & flags, length: codes[i]?.length };
    if (isSame(seen, wanted) || wrong++ > 4) return;
    t.same(seen, wanted, `${line}, seed ${seed}, of ${text(before)}`);
  });
  t.equal(wrong, 0);
  t.ok(all.length > 2000, `${all.length} cases`);
  t.end();
});

function text(state: object): string {
  return JSON.stringify(state, (_, each: unknown) => (typeof each === 'bigint' ? each.toString(16) : each));
}

function isSame(left: object, right: object): boolean {
  const sorted = (state: object): string => text(Object.entries(state).sort(([a], [b]) => a.localeCompare(b)));
  return sorted(left) === sorted(right);
}
