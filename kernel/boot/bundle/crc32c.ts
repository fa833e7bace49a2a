/**
 * The checksum CRC-32C (Castagnoli's polynomial) as in RFC 3720, 12.1, with bits in the order of the processor's CRC32
 * instruction.
 */
import { cpuid, crc32, hpa, list, requires, U32, u32, type Bytes, type u64 } from '../../../transpiler/lib/index.js';
import { Leaf } from '../../x86/cpuid.js';

/** CPUID.01H:ECX[20]: the processor has the CRC32 instruction (SDM 2A, SSE4.2). */
const SSE42 = 1 << 20;

const BLOCK_BYTES = 64;
/** Table for four bits at a time: entry N is N after four steps with the polynomial 0x82f63b78. */
const HALVES = list(
  U32,
  [
    0x00000000, 0x105ec76f, 0x20bd8ede, 0x30e349b1, 0x417b1dbc, 0x5125dad3, 0x61c69362, 0x7198540d, 0x82f63b78,
    0x92a8fc17, 0xa24bb5a6, 0xb21572c9, 0xc38d26c4, 0xd3d3e1ab, 0xe330a81a, 0xf36e6f75,
  ],
);

/** The CRC-32C of `data`. */
export function crc32c(data: Bytes): u32 {
  let sum: u64 = 0xffff_ffffn;
  let rest: Bytes = data;
  if (hasInstruction()) {
    while (rest.length >= BLOCK_BYTES) {
      sum = withBlock(sum, rest.part(0, BLOCK_BYTES));
      rest = rest.part(BLOCK_BYTES, rest.length - BLOCK_BYTES);
    }
  }
  let last: u32 = u32(sum);
  for (let i: u32 = 0; i < rest.length; i++) last = withByte(last, rest.u8(i));
  return u32(last ^ 0xffff_ffff);
}

function hasInstruction(): boolean {
  const features = cpuid(Leaf.features, 0);
  return (features.ecx & SSE42) !== 0;
}

/** Adds 64 bytes to the sum. The steps are unrolled, since a loop would need twice as many instructions. */
function withBlock(sum: u64, block: Bytes): u64 {
  requires(block.length === BLOCK_BYTES);
  const start = block.start;
  let next: u64 = crc32(sum, start);
  next = crc32(next, hpa(start + 8n));
  next = crc32(next, hpa(start + 16n));
  next = crc32(next, hpa(start + 24n));
  next = crc32(next, hpa(start + 32n));
  next = crc32(next, hpa(start + 40n));
  next = crc32(next, hpa(start + 48n));
  return crc32(next, hpa(start + 56n));
}

function withByte(sum: u32, byte: u32): u32 {
  requires(byte <= 0xff);
  return withHalf(withHalf(u32(sum ^ byte)));
}

function withHalf(sum: u32): u32 {
  return u32((sum >>> 4) ^ HALVES.get(sum & 0xf));
}
