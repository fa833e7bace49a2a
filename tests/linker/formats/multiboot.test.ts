import t from 'tap';
import { findHeader, readMultiboot, readMultiboot2, writeMultibootSizes } from '../../../linker/formats/multiboot.js';

const LOAD = 0x20_0000;

/** A file with a header at `offset`. */
function image(offset: number, flags = 0x0001_0003): Buffer {
  const file = Buffer.alloc(12_288);
  const checksum = -(0x1bad_b002 + flags) >>> 0;
  const fields = [0x1bad_b002, flags, checksum, LOAD + offset, LOAD, LOAD + 8192, LOAD + 16_384, LOAD + 64];
  fields.forEach((field, index) => file.writeUInt32LE(field, offset + index * 4));
  return file;
}

/** A file with a Multiboot2 header at 1024 that has these tags: type, then bytes, then content. */
function image2(tags: readonly (readonly number[])[]): Buffer {
  const file = image(64);
  const words = tags.flatMap((tag) => [...tag, ...(tag.length % 2 === 0 ? [] : [0])]);
  const bytes = 16 + words.length * 4;
  const header = [0xe852_50d6, 0, bytes, 2 ** 32 - 0xe852_50d6 - bytes];
  [...header, ...words].forEach((word, index) => file.writeUInt32LE(word, 1024 + index * 4));
  return file;
}

const INFORMATION = [1, 16, 3, 6];
const ADDRESSES = [2, 24, LOAD + 1024, LOAD, LOAD + 8192, LOAD + 16_384];
const ENTRY = [3, 12, LOAD + 64];
const END = [0, 8];

t.test('the header is found in the first 8 KiB', (t) => {
  t.equal(findHeader(image(4096)), 4096);
  t.equal(findHeader(image(8192 - 32)), 8192 - 32);
  t.equal(findHeader(image(8192)), null);
  t.end();
});

t.test('a header with a wrong checksum is ignored', (t) => {
  const file = image(64);
  file.writeUInt32LE(1, 64 + 8);
  t.equal(findHeader(file), null);
  t.end();
});

t.test('a header without addresses is found but not read', (t) => {
  t.equal(readMultiboot(image(0, 3)), null);
  t.end();
});

t.test('the addresses of a header are read', (t) => {
  t.same(readMultiboot(image(64)), {
    ...{ header: 64, headerAddress: LOAD + 64, loadAddress: LOAD },
    ...{ loadEnd: LOAD + 8192, zeroEnd: LOAD + 16_384, entry: LOAD + 64 },
  });
  t.end();
});

t.test('the tags of a Multiboot2 header are read, whatever lies between them', (t) => {
  const header = readMultiboot2(image2([INFORMATION, ADDRESSES, [6, 8], ENTRY, END]));
  t.match(header, { header: 1024, loadAddress: LOAD, loadEnd: LOAD + 8192, entry: LOAD + 64 });
  t.end();
});

for (const [what, tags] of [
  ['no entry', [ADDRESSES, END]],
  ['no addresses', [ENTRY, END]],
  ['an end before them', [END, ADDRESSES, ENTRY]],
  ['addresses that are cut off', [ENTRY, [2, 16, 0, 0], END]],
] as const) {
  t.test(`a Multiboot2 header with ${what} is not read`, (t) => {
    t.equal(readMultiboot2(image2(tags)), null);
    t.end();
  });
}

t.test('sizes are set in both headers', (t) => {
  const file = image2([ADDRESSES, ENTRY, END]);
  writeMultibootSizes(file, 100, 300);
  const sizes = { loadEnd: LOAD + 100, zeroEnd: LOAD + 300 };
  t.match(readMultiboot(file), sizes);
  t.match(readMultiboot2(file), sizes);
  writeMultibootSizes(file, 100, 0);
  t.match(readMultiboot(file), { zeroEnd: 0 });
  t.end();
});
