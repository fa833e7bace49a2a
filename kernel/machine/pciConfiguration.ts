/**
 * PCI configuration access by ports (PCI Local Bus Specification 3.0, 3.2.2.3.2). For start-up only: once a guest runs,
 * it owns the ports.
 */
import { in32, out32, requires, u32 } from '../../transpiler/lib/index.js';

const ADDRESS = 0xcf8;
const DATA = 0xcfc;
const ENABLE = 0x8000_0000;

/** Register with the vendor ID in the low half and the device ID in the high half. */
export const IDENTITY = 0;
/** Register with the revision in the lowest byte and the class above it. */
export const CLASS = 8;

/**
 * Reads the four bytes at `register`, a multiple of 4, of a function on bus 0. Restores the address port, so that the
 * guest finds it as the firmware left it.
 */
export function readConfiguration(device: u32, func: u32, register: u32): u32 {
  requires(device < 32 && func < 8 && register < 256);
  const left = in32(ADDRESS);
  out32(ADDRESS, u32(ENABLE | (device << 11) | (func << 8) | register));
  const value = in32(DATA);
  out32(ADDRESS, left);
  return value;
}
