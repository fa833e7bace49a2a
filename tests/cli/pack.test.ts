import { execa } from 'execa';
import { mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { root } from '../../linker/paths.js';
import type { Inspection } from '../../linker/formats/inspect.js';
import { optionList } from '../../linker/formats/options.js';

const program = join(root, 'build', 'js', 'cli', 'tsvm.js');
const image = join(root, 'build', 'tsvm.bin');
const debug = join(root, 'build', 'tsvm.debug');

function tsvm(...parameters: readonly string[]) {
  return execa(process.execPath, [program, ...parameters], { reject: false, stdin: 'ignore' });
}

async function inspect(file: string): Promise<Inspection> {
  return JSON.parse((await tsvm('inspect', '--json', file)).stdout) as Inspection;
}

/** Makes a folder with a file in the form of a kernel; also returns the path of the result. */
async function folder(t: Test) {
  const path = await mkdtemp(join(tmpdir(), 'tsvm-test-'));
  t.teardown(() => rm(path, { recursive: true, force: true }));
  const kernel = Buffer.alloc(10_000);
  kernel.write('HdrS', 0x202);
  kernel.writeUInt16LE(0x020f, 0x206);
  await writeFile(join(path, 'kernel'), kernel);
  return { path, kernel: join(path, 'kernel'), node: join(path, 'node.bin') };
}

t.before(() => tsvm('build'));

t.test('the built image has all formats, is whole, and has no bundle', async (t) => {
  const { formats, tsvm, bundle, efi, linux } = await inspect(image);
  t.same(formats, ['bzImage', 'multiboot', 'multiboot2', 'EFI application']);
  t.match(tsvm, { state: 'whole', bundleBytes: 0 });
  t.equal(bundle, null);
  t.match(efi, { checksumMatches: true, signatures: null });
  t.match(linux, { protocol: 0x020f, relocatable: true, entry64: true, aboveFourGib: true });
});

t.test('no section is both writable and executable', async (t) => {
  const { efi } = await inspect(image);
  t.same(
    efi?.sections.map(({ name }) => name),
    ['.text', '.sbat', '.rodata', '.data'],
  );
  for (const { name, writable, executable, address } of efi?.sections ?? []) {
    t.notOk(writable && executable, name);
    t.equal(address % 4096, 0, name);
  }
});

t.test('inspect shows the options in one line, in the form in which the image prints them', async (t) => {
  const { stdout } = await tsvm('inspect', image);
  const { tsvm: own } = await inspect(image);
  t.match(stdout, `\n  options    ${optionList(own?.options ?? [])}\n`);
  const crash = own?.options.find(({ name }) => name === 'crash');
  t.same(crash?.values, [
    { text: 'halt', strength: 'same' },
    { text: 'reset', strength: 'same' },
  ]);
});

t.test('a packed image contains the guest, and still has all formats', async (t) => {
  const { kernel, node } = await folder(t);
  const packed = await tsvm('pack', '--kernel', kernel, '--append', 'console=ttyS0', '-o', node);
  t.equal(packed.exitCode, 0, packed.stderr);
  const { formats, tsvm: own, bundle, efi } = await inspect(node);
  t.equal(formats.length, 4);
  t.equal(own?.state, 'whole');
  t.match(bundle?.parts, [
    { name: 'kernel', bytes: 10_000, matches: true },
    { name: 'cmdline', bytes: 13, matches: true },
  ]);
  t.match(efi, { checksumMatches: true, isTruncated: false });
  t.equal(efi?.sections.at(-1)?.name, '.bundle');
});

t.test('packing again replaces the guest', async (t) => {
  const { kernel, node } = await folder(t);
  await tsvm('pack', '--kernel', kernel, '--append', 'first', '-o', node);
  await tsvm('pack', '--image', node, '--kernel', kernel, '-o', node);
  t.match((await inspect(node)).bundle?.parts, { length: 1 });
});

t.test('equal parts are packed to equal files', async (t) => {
  const { path, kernel, node } = await folder(t);
  const other = join(path, 'other.bin');
  for (const file of [node, other]) await tsvm('pack', '--kernel', kernel, '-o', file);
  t.ok((await readFile(node)).equals(await readFile(other)));
});

t.test('a signed image is recognised, and packing it removes the signature', async (t) => {
  const { path, kernel, node } = await folder(t);
  const [key, certificate, signed] = ['key.pem', 'certificate.pem', 'signed.bin'].map((name) => join(path, name));
  const request = ['req', '-new', '-x509', '-newkey', 'rsa:2048', '-nodes', '-subj', '/CN=test/'];
  await execa('openssl', [...request, '-keyout', `${key}`, '-out', `${certificate}`]);
  await execa('sbsign', ['--key', `${key}`, '--cert', `${certificate}`, '--output', `${signed}`, image]);
  await t.resolves(execa('sbverify', ['--cert', `${certificate}`, `${signed}`]));
  t.ok((await inspect(`${signed}`)).efi?.signatures);
  await tsvm('pack', '--image', `${signed}`, '--kernel', kernel, '-o', node);
  t.match(await inspect(node), { tsvm: { state: 'whole' }, efi: { signatures: null, isTruncated: false } });
});

t.test('--bundle-only writes the bundle, which a boot loader passes as an initrd', async (t) => {
  const { kernel, node } = await folder(t);
  t.equal((await tsvm('pack', '--kernel', kernel, '--bundle-only', '-o', node)).exitCode, 0);
  t.match(await inspect(node), { formats: ['bundle'], bundle: { parts: [{ name: 'kernel', matches: true }] } });
});

t.test('a policy is packed with a warning, since none is enforced', async (t) => {
  const { path, node } = await folder(t);
  await writeFile(join(path, 'policy'), 'none');
  const packed = await tsvm('pack', '--policy', join(path, 'policy'), '-o', node);
  t.match(packed.stderr, /^tsvm: warning: this version enforces no policy yet, and refuses to start with one$/m);
  t.match(await inspect(node), { bundle: { parts: [{ name: 'policy', matches: true }] } });
  const { stdout } = await tsvm('pack', '--help');
  t.match(
    stdout.replaceAll(/\s+/g, ' '),
    'what the guest may do; this version enforces none yet, and refuses to start',
  );
});

t.test('a truncated image is reported, and is not packed', async (t) => {
  const { kernel, node } = await folder(t);
  await writeFile(node, await readFile(image));
  await truncate(node, 60_000);
  const { stdout, exitCode } = await tsvm('inspect', node);
  t.match(stdout, /truncated/);
  t.equal(exitCode, 1);
  const packed = await tsvm('pack', '--image', node, '--kernel', kernel, '-o', node);
  t.match(packed.stderr, `${node} is a truncated image of tsvm`);
  t.equal(packed.exitCode, 2);
});

t.test('a changed image is reported, and is not packed', async (t) => {
  const { kernel, node } = await folder(t);
  const changed = await readFile(image);
  changed.writeUInt8(changed.readUInt8(50_000) ^ 0x10, 50_000);
  await writeFile(node, changed);
  t.equal((await inspect(node)).tsvm?.state, 'damaged');
  t.match((await tsvm('pack', '--image', node, '--kernel', kernel, '-o', node)).stderr, /is a damaged image of tsvm/);
});

for (const [digest, digits] of [
  ['crc32c', 8],
  ['sha256', 64],
] as const) {
  t.test(`a changed part of the bundle is found by ${digest}`, async (t) => {
    const { kernel, node } = await folder(t);
    await tsvm('pack', '--kernel', kernel, '--append', 'console=ttyS0', '--digest', digest, '-o', node);
    const changed = await readFile(node);
    t.match(changed.toString('latin1'), new RegExp(`\\n[\\da-f]{${digits}}  guest/cmdline\\n`));
    changed.write('C', changed.lastIndexOf('console=ttyS0'));
    await writeFile(node, changed);
    const { stdout, exitCode } = await tsvm('inspect', node);
    t.match(stdout, /cmdline +13 bytes, sha256 [\da-f]+, WHICH IS NOT WHAT THE BUNDLE SAYS/);
    t.equal(exitCode, 1);
  });
}

for (const [what, parameters, message] of [
  ['nothing to pack', [], /there is nothing to pack/],
  ['a command line without a kernel', ['--append', 'quiet'], /are for a kernel/],
  ['a kernel that is none', ['--kernel', program], /is not a kernel that a boot loader can start/],
  ['a file that is not there', ['--kernel', '/nowhere'], /cannot read \/nowhere: no such file/],
  ['an image that is none', ['--kernel', 'KERNEL', '--image', program], /is not an image of tsvm/],
  ['the file that gdb reads', ['--kernel', 'KERNEL', '--image', debug], /tsvm.debug is not an image of tsvm/],
  ['a command line that is too long', ['--kernel', 'KERNEL', '--append', 'x'.repeat(2048)], /at most 2047 bytes/],
  ['a part without a name', ['--kernel='], /argument '' is invalid/],
  ['an image for what goes without', ['--kernel', 'KERNEL', '--bundle-only', '--image', image], /cannot be used with/],
] as const) {
  t.test(`${what} is an error`, async (t) => {
    const { kernel, node } = await folder(t);
    const words = parameters.map((word) => (word === 'KERNEL' ? kernel : word));
    const { stderr, exitCode } = await tsvm('pack', ...words, '-o', node);
    t.match(stderr, message);
    t.equal(exitCode, 2);
  });
}

t.test('inspecting a file of another kind is an error', async (t) => {
  const { stderr, exitCode } = await tsvm('inspect', program);
  t.match(stderr, /is neither a file that a node can be started with/);
  t.equal(exitCode, 2);
});

t.test('options in the file are checked and shown, and the command line cannot weaken them', async (t) => {
  const { path, node } = await folder(t);
  const packed = await tsvm('pack', '--image', image, '--options', 'apic=trap crash=reset', '-o', node);
  t.equal(packed.exitCode, 0, packed.stderr);
  t.match((await inspect(node)).bundle?.parts, [{ name: 'options', matches: true }]);
  const wrong = await tsvm('pack', '--image', image, '--options', 'apic=never', '-o', join(path, 'wrong.bin'));
  t.equal(wrong.exitCode, 2);
  t.match(wrong.stderr, /unknown option "apic=never"; the options are /);
  const weaker = await tsvm('image', 'usb', '--image', node, '--options', 'apic=auto', '-o', join(path, 'stick.img'));
  t.equal(weaker.exitCode, 2);
  t.match(weaker.stderr, /the option "apic=auto"; it is weaker than the one in the packed file, which stands/);
});

t.test('the section .sbat names this version for revocation, and nothing else', async (t) => {
  const { efi } = await inspect(image);
  const [, sbat] = efi?.sections ?? [];
  const file = await readFile(image);
  const text = file.toString('latin1', sbat?.offset ?? 0, (sbat?.offset ?? 0) + (sbat?.memoryBytes ?? 0));
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string };
  t.equal(sbat?.memoryBytes, 4096, 'with its zeros, which belong to the sum of the image');
  const [first = '', own = '', end] = text.replace(/\0+$/, '').split('\n');
  t.match(first, /^sbat,1,SBAT Version,sbat,1,https:/);
  t.match(own, new RegExp(`^tsvm,[1-9]\\d*,tsvm,tsvm,${version},`));
  t.equal(end, '');
});
