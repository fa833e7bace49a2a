/** Removes words that loaders for Linux and EFI add to a command line: they are no options of the hypervisor. */
import type { Bytes, u32 } from '../../../transpiler/lib/index.js';
import { bootInfo, MAX_TEXT } from '../../handover/bootInfo.js';
import { afterFirstWord, firstWord, startsWithText } from '../../handover/text.js';

const SPACE = 0x20;

/**
 * Stores the words of `text` as the options, without those that boot loaders add. `text` may overlap the stored
 * options.
 */
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
