import { execa } from 'execa';
import { mkdtemp, readFile, readlink, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { cpioArchive, type ArchiveEntry } from '../../../linker/formats/cpio.js';
import { root } from '../../../linker/paths.js';
import { makeGuest } from '../../../images/guest.js';

const ENTRIES: readonly ArchiveEntry[] = [
  { kind: 'folder', path: 'bin' },
  { kind: 'file', path: 'bin/program', mode: 0o755, content: Buffer.from('12345') },
  { kind: 'link', path: 'bin/name', target: 'program' },
];

t.test('busybox’s cpio unpacks the entries', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'tsvm-test-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  await makeGuest({ root, onStep: () => undefined });
  const busybox = join(root, 'build', 'guest', 'busybox');
  await execa(busybox, ['cpio', '-i', '--quiet'], { cwd: folder, input: cpioArchive(ENTRIES) });
  t.equal(await readFile(join(folder, 'bin', 'program'), 'utf8'), '12345');
  t.equal((await stat(join(folder, 'bin', 'program'))).mode & 0o777, 0o755);
  t.equal(await readlink(join(folder, 'bin', 'name')), 'program');
});

t.test('every member is aligned to four bytes', (t) => {
  t.equal(cpioArchive(ENTRIES).length % 4, 0);
  t.end();
});

t.test('equal entries give equal bytes', (t) => {
  t.same(cpioArchive(ENTRIES), cpioArchive(ENTRIES));
  t.end();
});
