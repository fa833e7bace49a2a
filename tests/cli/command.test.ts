import { execa } from 'execa';
import { cp, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { root } from '../../linker/paths.js';

const program = join(root, 'build', 'js', 'cli', 'tsvm.js');
const kernel = join(root, 'build', 'guest', 'vmlinuz');

function tsvm(parameters: readonly string[], env: NodeJS.ProcessEnv = {}) {
  return execa(process.execPath, [program, ...parameters], { reject: false, stdin: 'ignore', env });
}

async function folder(t: Test): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'tsvm-test-'));
  t.teardown(() => rm(path, { recursive: true, force: true }));
  return path;
}

for (const command of ['build', 'check', 'run', 'pack', 'image', 'inspect', 'guest']) {
  t.test(`tsvm ${command} --help shows examples`, async (t) => {
    const { stdout, exitCode } = await tsvm([command, '--help']);
    t.match(stdout, new RegExp(`Examples?:\\n  tsvm ${command}`));
    t.equal(exitCode, 0);
  });
}

t.test('tsvm --help lists the exit codes', async (t) => {
  const { stdout } = await tsvm(['--help']);
  t.match(stdout, /Exit codes:\n {2}0 /);
});

t.test('--version prints the version of package.json', async (t) => {
  const { stdout, exitCode } = await tsvm(['--version']);
  t.match(stdout, /^\d+\.\d+\.\d+$/);
  t.equal(exitCode, 0);
});

for (const [parameters, message, help] of [
  [['fly'], "unknown command 'fly'", 'tsvm --help'],
  [['help', 'nonsense'], "unknown command 'nonsense'", 'tsvm --help'],
  [['build', '--fast'], "unknown option '--fast'", 'tsvm build --help'],
  [['run', '--memory', '5X'], "argument '5X' is invalid", 'tsvm run --help'],
  [['run', '--cpus', '0'], "argument '0' is invalid", 'tsvm run --help'],
  [['run', '--timeout', '2147484'], "argument '2147484' is invalid", 'tsvm run --help'],
  [['run', '--kernel='], "argument '' is invalid", 'tsvm run --help'],
  [['run', 'pc'], "unknown word 'pc': options for QEMU follow --", 'tsvm run --help'],
  [['run', 'pc', '--', '-version'], "unknown word 'pc'", 'tsvm run --help'],
  [['run', '--bare', '--options', 'x'], "'--bare' cannot be used with option '--options", 'tsvm run --help'],
  [['run', '--bare', '--loader', 'linux'], "'--bare' cannot be used with option '--loader", 'tsvm run --help'],
  [['run', '--bare', '--image', 'x'], "'--bare' cannot be used with option '--image", 'tsvm run --help'],
  [['run', '--model', 'bx_generic'], '--model is for Bochs only', 'tsvm run --help'],
  [['run', '--strict-msrs'], '--strict-msrs is for Bochs only', 'tsvm run --help'],
  [['run', '--emulator', 'bochs', '--cpu', 'EPYC'], '--cpu is for QEMU only', 'tsvm run --help'],
  [['run', '--emulator', 'bochs', '--machine', 'pc'], '--machine is for QEMU only', 'tsvm run --help'],
  [['run', '--emulator', 'bochs', '--gdb'], '--gdb is for QEMU only', 'tsvm run --help'],
  [['run', '--emulator', 'bochs', '--loader', 'qemu'], '--loader qemu is for QEMU only', 'tsvm run --help'],
  [['run', '--emulator', 'bochs', '--', 'x'], 'a word after -- is for QEMU only', 'tsvm run --help'],
] as const) {
  t.test(`a wrong command line ends with exit code 2: ${parameters.join(' ')}`, async (t) => {
    const { stdout, stderr, exitCode } = await tsvm(parameters);
    t.equal(exitCode, 2);
    t.match(stderr, /^tsvm: /m);
    t.match(stderr, message);
    t.match(stderr, `  try: ${help}`);
    t.equal(stdout, '');
  });
}

for (const parameters of [['help', 'run'], ['run', '--help'], ['help']]) {
  t.test(`tsvm ${parameters.join(' ')} prints help`, async (t) => {
    const { stdout, exitCode } = await tsvm(parameters);
    t.match(stdout, parameters.includes('run') ? /^Usage: tsvm run / : /^Usage: tsvm \[options\]/);
    t.equal(exitCode, 0);
  });
}

t.test('a file that is not a kernel is named', async (t) => {
  const file = join(await folder(t), 'notes.txt');
  await writeFile(file, 'hello');
  const { stderr, exitCode } = await tsvm(['run', '--kernel', file]);
  t.match(stderr, `${file} is not a kernel`);
  t.equal(exitCode, 2);
});

t.test('a file that is not an image is named', async (t) => {
  const file = join(await folder(t), 'image');
  await writeFile(file, Buffer.alloc(10_000));
  const { stderr, exitCode } = await tsvm(['run', '--image', file]);
  t.match(stderr, `${file} is not an image of tsvm`);
  t.equal(exitCode, 2);
});

for (const [option, verb] of [
  ['--initrd', 'read'],
  ['--kernel', 'read'],
  ['--image', 'read'],
  ['--disk', 'open'],
] as const) {
  t.test(`a missing file is named: ${option}`, async (t) => {
    const { stderr, exitCode } = await tsvm(['run', option, '/nowhere/file']);
    t.equal(stderr, `tsvm: cannot ${verb} /nowhere/file: no such file or directory`);
    t.equal(exitCode, 2);
  });
}

t.test('options for a kernel are refused if the guest is on a disk', async (t) => {
  const disk = join(await folder(t), 'disk');
  await writeFile(disk, Buffer.alloc(512));
  const { stderr, exitCode } = await tsvm(['run', '--bare', '--disk', disk, '--append', 'quiet']);
  t.match(stderr, /--initrd and --append are for a kernel/);
  t.equal(exitCode, 2);
});

t.test('a failed system call is reported in one line', async (t) => {
  const { stderr, exitCode } = await tsvm(['run', '--bare', '--kernel', kernel], { TMPDIR: '/nowhere' });
  t.match(stderr, /^tsvm: cannot mkdtemp \/nowhere\/\S+: no such file or directory$/);
  t.equal(exitCode, 3);
});

t.test('an internal error is reported with its place, and has its own exit code', async (t) => {
  const copy = await folder(t);
  await cp(join(root, 'build', 'js'), join(copy, 'build', 'js'), { recursive: true });
  await symlink(join(root, 'node_modules'), join(copy, 'node_modules'));
  await writeFile(join(copy, 'build', 'package.json'), '{ "type": "module" }');
  await writeFile(join(copy, 'package.json'), 'not what tsvm reads');
  const words = [join(copy, 'build', 'js', 'cli', 'tsvm.js'), '--version'];
  const { stderr, exitCode } = await execa(process.execPath, words, { reject: false });
  t.match(stderr, /^tsvm: internal error, please report it\nSyntaxError: .*\n {4}at /);
  t.equal(exitCode, 70);
});

t.test('the error for a missing program names its package', async (t) => {
  const path = await folder(t);
  await symlink(process.execPath, join(path, 'node'));
  const { stderr, exitCode } = await tsvm(['build'], { PATH: path });
  t.match(stderr, /gcc is not installed; it is in the Debian package gcc\n {2}try: apt-get install gcc/);
  t.equal(exitCode, 3);
});

t.test('without a terminal there is no colour', async (t) => {
  const { stderr } = await tsvm(['run', '--kernel', '/nowhere']);
  t.notMatch(stderr, /\u001b/);
});

t.test('tsvm guest --json prints one object with the paths', async (t) => {
  const { stdout, exitCode } = await tsvm(['guest', '--json']);
  t.match(JSON.parse(stdout), { kernel: /vmlinuz$/, initrd: /initrd\.img$/ });
  t.equal(exitCode, 0);
});

t.test('a run that takes longer than --timeout ends with exit code 124', async (t) => {
  const { stdout, exitCode } = await tsvm(['run', '--bare', '--timeout', '1', '--json']);
  t.equal((JSON.parse(stdout) as { ended: string }).ended, 'timeout');
  t.equal(exitCode, 124);
});

t.test('words after -- go to the emulator', async (t) => {
  const { stdout, exitCode } = await tsvm(['run', '--bare', '--', '-version']);
  t.match(stdout, /QEMU emulator version/);
  t.equal(exitCode, 0);
});
