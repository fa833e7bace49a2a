/** The digest SHA-256 (FIPS 180-4). */
import {
  addressOf,
  arr,
  at,
  copyMemory,
  fillMemory,
  instance,
  list,
  requires,
  struct,
  U32,
  u32,
  u64,
  U8,
  u8,
  window,
  type Bytes,
  type Ref,
} from '../../transpiler/lib/index.js';

/** The eight words of a digest, in order. */
export const Digest = struct('Digest', { size: 32 }, { words: at(0, arr(U32, 8)) });
export type Digest = Ref<typeof Digest>;

const BLOCK_BYTES = 64;
/** Length of the field that ends the last block: the number of bits of all data. */
const LENGTH_BYTES = 8;
const END_MARK = 0x80;

/** Initial digest: fractional parts of the square roots of the first 8 primes (section 5.3.3). */
const START = list(
  U32,
  [0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19],
);
/** Round constants: fractional parts of the cube roots of the first 64 primes (section 4.2.2). */
const ROUND_CONSTANTS = list(
  U32,
  [
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98,
    0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786,
    0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8,
    0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13,
    0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819,
    0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a,
    0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7,
    0xc67178f2,
  ],
);

const Work = struct(
  'Sha256Work',
  { size: 384 },
  {
    schedule: at(0, arr(U32, 64)),
    /** The last bytes of the data with the padding: one block or two. */
    tail: at(256, arr(U8, 128)),
  },
);
const work = instance(Work, { align: 16 });

/** Writes the digest of `data` into `digest`. */
export function sha256(data: Bytes, digest: Digest): void {
  for (let i: u32 = 0; i < 8; i++) digest.words.set(i, START.get(i));
  const length = data.length;
  const tailBytes = length % BLOCK_BYTES;
  const whole = length - tailBytes;
  let offset: u32 = 0;
  while (offset < whole && length - offset >= BLOCK_BYTES) {
    addBlock(data.part(offset, BLOCK_BYTES), digest);
    offset += BLOCK_BYTES;
  }
  addTail(data.part(whole, tailBytes), u64(length) * 8n, digest);
}

function addTail(rest: Bytes, bits: u64, digest: Digest): void {
  requires(rest.length < BLOCK_BYTES);
  fillMemory(addressOf(work.tail), 0, 128n);
  copyMemory(addressOf(work.tail), rest.start, u64(rest.length));
  work.tail.set(rest.length, END_MARK);
  const end = rest.length + 1 + LENGTH_BYTES <= BLOCK_BYTES ? BLOCK_BYTES : 2 * BLOCK_BYTES;
  for (let i: u32 = 0; i < LENGTH_BYTES; i++) work.tail.set(end - 1 - i, u8(bits >> (8n * u64(i))));
  const tail = window(addressOf(work.tail), 2 * BLOCK_BYTES);
  addBlock(tail.part(0, BLOCK_BYTES), digest);
  if (end > BLOCK_BYTES) addBlock(tail.part(BLOCK_BYTES, BLOCK_BYTES), digest);
}

/** Adds a block to the digest (section 6.2.2, steps 1 to 4). */
function addBlock(block: Bytes, digest: Digest): void {
  requires(block.length === BLOCK_BYTES);
  fillSchedule(block);
  mixSchedule(digest);
}

function fillSchedule(block: Bytes): void {
  requires(block.length === BLOCK_BYTES);
  for (let i: u32 = 0; i < 16; i++) work.schedule.set(i, swapped(block.u32(4 * i)));
  for (let i: u32 = 16; i < 64; i++) {
    const before2 = work.schedule.get(i - 2);
    const before15 = work.schedule.get(i - 15);
    const small1 = u32(rotated(before2, 17) ^ rotated(before2, 19) ^ (before2 >>> 10));
    const small0 = u32(rotated(before15, 7) ^ rotated(before15, 18) ^ (before15 >>> 3));
    work.schedule.set(i, u32(small1 + work.schedule.get(i - 7) + small0 + work.schedule.get(i - 16)));
  }
}

/**
 * Runs the 64 rounds, eight at a time. Instead of moving each variable to the next, each call gets them in rotated
 * order.
 */
function mixSchedule(digest: Digest): void {
  let a: u32 = digest.words.get(0);
  let b: u32 = digest.words.get(1);
  let c: u32 = digest.words.get(2);
  let d: u32 = digest.words.get(3);
  let e: u32 = digest.words.get(4);
  let f: u32 = digest.words.get(5);
  let g: u32 = digest.words.get(6);
  let h: u32 = digest.words.get(7);
  for (let i: u32 = 0; i <= 56; i += 8) {
    h = chosen(e, f, g, h, i);
    d = u32(d + h);
    h = voted(a, b, c, h);
    g = chosen(d, e, f, g, i + 1);
    c = u32(c + g);
    g = voted(h, a, b, g);
    f = chosen(c, d, e, f, i + 2);
    b = u32(b + f);
    f = voted(g, h, a, f);
    e = chosen(b, c, d, e, i + 3);
    a = u32(a + e);
    e = voted(f, g, h, e);
    d = chosen(a, b, c, d, i + 4);
    h = u32(h + d);
    d = voted(e, f, g, d);
    c = chosen(h, a, b, c, i + 5);
    g = u32(g + c);
    c = voted(d, e, f, c);
    b = chosen(g, h, a, b, i + 6);
    f = u32(f + b);
    b = voted(c, d, e, b);
    a = chosen(f, g, h, a, i + 7);
    e = u32(e + a);
    a = voted(b, c, d, a);
  }
  addWord(digest, 0, a);
  addWord(digest, 1, b);
  addWord(digest, 2, c);
  addWord(digest, 3, d);
  addWord(digest, 4, e);
  addWord(digest, 5, f);
  addWord(digest, 6, g);
  addWord(digest, 7, h);
}

/** T1 of a round: `h`, Σ1(e), Ch(e, f, g), the round's constant and its word of the schedule. */
function chosen(e: u32, f: u32, g: u32, h: u32, round: u32): u32 {
  requires(round < 64);
  const large1 = u32(rotated(e, 6) ^ rotated(e, 11) ^ rotated(e, 25));
  const choice = u32(g ^ (e & (f ^ g)));
  return u32(h + large1 + choice + ROUND_CONSTANTS.get(round) + work.schedule.get(round));
}

/** T1 + T2 of a round, where T2 is Σ0(a) + Maj(a, b, c). */
function voted(a: u32, b: u32, c: u32, t1: u32): u32 {
  const large0 = u32(rotated(a, 2) ^ rotated(a, 13) ^ rotated(a, 22));
  const majority = u32((a & b) | (c & (a | b)));
  return u32(t1 + large0 + majority);
}

function addWord(digest: Digest, index: u32, value: u32): void {
  requires(index < 8);
  digest.words.set(index, u32(digest.words.get(index) + value));
}

function rotated(value: u32, count: u32): u32 {
  requires(count > 0 && count < 32);
  return u32((value >>> count) | (value << (32 - count)));
}

/** Reverses the bytes of a word: the data is big-endian. */
function swapped(value: u32): u32 {
  return u32((value << 24) | ((value & 0xff00) << 8) | ((value >>> 8) & 0xff00) | (value >>> 24));
}
