/** COM1, a 16550-compatible UART (TI PC16550D, section 8). */
import { in8, out8, type u32, type u8 } from '../../transpiler/lib/index.js';

const DATA = 0x3f8;
const INTERRUPT_ENABLE = 0x3f9;
const FIFO_CONTROL = 0x3fa;
const LINE_CONTROL = 0x3fb;
const MODEM_CONTROL = 0x3fc;
const LINE_STATUS = 0x3fd;

const DIVISOR_ACCESS = 0x80;
const EIGHT_BITS_NO_PARITY = 0x03;
const DIVISOR_115200 = 1;
const FIFOS_ON_AND_EMPTY = 0x07;
const DTR_AND_RTS = 0x03;
const TRANSMITTER_READY = 0x20;
/** What an empty port reads as. */
const FLOATING = 0xff;
/** A port read takes about 1 us: after a second without progress nobody listens. (A byte takes 87 us.) */
const MOST_POLLS = 1_000_000;

/** Sets COM1 to 115200 baud, 8N1, no interrupts. False where there is no UART. */
export function uartStart(): boolean {
  if (in8(LINE_STATUS) === FLOATING) return false;
  out8(INTERRUPT_ENABLE, 0);
  out8(LINE_CONTROL, DIVISOR_ACCESS);
  out8(DATA, DIVISOR_115200);
  out8(INTERRUPT_ENABLE, 0);
  out8(LINE_CONTROL, EIGHT_BITS_NO_PARITY);
  out8(FIFO_CONTROL, FIFOS_ON_AND_EMPTY);
  out8(MODEM_CONTROL, DTR_AND_RTS);
  return true;
}

/** Sends one byte. False where the transmitter does not become ready. */
export function uartSend(byte: u8): boolean {
  for (let polls: u32 = 0; polls < MOST_POLLS; polls++) {
    if ((in8(LINE_STATUS) & TRANSMITTER_READY) !== 0) {
      out8(DATA, byte);
      return true;
    }
  }
  return false;
}
