/** Commands leave only complete results behind, however they end. */
import { execa, type Options } from 'execa';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { root } from '../../linker/paths.js';
import { defaultGuest, freshImage } from '../support/machines/harness.js';

const program = join(root, 'build', 'js', 'cli', 'tsvm.js');
/** A bash command: `tsvm image usb` of the built image. */
const USB = `"${process.execPath}" "${program}" image usb --image "${join(root, 'build', 'tsvm.bin')}"`;
const PACK = `"${process.execPath}" "${program}" pack --image "${join(root, 'build', 'tsvm.bin')}"`;

function tsvm(parameters: readonly string[], env: NodeJS.ProcessEnv = {}) {
  return execa(process.execPath, [program, ...parameters], { reject: false, stdin: 'ignore', env });
}

function bash(script: string, options: Options = {}) {
  return execa('bash', ['-c', `set -o pipefail; ${script}`], { reject: false, stdin: 'ignore', ...options });
}

/** Makes a folder for results; also returns the path of a result. */
async function folder(t: Test) {
  const path = await mkdtemp(join(tmpdir(), 'tsvm-test-'));
  t.teardown(() => rm(path, { recursive: true, force: true }));
  return { path, node: join(path, 'node.img') };
}

/** Makes a folder for PATH in which a script of sh(1) replaces a program. */
async function replaced(t: Test, name: string, script: string): Promise<{ PATH: string }> {
  const { path } = await folder(t);
  await writeFile(join(path, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return { PATH: `${path}:${process.env['PATH'] ?? ''}` };
}

/** Makes a folder for PATH in which a program is replaced by one that does not end by itself. */
function sleeping(t: Test, name: string): Promise<{ PATH: string }> {
  return replaced(t, name, 'exec sleep 60');
}

async function untilNotEmpty(path: string): Promise<void> {
  while ((await readdir(path)).length === 0) await wait(20);
}

t.before(async () => {
  await freshImage();
  await defaultGuest();
});

t.test('an earlier medium stays unchanged if a new one cannot be made', async (t) => {
  const { path, node } = await folder(t);
  await writeFile(node, 'earlier');
  const { PATH } = await replaced(t, 'sfdisk', 'echo no room >&2; exit 1');
  const image = await freshImage();
  const { stderr, exitCode } = await tsvm(['image', 'usb', '--image', image, '-o', node], { PATH });
  t.match(stderr, /sfdisk failed:\nno room/);
  t.equal(exitCode, 3);
  t.equal(await readFile(node, 'utf8'), 'earlier');
  t.same(await readdir(path), ['node.img']);
});

t.test('a medium replaces an earlier one', async (t) => {
  const { path, node } = await folder(t);
  await writeFile(node, 'earlier');
  const { stderr, exitCode } = await tsvm(['image', 'usb', '--image', await freshImage(), '-o', node]);
  t.equal(exitCode, 0, stderr);
  t.ok((await stat(node)).size > 1 << 20);
  t.same(await readdir(path), ['node.img']);
});

t.test('a device is written, not replaced', async (t) => {
  const { node } = await folder(t);
  const made = await bash(`${USB} -o "${node}" && ${USB} -o /dev/stdout | cmp "${node}"`);
  t.equal(made.exitCode, 0, String(made.stderr));
  const full = await bash(`${USB} -o /dev/full`);
  t.match(full.stderr, 'tsvm: cannot write /dev/full: no space left on device');
  t.equal(full.exitCode, 3);
});

t.test('a folder for a network server keeps its other files', async (t) => {
  const { path } = await folder(t);
  const output = join(path, 'tftp');
  await mkdir(output);
  await writeFile(join(output, 'other'), 'of another program');
  t.equal((await tsvm(['image', 'pxe', '--image', await freshImage(), '-o', output])).exitCode, 0);
  t.same((await readdir(output)).sort(), ['grub.0', 'other', 'pxelinux.cfg', 'tsvm.bin', 'tsvm.ipxe']);
});

for (const [what, output, message] of [
  ['a folder', tmpdir(), 'illegal operation on a directory'],
  ['a file in a folder that is not there', '/nowhere/node', 'no such file or directory'],
] as const) {
  t.test(`a result is not written to ${what}`, async (t) => {
    for (const command of [
      ['image', 'usb'],
      ['pack', '--policy', program],
    ]) {
      const { stderr, exitCode } = await tsvm([...command, '--image', await freshImage(), '-o', output]);
      t.match(stderr, `tsvm: cannot write ${output}: ${message}`);
      t.equal(exitCode, 2);
    }
  });
}

t.test('-o - means standard output for pack, and is refused by image', async (t) => {
  const { node } = await folder(t);
  const guest = (await defaultGuest()).kernel;
  const packed = await bash(
    `${PACK} --kernel "${guest}" -o "${node}" && ${PACK} --kernel "${guest}" -o - | cmp "${node}"`,
  );
  t.equal(packed.exitCode, 0, String(packed.stderr));
  const { stderr, exitCode } = await tsvm(['image', 'iso', '-o', '-']);
  t.match(stderr, /^tsvm: a medium is not written to standard output/);
  t.equal(exitCode, 2);
});

t.test('a reader that closes the output is not an error', async (t) => {
  const { stdout, stderr } = await bash(`${PACK} --kernel "${(await defaultGuest()).kernel}" -o - | head -c 2`);
  t.equal(stdout, 'MZ');
  t.notMatch(stderr, /EPIPE|tsvm:|\n {4}at /);
});

t.test('image refuses options that the hypervisor would refuse', async (t) => {
  const { path, node } = await folder(t);
  const image = await freshImage();
  const { stderr, exitCode } = await tsvm([
    'image',
    'usb',
    '--image',
    image,
    '--options',
    'crash=halt foo=1',
    '-o',
    node,
  ]);
  t.match(stderr, /^tsvm: unknown option "foo=1"; the options are apic=auto\|trap\|release, chain=FILE, /);
  t.equal(exitCode, 2);
  t.same(await readdir(path), []);
});

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  t.test(`${signal} leaves nothing of a medium behind`, { timeout: 60_000 }, async (t) => {
    const { path, node } = await folder(t);
    const image = await freshImage();
    const making = tsvm(['image', 'iso', '--image', image, '-o', node], await sleeping(t, 'grub-mkrescue'));
    await untilNotEmpty(path);
    making.kill(signal);
    t.equal((await making).signal, signal);
    t.same(await readdir(path), []);
  });
}

for (const emulator of ['qemu', 'bochs']) {
  t.test(`SIGTERM leaves nothing of a run in ${emulator} behind`, { timeout: 120_000 }, async (t) => {
    const { path } = await folder(t);
    const name = emulator === 'qemu' ? 'qemu-system-x86_64' : 'bochs';
    const env = { ...(await sleeping(t, name)), TMPDIR: path };
    const running = tsvm(['run', '--emulator', emulator, '--image', await freshImage()], env);
    await untilNotEmpty(path);
    running.kill('SIGTERM');
    t.equal((await running).signal, 'SIGTERM');
    t.same(await readdir(path), []);
  });
}

t.test('SIGTERM leaves nothing behind of a program that is still writing', { timeout: 60_000 }, async (t) => {
  const { path } = await folder(t);
  const script = `: > "${path}/writes"; cd "${path}"/.tsvm-*; while : > $((n += 1)); do :; done`;
  const { PATH } = await replaced(t, 'grub-mkrescue', script);
  const running = tsvm(['run', '--emulator', 'bochs', '--image', await freshImage()], { PATH, TMPDIR: path });
  while (!(await readdir(path)).includes('writes')) await wait(20);
  running.kill('SIGTERM');
  t.equal((await running).signal, 'SIGTERM');
  t.same(await readdir(path), ['writes']);
});
