import fc from 'fast-check';
import t from 'tap';
import { crc32c } from '../../../../kernel/boot/bundle/crc32c.js';
import { digestOf } from '../../../../linker/formats/bundle.js';
import { type Hpa, window } from '../../../../transpiler/lib/index.js';
import { addMemory, resetMemory, simulate } from '../../../../transpiler/lib/testing.js';

const SSE42 = 1 << 20;
const POLYNOMIAL = 0x82f6_3b78;

/** The sum on a processor that has the instruction, which counts its uses, or does not, as ECX says. */
function sumOf(data: Uint8Array, ecx: number): { sum: number; uses: number } {
  let uses = 0;
  resetMemory();
  simulate({
    cpuid: () => ({ eax: 0, ebx: 0, ecx, edx: 0 }),
    crc32(sum: bigint, at: Hpa) {
      uses++;
      return instruction(sum, window(at, 8).u64(0));
    },
  });
  addMemory(0n, data);
  return { sum: crc32c(window(0n, data.length)), uses };
}

/** SDM 2A, CRC32: bit by bit; the upper half of the result is zero. */
function instruction(sum: bigint, value: bigint): bigint {
  let rest = value ^ (sum & 0xffff_ffffn);
  for (let bit = 0; bit < 64; bit++) rest = (rest >> 1n) ^ ((rest & 1n) * BigInt(POLYNOMIAL));
  return rest;
}

/** RFC 3720, B.4, and the check value that lists of such sums give. */
const EXAMPLES = [
  [Buffer.alloc(32), 0x8a91_36aa],
  [Buffer.alloc(32, 0xff), 0x62a8_ab43],
  [Buffer.from(Array.from({ length: 32 }, (_, i) => i)), 0x46dd_794e],
  [Buffer.from('123456789'), 0xe306_9283],
] as const;

t.test('the examples of the standard', (t) => {
  for (const [data, sum] of EXAMPLES) t.equal(sumOf(data, 0).sum, sum);
  t.end();
});

t.test('data of any length has the sum of the host’s library, with the instruction and without', (t) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300, size: 'max' }), (data) => {
      const expected = parseInt(digestOf(data, 'crc32c'), 16);
      t.same(sumOf(data, 0), { sum: expected, uses: 0 });
      t.same(sumOf(data, SSE42), { sum: expected, uses: 8 * Math.floor(data.length / 64) });
    }),
    { numRuns: 200 },
  );
  t.end();
});
