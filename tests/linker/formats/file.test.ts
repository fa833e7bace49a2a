import { readFile } from 'node:fs/promises';
import t from 'tap';
import { packFile, readFileParts, SETUP_BYTES } from '../../../linker/formats/file.js';
import { placeSections } from '../../../linker/formats/pe.js';
import { freshImage } from '../../support/machines/harness.js';

const LINUX_MAGIC = 0x202;

t.test('an image is recognised only with the headers for all loaders in front of it', async (t) => {
  const file = await readFile(await freshImage());
  const headers = { linux: LINUX_MAGIC, pe: file.readUInt32LE(0x3c) };
  t.equal(readFileParts(file).kind, 'whole');
  for (const [name, offset] of Object.entries(headers)) {
    const changed = Buffer.from(file);
    changed.write('XX', offset);
    t.equal(readFileParts(changed).kind, 'none', name);
  }
});

t.test('a file that is not an image is not packed', (t) => {
  t.throws(() => packFile(Buffer.alloc(SETUP_BYTES * 2), Buffer.alloc(1)), /not an image of tsvm/);
  t.end();
});

t.test('sections can be placed only in a file with a PE header', (t) => {
  t.throws(() => placeSections(Buffer.alloc(SETUP_BYTES), []), /no PE header/);
  t.end();
});
