/** The options that an image takes, as it names them itself where it refuses another (kernel/machine/options.ts). */
import type { ImageParts } from './image.js';

/** What is too long for a line of the source is printed in parts, which lie one after the other in the image. */
const LIST = /"; the options are ((?:[^\0]+, \0+)*[^\0]+)\0/;
const SEPARATOR = ', ';

/** Each as `crash=halt|reset`; none where `image` does not name them. */
export function readOptions(image: Buffer, { text, constants }: ImageParts): string[] {
  const list = LIST.exec(image.toString('latin1', text, constants))?.[1];
  return list === undefined ? [] : list.replaceAll('\0', '').split(SEPARATOR);
}

/** How the image prints them. */
export function optionList(options: readonly string[]): string {
  return options.join(SEPARATOR);
}

/** Whether `word` is one of the options. */
export function isOption(word: string, options: readonly string[]): boolean {
  return options.some((option) => {
    const name = option.slice(0, option.indexOf('=') + 1);
    const values = option.slice(name.length).split('|');
    return word.startsWith(name) && values.some((value) => isValue(word.slice(name.length), value));
  });
}

/** Of a value in the list, capital letters stand for any text, a hexadecimal number for each with as many digits. */
function isValue(text: string, value: string): boolean {
  if (/^[A-Z]+$/.test(value)) return text !== '';
  if (value.startsWith('0x')) return text.length === value.length && /^0x[\da-fA-F]+$/.test(text);
  return text === value;
}
