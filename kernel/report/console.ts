/**
 * Messages go to a ring in memory that the guest can read, and to COM1 until the guest owns it. Every line starts with
 * "tsvm: ".
 */
import { arr, at, BOOL, instance, struct, u32, U64, u64, U8, u8, type Bytes } from '../../transpiler/lib/index.js';
import { firmwareConsoleSend } from './firmwareConsole.js';
import { uartSend, uartStart } from './uart.js';

/** Size of the ring: the newest bytes of the log. */
export const LOG_BYTES = 16384;
const LOG_BYTES_64 = 16384n;

const NEWLINE = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const ZERO = 0x30;
const LETTER_A = 0x61;
const QUESTION_MARK = 0x3f;
const FIRST_PRINTABLE = 0x20;
const LAST_PRINTABLE = 0x7e;

const Console = struct(
  'Console',
  { size: 0x4010 },
  {
    /** Number of bytes ever written. The ring holds the last LOG_BYTES of them. */
    written: at(0, U64),
    hasUart: at(8, BOOL),
    usesUart: at(9, BOOL),
    lineOpen: at(10, BOOL),
    ring: at(16, arr(U8, LOG_BYTES)),
  },
);
const state = instance(Console, { align: 16 });

/** Finds COM1 and writes to it from now on. */
export function consoleStart(): void {
  const found = uartStart();
  state.hasUart = found;
  state.usesUart = found;
}

/** Sends later messages to the ring only, since COM1 now belongs to the guest. */
export function consoleLeaveUart(): void {
  state.usesUart = false;
}

/** Takes COM1 back for the last messages before a halt or a reset. */
export function consoleReturnToUart(): void {
  state.usesUart = state.hasUart && uartStart();
}

/** Never touches COM1 again. */
export function consoleForgetUart(): void {
  state.hasUart = false;
  state.usesUart = false;
}

/** Whether COM1 exists and messages may go to it. */
export function consoleHasUart(): boolean {
  return state.hasUart;
}

/** Number of bytes ever logged. */
export function logWritten(): u64 {
  return state.written;
}

/** Byte number `position` of the log. Only the last LOG_BYTES bytes are kept. */
export function logByte(position: u64): u8 {
  return state.ring.get(u32(position % LOG_BYTES_64));
}

/** Begins a line, after ending one that is still open. */
export function beginLine(): void {
  if (state.lineOpen) endLine();
  openLine();
}

/** Prints text. Begins a line if none is open. */
export function print(text: string): void {
  openLine();
  emitText(text);
}

/** Prints bytes from outside: printable ASCII unchanged, any other byte as '?'. */
export function printBytes(bytes: Bytes): void {
  openLine();
  for (let i: u32 = 0; i < bytes.length; i++) {
    const byte = bytes.u8(i);
    emit(byte >= FIRST_PRINTABLE && byte <= LAST_PRINTABLE ? byte : QUESTION_MARK);
  }
}

/** Prints one character of text. */
export function printCharacter(character: u8): void {
  openLine();
  emit(character);
}

/** Prints `value` as 0x1234abcd, without leading zeros. */
export function printHex(value: u64): void {
  openLine();
  emitText('0x');
  let started = false;
  for (let i: u32 = 0; i < 16; i++) {
    const shift: u32 = 60 - 4 * i;
    const digit = u8((value >> u64(shift)) & 0xfn);
    started = started || digit !== 0 || i === 15;
    if (started) emit(digit < 10 ? u8(ZERO + digit) : u8(LETTER_A + digit - 10));
  }
}

/** Prints `value` in decimal. */
export function printDecimal(value: u64): void {
  openLine();
  let started = false;
  let unit: u64 = 10_000_000_000_000_000_000n;
  while (unit > 0n) {
    const digit = u8((value / unit) % 10n);
    started = started || digit !== 0 || unit === 1n;
    if (started) emit(u8(ZERO + digit));
    unit = unit / 10n;
  }
}

/** Ends the open line. */
export function endLine(): void {
  emit(NEWLINE);
  state.lineOpen = false;
}

function openLine(): void {
  if (state.lineOpen) return;
  state.lineOpen = true;
  emitText('tsvm: ');
}

function emitText(text: string): void {
  for (let i: u32 = 0; i < text.length; i++) emit(u8(text.charCodeAt(i)));
}

function emit(byte: u8): void {
  const position = state.written;
  state.ring.set(u32(position % LOG_BYTES_64), byte);
  state.written = u64(position + 1n);
  if (byte === NEWLINE) send(CARRIAGE_RETURN);
  send(byte);
}

/**
 * Sends a byte to all consoles. A UART that does not accept a byte is not used again, so that its timeout is paid only
 * once.
 */
function send(byte: u8): void {
  firmwareConsoleSend(byte);
  if (state.usesUart) state.usesUart = uartSend(byte);
}
