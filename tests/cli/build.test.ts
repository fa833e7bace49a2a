import { execa } from 'execa';
import { cp, mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { root } from '../../linker/paths.js';
import type { BuildReport } from '../../linker/toolchain/build.js';

const KIBIBYTE = 1024;

/** Copies the project, compiled but not built, into a folder of its own. */
async function copyOfProject(t: Test): Promise<string> {
  const copy = await mkdtemp(join(tmpdir(), 'tsvm-test-'));
  t.teardown(() => rm(copy, { recursive: true, force: true }));
  const parts = ['kernel', 'runtime-c', 'linker', 'transpiler', 'package.json', 'tsconfig.json', 'build/js'];
  await Promise.all(parts.map((part) => cp(join(root, part), join(copy, part), { recursive: true })));
  await symlink(join(root, 'node_modules'), join(copy, 'node_modules'));
  return copy;
}

function build(project: string, ...options: string[]) {
  const program = join(project, 'build', 'js', 'cli', 'tsvm.js');
  return execa(process.execPath, [program, 'build', ...options], { reject: false, cwd: tmpdir() });
}

t.test('two builds in two folders give the same bytes', async (t) => {
  const projects = [await copyOfProject(t), await copyOfProject(t)];
  for (const project of projects) {
    const { exitCode, stderr } = await build(project);
    t.equal(exitCode, 0, stderr);
  }
  for (const name of ['tsvm.bin', 'tsvm.debug', 'tsvm.map', 'report.json']) {
    const [one, other] = await Promise.all(projects.map((project) => readFile(join(project, 'build', name))));
    t.ok(other !== undefined && one?.equals(other), name);
  }
});

t.test('an unchanged kernel is not built again', async (t) => {
  const project = await copyOfProject(t);
  const first = JSON.parse((await build(project, '--json')).stdout) as { kind: string; report: BuildReport };
  const { stdout } = await build(project, '--json');
  t.equal(first.kind, 'built');
  t.same(JSON.parse(stdout), { kind: 'unchanged', report: first.report });

  const checked = JSON.parse((await build(project, '--checked', '--json')).stdout) as typeof first;
  t.equal(checked.kind, 'built', 'the checked image is another one');
  t.ok(checked.report.text > first.report.text, `${checked.report.text} bytes of code, ${first.report.text} without`);
  t.equal((await stat(join(project, 'build', 'checked', 'tsvm.bin'))).size, checked.report.image);
  const both = [await build(project, '--json'), await build(project, '--checked', '--json')];
  const again = both.map((result) => JSON.parse(result.stdout) as typeof first);
  t.same(
    again,
    [first, checked].map(({ report }) => ({ kind: 'unchanged', report })),
    'neither is taken for the other',
  );
});

t.test('TypeScript outside the subset is refused, and leaves no image behind', async (t) => {
  const project = await copyOfProject(t);
  await build(project);
  const file = join(project, 'kernel', 'main.ts');
  await writeFile(file, `${await readFile(file, 'utf8')}\nexport function outside(): string { return \`\${1}\`; }\n`);
  const { exitCode, stderr } = await build(project);
  t.equal(exitCode, 1);
  t.match(stderr, /kernel\/main\.ts:\d+:\d+ +TSV1\d{3}/);
  await t.rejects(stat(join(project, 'build', 'tsvm.bin')), { code: 'ENOENT' });
});

t.test('the image is at most 256 KiB, and takes at most 1 MiB of memory', async (t) => {
  const project = await copyOfProject(t);
  const { report } = JSON.parse((await build(project, '--json')).stdout) as { report: BuildReport };
  t.ok(report.image <= 256 * KIBIBYTE, `the file has ${report.image} bytes`);
  const memory = report.text + report.constants + report.symbols + report.data + report.zeroed;
  t.ok(memory <= 1024 * KIBIBYTE, `it takes ${memory} bytes of memory`);
});

t.test('--watch builds again after a change', async (t) => {
  const project = await copyOfProject(t);
  const program = join(project, 'build', 'js', 'cli', 'tsvm.js');
  const watching = execa(process.execPath, [program, 'build', '--watch'], { reject: false, timeout: 120_000 });
  const file = join(project, 'kernel', 'main.ts');
  let builds = 0;
  for await (const line of watching.iterable({ from: 'stderr' })) {
    if (line.includes('watching')) await writeFile(file, `${await readFile(file, 'utf8')}\n// changed\n`);
    if (line.includes('build/tsvm.bin')) builds += 1;
    if (builds === 2) watching.kill();
  }
  t.equal(builds, 2);
});
