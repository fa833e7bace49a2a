/** The transpiler as a package: packed, installed into an empty folder, and used there. Without the network. */
import { execa } from 'execa';
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { fencesOf } from '../../../transpiler/reference/regions.js';
import { firstLineOf, LINE } from '../../support/helloMachine.js';
import { root, scratchFolder } from '../../support/hosted/scratch.js';

t.setTimeout(600_000);

const NAME = '@tsvm/transpiler';
const LIBRARY = '../../transpiler/lib/index.js';
/** Runs the program in Node, where it sends to a simulated serial port. */
const SIMULATION = `
import { simulate } from '${NAME}/lib/testing';
import { start } from './build/js/main.js';
simulate({
  in8: () => 0x20,
  out8: (_port, byte) => process.stdout.write(String.fromCharCode(byte)),
  haltForever: () => process.exit(),
});
start();
`;

t.test('docs/hello is built and run in an empty folder', async (t) => {
  const folder = scratchFolder(t, 'package');
  const project = join(folder, 'project');
  await install(project, await pack(folder));
  writeProgram(project);

  await t.test('it prints its line on a machine', async (t) => {
    const env = { TRANSPILE: 'npx --offline tsvm-transpile' };
    const { stderr } = await execa('sh', ['hello/build.sh', 'build'], { cwd: project, env });
    t.equal(stderr, '');
    t.equal(await firstLineOf(join(project, 'build', 'hello.elf')), LINE);
  });

  await t.test('its C is the one that the checkout makes', async (t) => {
    const command = join(root, 'build', 'js', 'transpiler', 'command.js');
    await execa('node', [command, 'docs/hello', join(folder, 'c')], { cwd: root });
    const made = readFileSync(join(project, 'build', 'main.c'), 'utf8');
    t.equal(made, readFileSync(join(folder, 'c', 'main.c'), 'utf8'));
  });

  await t.test('it runs in Node', async (t) => {
    await execa(join(root, 'node_modules', '.bin', 'tsc'), ['-p', '.'], { cwd: project });
    const { stdout } = await execa('node', ['simulation.js'], { cwd: project, stripFinalNewline: false });
    t.equal(stdout, LINE);
  });

  await t.test('the test in docs/language.md passes', async (t) => {
    const page = readFileSync(join(root, 'docs', 'language.md'), 'utf8');
    const [test] = fencesOf(page, 'js');
    writeFileSync(join(project, 'hello.test.js'), test?.code ?? '');
    const { stdout } = await execa('node', ['--test', 'hello.test.js'], { cwd: project });
    t.match(stdout, /pass 1\b/);
  });

  await t.test('a fault is refused there as here', async (t) => {
    const main = join(project, 'hello', 'main.ts');
    writeFileSync(main, readFileSync(main, 'utf8').replace('i < text.length', 'i <= text.length'));
    const { exitCode, stderr } = await transpileIn(project, 'hello', 'refused');
    t.equal(exitCode, 1);
    t.match(stderr, /hello\/main\.ts:\d+:\d+ +TSV2\d+/);
    t.notOk(existsSync(join(project, 'refused')), 'no C is written');
  });

  await t.test('a folder without a program is refused', async (t) => {
    const missing = await transpileIn(project, 'hallo', 'build');
    t.same([missing.exitCode, missing.stderr], [2, 'there is no folder hallo']);
    const empty = await transpileIn(project, 'build', 'build');
    t.same([empty.exitCode, empty.stderr], [2, 'there is no .ts file in build']);
  });
});

async function transpileIn(project: string, folder: string, output: string) {
  return execa('npx', ['--offline', 'tsvm-transpile', folder, output], { cwd: project, reject: false });
}

/** Packs the transpiler and what it depends on; gives the tarballs by the names of the packages. */
async function pack(folder: string): Promise<ReadonlyMap<string, string>> {
  // Packed where it is, its JavaScript would lie for a while among the sources that other tests look at.
  cpSync(join(root, 'transpiler'), join(folder, 'transpiler'), { recursive: true });
  cpSync(join(root, 'tsconfig.json'), join(folder, 'tsconfig.json'));
  const dependencies = dependenciesOf('transpiler').map((name) => join(root, 'node_modules', name));
  const tarballs = join(folder, 'tarballs');
  mkdirSync(tarballs);
  const own = await npm(folder, 'pack', join(folder, 'transpiler'), '--pack-destination', tarballs, '--json');
  const others = await npm(
    folder,
    'pack',
    ...dependencies,
    '--ignore-scripts',
    '--pack-destination',
    tarballs,
    '--json',
  );
  const packed = [own, others].flatMap((text) => JSON.parse(text) as { name: string; filename: string }[]);
  return new Map(packed.map(({ name, filename }) => [name, join(tarballs, filename)]));
}

/** All packages that the one in `folder` needs at run time, by the lock file. */
function dependenciesOf(folder: string): readonly string[] {
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
    packages: Readonly<Record<string, { readonly dependencies?: Readonly<Record<string, string>> }>>;
  };
  const found = new Set<string>();
  const add = (path: string): void => {
    for (const name of Object.keys(packages[path]?.dependencies ?? {})) {
      if (found.has(name)) continue;
      found.add(name);
      add(`node_modules/${name}`);
    }
  };
  add(folder);
  return [...found];
}

async function install(project: string, tarballs: ReadonlyMap<string, string>): Promise<void> {
  mkdirSync(project);
  const files = [...tarballs].map(([name, file]) => [name, `file:${file}`] as const);
  const dependencies = Object.fromEntries(files.filter(([name]) => name === NAME));
  const overrides = Object.fromEntries(files.filter(([name]) => name !== NAME));
  writeFileSync(join(project, 'package.json'), JSON.stringify({ type: 'module', dependencies, overrides }));
  await npm(project, 'install', '--offline', '--no-audit', '--no-fund');
}

async function npm(cwd: string, ...parameters: readonly string[]): Promise<string> {
  const { stdout } = await execa('npm', parameters, { cwd });
  return stdout;
}

/** The program of docs/hello, which imports the library by the package's name. */
function writeProgram(project: string): void {
  cpSync(join(root, 'docs', 'hello'), join(project, 'hello'), { recursive: true });
  const main = join(project, 'hello', 'main.ts');
  writeFileSync(main, readFileSync(main, 'utf8').replace(LIBRARY, `${NAME}/lib`));
  const tsconfig = {
    extends: `${NAME}/tsconfig.json`,
    compilerOptions: { rootDir: 'hello', outDir: 'build/js' },
    include: ['hello'],
  };
  writeFileSync(join(project, 'tsconfig.json'), JSON.stringify(tsconfig));
  writeFileSync(join(project, 'simulation.js'), SIMULATION);
}
