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
/** Value read from a port without a device. */
const FLOATING = 0xff;
/** Longest wait for one byte: a port read takes about 1 us, so this is about a second. (Sending a byte takes 87 us.) */
const MOST_POLLS = 1_000_000;

/** Sets COM1 to 115200 baud, 8N1, no interrupts. Returns false if there is no UART. */
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

/** Sends one byte. Returns false if the transmitter does not become ready. */
export function uartSend(byte: u8): boolean {
  for (let polls: u32 = 0; polls < MOST_POLLS; polls++) {
    if ((in8(LINE_STATUS) & TRANSMITTER_READY) !== 0) {
      out8(DATA, byte);
      return true;
    }
  }
  return false;
}
