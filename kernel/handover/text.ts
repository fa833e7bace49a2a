/** Words in ASCII text that was handed over as bytes. */
import { ensures, type Bytes, type u32, type u8 } from '../../transpiler/lib/index.js';

const SPACE = 0x20;
const ZERO = 0x30;
const NINE = 0x39;
const SMALL_A = 0x61;
const SMALL_F = 0x66;
/** The bit that small letters have. */
const SMALL = 0x20;
/** What hexadecimalDigit() gives for what is none. */
export const NO_DIGIT = 16;

/** The value of a hexadecimal digit, or NO_DIGIT. */
export function hexadecimalDigit(character: u8): u32 {
  if (character >= ZERO && character <= NINE) return character - ZERO;
  const small = character | SMALL;
  return small >= SMALL_A && small <= SMALL_F ? small - SMALL_A + 10 : NO_DIGIT;
}

/** Whether `bytes` are exactly `text`. */
export function equalsText(bytes: Bytes, text: string): boolean {
  return bytes.length === text.length && startsWithText(bytes, text);
}

/** Whether `bytes` start with `text`. */
export function startsWithText(bytes: Bytes, text: string): boolean {
  if (bytes.length < text.length) return false;
  for (let i: u32 = 0; i < text.length; i++) {
    if (bytes.u8(i) !== text.charCodeAt(i)) return false;
  }
  return true;
}

/** How many bytes come before the first `character`; all of them where there is none. */
export function positionOf(bytes: Bytes, character: u8): u32 {
  let position: u32 = 0;
  while (position < bytes.length && bytes.u8(position) !== character) position++;
  ensures(position <= bytes.length);
  return position;
}

/** `bytes` less the spaces and control characters that they start with. */
export function skipSpaces(bytes: Bytes): Bytes {
  let start: u32 = 0;
  while (start < bytes.length && bytes.u8(start) <= SPACE) start++;
  return bytes.part(start, bytes.length - start);
}

/** The first word of `bytes`, which is empty where there is none. */
export function firstWord(bytes: Bytes): Bytes {
  const text = skipSpaces(bytes);
  return text.part(0, wordLength(text));
}

/** What follows the first word of `bytes` and the spaces after it. */
export function afterFirstWord(bytes: Bytes): Bytes {
  const text = skipSpaces(bytes);
  const length = wordLength(text);
  return skipSpaces(text.part(length, text.length - length));
}

function wordLength(bytes: Bytes): u32 {
  let length: u32 = 0;
  while (length < bytes.length && bytes.u8(length) > SPACE) length++;
  ensures(length <= bytes.length);
  return length;
}
