/** Splits ASCII text, given as bytes, into words. */
import { ensures, type Bytes, type u32, type u8 } from '../../transpiler/lib/index.js';

const SPACE = 0x20;
const ZERO = 0x30;
const NINE = 0x39;
const SMALL_A = 0x61;
const SMALL_F = 0x66;
/** The bit that differs between a capital and a small letter; set in small ones. */
const SMALL = 0x20;
/** Returned by hexadecimalDigit() for a character that is no hexadecimal digit. */
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

/** The number of bytes before the first `character`; all bytes if it does not occur. */
export function positionOf(bytes: Bytes, character: u8): u32 {
  let position: u32 = 0;
  while (position < bytes.length && bytes.u8(position) !== character) position++;
  ensures(position <= bytes.length);
  return position;
}

/** `bytes` without leading spaces and control characters. */
export function skipSpaces(bytes: Bytes): Bytes {
  let start: u32 = 0;
  while (start < bytes.length && bytes.u8(start) <= SPACE) start++;
  return bytes.part(start, bytes.length - start);
}

/** The first word of `bytes`; empty if there is none. */
export function firstWord(bytes: Bytes): Bytes {
  const text = skipSpaces(bytes);
  return text.part(0, wordLength(text));
}

/** The rest of `bytes` after the first word and the spaces that follow it. */
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
