/** Prints a line on the first serial port, and stops. */
import { entryPoints, haltForever, in8, out8, u8, type u32 } from '../../transpiler/lib/index.js';

const COM1 = 0x3f8;
const LINE_STATUS = COM1 + 5;
const SENDER_EMPTY = 0x20;

export function start(): never {
  print('Hello from TypeScript\n');
  return haltForever();
}

function print(text: string): void {
  for (let i: u32 = 0; i < text.length; i++) send(u8(text.charCodeAt(i)));
}

function send(byte: u8): void {
  while ((in8(LINE_STATUS) & SENDER_EMPTY) === 0) {}
  out8(COM1, byte);
}

export const entries = entryPoints({ hello_start: start });
