/** The output of `tsvm inspect` for files of unknown origin. */
import { execa } from 'execa';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { root } from '../../linker/paths.js';
import { visible } from '../../cli/terminal.js';
import { cpioArchive } from '../../linker/formats/cpio.js';
import { readPe } from '../../linker/formats/pe.js';

const program = join(root, 'build', 'js', 'cli', 'tsvm.js');
/** Sequences that clear the screen, in 7-bit and 8-bit form, a newline, and the colour red. */
const HOSTILE = '\x1b[2J\x9b2J\r\nnode.bin: whole\x7f\x1b[31m';

function tsvm(...parameters: readonly string[]) {
  return execa(process.execPath, [program, ...parameters], { reject: false, stdin: 'ignore' });
}

async function folderOf(t: Test): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'tsvm-test-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** A kernel with the version text `version`. */
function kernel(version: string): Buffer {
  const file = Buffer.alloc(4096);
  file.write('HdrS', 0x202);
  file.writeUInt16LE(0x020f, 0x206);
  file.writeUInt16LE(0x400, 0x20e);
  file.write(`${version}\0`, 0x600, 'latin1');
  return file;
}

/** Matches printable ASCII and newlines. */
const PLAIN = /^[\n -~]*$/;

t.setTimeout(300_000);
t.before(() => tsvm('build'));

t.test('a kernel’s version is printed without its control characters', async (t) => {
  const file = join(await folderOf(t), 'kernel');
  await writeFile(file, kernel(HOSTILE));
  const text = await tsvm('inspect', file);
  t.match(text.stdout, PLAIN);
  t.match(text.stdout, 'bzImage    \\x1b[2J\\x9b2J\\x0d\\x0anode.bin: whole\\x7f\\x1b[31m\n');
  const json = await tsvm('inspect', '--json', file);
  t.match(json.stdout, PLAIN);
  t.equal((JSON.parse(json.stdout) as { linux: { version: string } }).linux.version, HOSTILE);
});

t.test('names in a bundle and of files are printed without control characters', async (t) => {
  const file = join(await folderOf(t), '\x1b[2Jfile');
  await writeFile(
    file,
    cpioArchive([{ kind: 'file', path: `guest/${HOSTILE}`, mode: 0o444, content: Buffer.alloc(1) }]),
  );
  const { stdout, exitCode } = await tsvm('inspect', file);
  t.match(stdout, PLAIN);
  t.match(stdout, /a node does NOT start with it: guest\/\\x1b\[2J.* is not known/);
  t.equal(exitCode, 1);
  const missing = await tsvm('inspect', `${file}2`);
  t.match(missing.stderr, PLAIN);
});

t.test('characters that reorder or hide text are shown; all other text is unchanged', (t) => {
  t.equal(visible('a\u202eb\u200bc\u2028d'), 'a\\u{202e}b\\u{200b}c\\u{2028}d');
  t.equal(visible('Größe 1\t日本 🙂'), 'Größe 1\t日本 🙂');
  t.end();
});

/** The built image with a made-up signature. */
async function signedImage(folder: string): Promise<string> {
  const file = await readFile(join(root, 'build', 'tsvm.bin'));
  const directory = file.readUInt32LE(0x3c) + 24 + 112 + 4 * 8;
  const signed = Buffer.concat([file, Buffer.alloc(8)]);
  signed.writeUInt32LE(file.length, directory);
  signed.writeUInt32LE(8, directory + 4);
  await writeFile(join(folder, 'signed.bin'), signed);
  return join(folder, 'signed.bin');
}

t.test('a signature is shown as not verified, and packing warns that it does not cover the guest', async (t) => {
  const folder = await folderOf(t);
  const signed = await signedImage(folder);
  t.match((await tsvm('inspect', signed)).stdout, 'signed (not verified): 8 bytes');
  await writeFile(join(folder, 'kernel'), kernel('1'));
  const packed = join(folder, 'packed.bin');
  const { stderr, exitCode } = await tsvm('pack', '--image', signed, '--kernel', join(folder, 'kernel'), '-o', packed);
  t.match(stderr, /warning: the signature of .*signed\.bin does not cover the guest: sign the new file/);
  t.equal(exitCode, 0);
  t.equal(readPe(await readFile(packed))?.signatures, null);
});

t.test('image warns of media that Secure Boot refuses, and of those that may start without a hypervisor', async (t) => {
  const folder = await folderOf(t);
  const signed = await signedImage(folder);
  const medium = (...words: string[]) => tsvm('image', 'usb', '--image', signed, '-o', join(folder, 'usb'), ...words);
  t.notMatch((await medium()).stderr, 'warning');
  t.match((await medium('--options', 'crash=reset')).stderr, 'warning: Secure Boot does not start this medium');
  const { stderr } = await medium('--fallback', 'node');
  t.match(stderr, 'warning: if this medium fails, the node starts WITHOUT a hypervisor');
  t.match(stderr, 'warning: Secure Boot does not start this medium');
});
