/**
 * The table of all options: each option's values, their numbers, and how strict they are. The parser at start-up, the
 * message about an unknown word, `tsvm pack`, `image` and `run` (linker/formats/options.ts), and the test of docs/boot.md read
 * it.
 *
 * A line is `option NAME=VALUE|VALUE...`. The first value is the default, and its number is 0. A `-` marks a value that
 * protects less than the default, a `+` one that protects more. A value in capitals stands for any text and has the
 * number 1; `0x80` stands for a hexadecimal number of as many digits, stored plus 1, so that 0 says "not given".
 *
 * To add an option, add a line here, raise OPTION_COUNT and add a field to `Options` (options.ts) at the same position.
 */
import {
  at,
  ensures,
  instance,
  list,
  requires,
  STRING,
  struct,
  u32,
  U32,
  type Bytes,
  type u8,
} from '../../transpiler/lib/index.js';
import { hexadecimalDigit, NO_DIGIT, startsWithText } from '../handover/text.js';
import { print, printCharacter } from '../report/console.js';

export const OPTION_COUNT = 12;

const LINES = list(STRING, [
  'option crash=halt|reset',
  'option console=com1|none',
  'option triple-fault=reset|halt',
  'option refusal=halt|-firmware',
  'option apic=auto|+trap|-release',
  'option test-timer=off|1ms|10ms|1s',
  'option disk=0x80',
  'option chain=-FILE',
  'option hypercall=kernel|-user',
  'option msr=strict|-open',
  'option require=nothing|+locks',
  'option init=auto|+hold|-redirect',
]);

/** Length of the "option " that starts each line. linker/formats/options.ts finds the lines in an image by it. */
const PREFIX_BYTES = 7;
/** Longest name of an option. */
const NAME_MOST = 32;

/** How a value compares with the default of its option. */
export const Strength = { weaker: 0, same: 1, stricter: 2 } as const;

/** An option and its value, by their numbers. */
const Chosen = struct('ChosenOption', { size: 12 }, { number: at(0, U32), value: at(4, U32), strength: at(8, U32) });
/** The result of findOption(). */
export const chosen = instance(Chosen);

const EQUALS = 0x3d;
const BAR = 0x7c;
const PLUS = 0x2b;
const MINUS = 0x2d;
const CAPITAL_A = 0x41;
const CAPITAL_Z = 0x5a;
const ZERO = 0x30;
/** Returned by matchValue() if the text is not the value. */
const NO_VALUE = 0xffff_ffff;
/** Keeps room for another digit in 32 bits. No line of the table has more than six digits. */
const DIGITS_MASK = 0xf_ffff;

/** Whether `word` is an option with one of its values. If so, `chosen` says which. */
export function findOption(word: Bytes): boolean {
  for (let number: u32 = 0; number < LINES.length; number++) {
    const name = nameLength(word, LINES.get(number));
    if (name !== 0 && name <= word.length && name <= NAME_MOST)
      return findValue(word.part(name, word.length - name), number, PREFIX_BYTES + name);
  }
  return false;
}

/** Prints the options as `crash=halt|reset, ...`. */
export function printOptions(): void {
  for (let number: u32 = 0; number < LINES.length; number++) {
    if (number !== 0) print(', ');
    printLine(LINES.get(number));
  }
}

/** Prints a line without the marks of strength, which only values have. */
function printLine(line: string): void {
  let inValues = false;
  for (let i: u32 = PREFIX_BYTES; i < line.length; i++) {
    const character = line.charCodeAt(i);
    if (!inValues || strengthOf(character) === Strength.same) printCharacter(character);
    inValues = inValues || character === EQUALS;
  }
}

/** Length of the option's name with its equals sign, if `word` starts with the name in `line`; 0 if not. */
function nameLength(word: Bytes, line: string): u32 {
  let length: u32 = 0;
  while (length < NAME_MOST && length < word.length && PREFIX_BYTES + length < line.length) {
    const character = line.charCodeAt(PREFIX_BYTES + length);
    if (word.u8(length) !== character) return 0;
    length++;
    if (character === EQUALS) return length;
  }
  return 0;
}

/** Stores in `chosen` which value of line `number` is `text`. The values start at `first`. Returns false if none is. */
function findValue(text: Bytes, number: u32, first: u32): boolean {
  requires(number < LINES.length);
  const line = LINES.get(number);
  let start: u32 = first;
  let index: u32 = 0;
  while (start < line.length) {
    const end = valueEnd(line, start);
    const strength = strengthOf(line.charCodeAt(start));
    const value = matchValue(text, line, strength === Strength.same ? start : start + 1, end, index);
    if (value !== NO_VALUE) return keep(number, value, strength);
    index = u32(index + 1);
    start = end + 1;
  }
  return false;
}

function keep(number: u32, value: u32, strength: u32): boolean {
  chosen.number = number;
  chosen.value = value;
  chosen.strength = strength;
  return true;
}

/** End of the value that starts at `start`. */
function valueEnd(line: string, start: u32): u32 {
  requires(start < line.length);
  let end: u32 = start;
  while (end < line.length && line.charCodeAt(end) !== BAR) end++;
  ensures(end >= start && end <= line.length);
  return end;
}

function strengthOf(character: u8): u32 {
  if (character === MINUS) return Strength.weaker;
  return character === PLUS ? Strength.stricter : Strength.same;
}

/**
 * The number of `text`, if it is the value from `start` to `end`, which is number `index` of its option; NO_VALUE if
 * not.
 */
function matchValue(text: Bytes, line: string, start: u32, end: u32, index: u32): u32 {
  requires(end <= line.length);
  if (start >= end) return NO_VALUE;
  const first = line.charCodeAt(start);
  if (first >= CAPITAL_A && first <= CAPITAL_Z) return text.length > 0 ? 1 : NO_VALUE;
  if (text.length !== end - start) return NO_VALUE;
  if (first === ZERO) return hexadecimalValue(text);
  for (let i: u32 = 0; i < text.length; i++) {
    if (start + i >= line.length || text.u8(i) !== line.charCodeAt(start + i)) return NO_VALUE;
  }
  return index;
}

/** The number in `text`, which starts with `0x`, plus 1; NO_VALUE if it is not a number. */
function hexadecimalValue(text: Bytes): u32 {
  if (!startsWithText(text, '0x')) return NO_VALUE;
  let value: u32 = 0;
  for (let i: u32 = 2; i < text.length; i++) {
    const digit = hexadecimalDigit(text.u8(i));
    if (digit === NO_DIGIT) return NO_VALUE;
    value = ((value & DIGITS_MASK) << 4) + digit;
  }
  return value + 1;
}
