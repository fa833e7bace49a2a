import { HPA, list, U16, U64, type Hpa, type u16, type u32, type u64 } from '../../../../transpiler/lib/index.js';

const PORTS = list(U16, [0x3f8, 0x2f8]);
const LIMITS = list(U64, [1n << 20n, 0xffff_ffff_ffff_ffffn]);
const STARTS = list(HPA, [0xe0000n, 0xf0000n]);

export function port(index: u32): u16 {
  return PORTS.get(index & 1);
}

export function limit(index: u32): u64 {
  return index < LIMITS.length ? LIMITS.get(index) : 0n;
}

export function start(): Hpa {
  return STARTS.get(1);
}
