import { list, out8, STRING, type u32 } from '../../../../transpiler/lib/index.js';

const NAMES = list(STRING, ['none', 'a "quoted" one', 'tab\tand \\']);

export function print(text: string): void {
  for (let i: u32 = 0; i < text.length; i++) out8(0x3f8, text.charCodeAt(i));
}

export function printName(index: u32): void {
  print(index < NAMES.length ? NAMES.get(index) : 'unknown\n');
}
