import { execa } from 'execa';
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';

const root = join(import.meta.dirname, '..', '..', '..', '..');
const program = join(root, 'build', 'js', 'cli', 'tsvm.js');

function tsvm(parameters: readonly string[], env: NodeJS.ProcessEnv = {}) {
  return execa(process.execPath, [program, ...parameters], { reject: false, stdin: 'ignore', env });
}

async function folder(t: Test): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'tsvm-test-'));
  t.teardown(() => rm(path, { recursive: true, force: true }));
  return path;
}

for (const command of ['build', 'check', 'run', 'pack', 'inspect', 'guest']) {
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

for (const parameters of [['fly'], ['build', '--fast'], ['run', '--memory', '5X'], ['run', '--cpus', '0']]) {
  t.test(`a wrong command line ends with 2: ${parameters.join(' ')}`, async (t) => {
    const { stdout, stderr, exitCode } = await tsvm(parameters);
    t.equal(exitCode, 2);
    t.match(stderr, parameters.at(-1));
    t.equal(stdout, '');
  });
}

t.test('a kernel that is none is named', async (t) => {
  const file = join(await folder(t), 'notes.txt');
  await writeFile(file, 'hello');
  const { stderr, exitCode } = await tsvm(['run', '--kernel', file]);
  t.match(stderr, `${file} is not a kernel`);
  t.equal(exitCode, 2);
});

t.test('an image that is none is named', async (t) => {
  const file = join(await folder(t), 'image');
  await writeFile(file, Buffer.alloc(10_000));
  const { stderr, exitCode } = await tsvm(['run', '--image', file]);
  t.match(stderr, `${file} is no image of tsvm`);
  t.equal(exitCode, 2);
});

t.test('a file that is not there is named', async (t) => {
  const { stderr, exitCode } = await tsvm(['run', '--initrd', '/nowhere/initrd']);
  t.match(stderr, /cannot read \/nowhere\/initrd: ENOENT/);
  t.equal(exitCode, 2);
});

t.test('a missing program leads to the package that holds it', async (t) => {
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

t.test('a run that takes longer than --timeout ends with 124', async (t) => {
  const { stdout, exitCode } = await tsvm(['run', '--bare', '--timeout', '1', '--json']);
  t.equal((JSON.parse(stdout) as { ended: string }).ended, 'timeout');
  t.equal(exitCode, 124);
});

t.test('words after -- go to the emulator', async (t) => {
  const { stdout, exitCode } = await tsvm(['run', '--bare', '--', '-version']);
  t.match(stdout, /QEMU emulator version/);
  t.equal(exitCode, 0);
});
