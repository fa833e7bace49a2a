/** Start-up in Node: memory from address 0 on, no UART, and a halt that the test sees. */
import { logByte, logWritten } from '../../../kernel/report/console.js';
import { addMemory, resetMemory, simulate } from '../../../transpiler/lib/testing.js';

class Halted extends Error {}

/** What a machine says of the image, as far as start-up up to the guest asks. */
export interface Image {
  readonly physical: bigint;
  readonly text: bigint;
  readonly end: bigint;
  readonly bundleBytes: bigint;
}

const NO_IMAGE: Image = { physical: 0n, text: 0n, end: 0n, bundleBytes: 0n };

/** Powers a machine on whose memory, from address 0 on, holds `contents`. Returns that memory. */
export function powerOn(contents: number | Uint8Array, image: Image = NO_IMAGE): Uint8Array {
  resetMemory();
  simulate({
    imageBounds: () => image,
    cpuid: () => ({ eax: 0, ebx: 0, ecx: 0, edx: 0 }),
    haltForever() {
      throw new Halted();
    },
  });
  return addMemory(0n, contents);
}

/** What start-up said when it stopped in `action`, without the end of the line; null where `action` came to its end. */
export function stopOf(action: () => void): string | null {
  try {
    action();
    return null;
  } catch (error) {
    if (!(error instanceof Halted)) throw error;
    return logText().replace(/\n$/, '');
  }
}

/** The log, or the last `most` characters of it. */
export function logText(most = Infinity): string {
  const end = logWritten();
  const codes: number[] = [];
  for (let position = end > most ? end - BigInt(most) : 0n; position < end; position++) codes.push(logByte(position));
  return String.fromCharCode(...codes).replaceAll('\r', '');
}

/** `bytes` as a view that writes little-endian. */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Puts zero-ended `text` at `address`. */
export function putText(memory: Uint8Array, address: number, text: string): void {
  memory.set(new TextEncoder().encode(`${text}\0`), address);
}
