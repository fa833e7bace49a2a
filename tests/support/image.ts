/** The parts of a simulated machine that the kernel's start needs: a UART, an image in memory, control registers. */
import { addMemory } from '../../transpiler/lib/testing.js';

/** The image's address in tests. */
export const IMAGE = 0x1000_0000n;
export const IMAGE_BASE = 0xffff_ffff_8000_0000n;

/** Sizes of the parts of an image, in bytes. */
export const parts = { text: 0x2000n, constants: 0x1000n, symbols: 0x1000n, data: 0x1000n, stacks: 0xb000n };

/** Thrown when the hypervisor would halt. */
export class Halted extends Error {
  override readonly name = 'Halted';
}
/** Matches Halted in t.throws(). */
export const HALTED = { name: 'Halted' };

const text = IMAGE_BASE;
const constants = text + parts.text;
const symbols = constants + parts.constants;
const data = symbols + parts.symbols;
const stacks = data + parts.data;
const end = stacks + parts.stacks;

/** Addresses of the image's parts, with the names of kernel/x86/platform.ts. */
export const bounds = {
  physical: IMAGE,
  text,
  constants,
  symbols,
  data,
  stacks,
  end,
  exceptionStubs: text + 0x100n,
  trampoline: text + 0x400n,
  parking: text + 0x800n,
  bundleBytes: 0n,
  biosBlock: constants + 0x10n,
};

/** Adds the image's memory and returns its bytes. */
export function addImage(): Uint8Array {
  return addMemory(IMAGE, Number(end - text));
}

/** A machine whose COM1 collects the output. Spread it into simulate(). */
export class SerialMachine {
  sent = '';
  reset = false;
  imageBounds = (): typeof bounds => bounds;
  readCr2 = (): bigint => 0x1234n;
  readCr3 = (): bigint => 0x5000n;
  markAllocation = (): void => undefined;
  pause = (): void => undefined;
  in8 = (port: number): number => (port === 0x3fd ? 0x60 : 0);
  out8 = (port: number, value: number): void => {
    if (port === 0x3f8 && !this.settingDivisor) this.sent += String.fromCharCode(value);
    if (port === 0x3fb) this.settingDivisor = (value & 0x80) !== 0;
    if (port === 0xcf9) this.reset = true;
  };
  haltForever = (): never => {
    throw new Halted();
  };
  shutDown = (): never => {
    throw new Halted();
  };
  private settingDivisor = false;
}
