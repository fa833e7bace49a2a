/** Reads the options that an image takes from the table in it (kernel/machine/optionTable.ts). */
import type { ImageParts } from './image.js';

/** How strict a value is compared with the option's default, the weakest first. */
const STRENGTHS = ['weaker', 'same', 'stricter'] as const;
export type Strength = (typeof STRENGTHS)[number];

export interface OptionValue {
  /** The value as it is written. Capital letters stand for any text, a hexadecimal number for any with as many digits. */
  readonly text: string;
  readonly strength: Strength;
}

export interface ImageOption {
  readonly name: string;
  /** All values; the first one is the default. */
  readonly values: readonly OptionValue[];
}

/** A line of the table: a name, then values with their marks. */
const LINE = /\0option ([a-z-]+)=([^\0]+)(?=\0)/g;
const MARKS: Readonly<Record<string, Strength>> = { '-': 'weaker', '+': 'stricter' };
const SEPARATOR = ', ';

/** The options sorted by name, since their order in the image means nothing; empty if `image` has no table. */
export function readOptions(image: Buffer, { text, constants }: ImageParts): ImageOption[] {
  const lines = [...image.toString('latin1', text, constants).matchAll(LINE)].map(([, name = '', values = '']) => ({
    name,
    values: values.split('|').map(readValue),
  }));
  return lines.sort((one, other) => (one.name < other.name ? -1 : 1));
}

function readValue(value: string): OptionValue {
  const strength = MARKS[value.charAt(0)];
  return strength === undefined ? { text: value, strength: 'same' } : { text: value.slice(1), strength };
}

/** The options as one text: `apic=auto|trap|release, ...`. */
export function optionList(options: readonly ImageOption[]): string {
  return options.map(({ name, values }) => `${name}=${values.map(({ text }) => text).join('|')}`).join(SEPARATOR);
}

/** Why the image would not start with these words; null if it accepts them. */
export function refusalOf(words: OptionWords, options: readonly ImageOption[]): string | null {
  const packed = new Map<string, Strength>();
  for (const word of wordsOf(words.packed)) {
    const found = findOption(word, options);
    if (found === null) return unknown(word, options);
    packed.set(found.name, found.strength);
  }
  for (const word of wordsOf(words.outside)) {
    const found = findOption(word, options);
    if (found === null) return unknown(word, options);
    const least = packed.get(found.name) ?? 'weaker';
    if (STRENGTHS.indexOf(found.strength) < STRENGTHS.indexOf(least))
      return `the option "${word}"; it is weaker than the one in the packed file, which stands`;
  }
  return null;
}

/** The words of the two sources of options. */
export interface OptionWords {
  /** From inside the file, where its signature covers them. */
  readonly packed: string;
  /** From the command line that a boot loader passes. */
  readonly outside: string;
}

function wordsOf(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== '');
}

function unknown(word: string, options: readonly ImageOption[]): string {
  return `unknown option "${word}"; the options are ${optionList(options)}`;
}

function findOption(word: string, options: readonly ImageOption[]): { name: string; strength: Strength } | null {
  for (const { name, values } of options) {
    if (!word.startsWith(`${name}=`)) continue;
    const found = values.find((value) => isValue(word.slice(name.length + 1), value.text));
    return found === undefined ? null : { name, strength: found.strength };
  }
  return null;
}

function isValue(text: string, value: string): boolean {
  if (/^[A-Z]+$/.test(value)) return text !== '';
  if (value.startsWith('0x')) return text.length === value.length && /^0x[\da-fA-F]+$/.test(text);
  return text === value;
}
