/** Command lines as loaders for Linux and EFI hand them over: with words of their own, which are no options. */
import type { Bytes, u32 } from '../../../transpiler/lib/index.js';
import { bootInfo, MAX_TEXT } from '../../handover/bootInfo.js';
import { afterFirstWord, firstWord, startsWithText } from '../../handover/text.js';

const SPACE = 0x20;

/** Makes the words of `text` the options, less what boot loaders add. `text` may lie where the options do. */
export function keepOptions(text: Bytes): void {
  let rest: Bytes = text;
  let word: Bytes = firstWord(rest);
  bootInfo.options.length = 0;
  while (word.length > 0) {
    if (!isOfBootLoader(word)) addWord(word);
    rest = afterFirstWord(rest);
    word = firstWord(rest);
  }
}

function isOfBootLoader(word: Bytes): boolean {
  return startsWithText(word, 'BOOT_IMAGE=') || startsWithText(word, 'initrd=') || startsWithText(word, 'BOOTIF=');
}

function addWord(word: Bytes): void {
  const text = bootInfo.options;
  let length: u32 = text.length;
  for (let i: u32 = 0; i < word.length && length < MAX_TEXT; i++) {
    text.characters.set(length, word.u8(i));
    length += 1;
  }
  if (length < MAX_TEXT) {
    text.characters.set(length, SPACE);
    length += 1;
  }
  text.length = length;
}
