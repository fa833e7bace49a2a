import t from 'tap';
import { checkMultiboot, findHeader } from '../../linker/multiboot.js';

const LOAD = 0x20_0000;

/** A file whose header lies at `offset` and loads all of it from LOAD on. */
function image(offset: number, flags = 0x0001_0003): Buffer {
  const file = Buffer.alloc(12_288);
  const fields = [
    0x1bad_b002,
    flags,
    -(0x1bad_b002 + flags) >>> 0,
    LOAD + offset,
    LOAD,
    LOAD + 8192,
    LOAD + 16_384,
    LOAD,
  ];
  fields.forEach((field, index) => file.writeUInt32LE(field, offset + index * 4));
  return file;
}

t.test('the header is found in the first 8 KiB', (t) => {
  t.equal(findHeader(image(4096)), 4096);
  t.equal(findHeader(image(8192 - 32)), 8192 - 32);
  t.equal(findHeader(image(8192)), null);
  t.end();
});

t.test('a header with a wrong checksum is none', (t) => {
  const file = image(64);
  file.writeUInt32LE(1, 64 + 8);
  t.equal(findHeader(file), null);
  t.end();
});

t.test('segments where the header puts them are accepted', (t) => {
  const segment = { offset: 4096, physical: BigInt(LOAD + 4096), fileBytes: 4096, memoryBytes: 12_288n };
  t.doesNotThrow(() => checkMultiboot(image(0), [segment]));
  t.end();
});

const MISPLACED = [
  ['from another place of the file', { offset: 0, physical: BigInt(LOAD + 4096), fileBytes: 4096, memoryBytes: 4096n }],
  ['beyond what is loaded', { offset: 4096, physical: BigInt(LOAD + 4096), fileBytes: 8192, memoryBytes: 8192n }],
  ['beyond what is zeroed', { offset: 0, physical: BigInt(LOAD), fileBytes: 4096, memoryBytes: 20_000n }],
] as const;
for (const [what, segment] of MISPLACED) {
  t.test(`a segment ${what} is an error`, (t) => {
    t.throws(() => checkMultiboot(image(0), [segment]), /does not load the segment/);
    t.end();
  });
}

t.test('a header without addresses is an error', (t) => {
  t.throws(() => checkMultiboot(image(0, 3), []), /no address fields/);
  t.end();
});
