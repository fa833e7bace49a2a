/** The worked examples of docs/kernel.md: each change of the sources fits, is proved, and passes the tests that the page shows for it. */
import { execa } from 'execa';
import { cp, mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import t from 'tap';
import ts from 'typescript';
import { root } from '../../../linker/paths.js';
import { check } from '../../../transpiler/index.js';
import { copyChanged } from '../../support/machines/undone.js';
import { applyChanges, changesIn } from './changes.js';

t.setTimeout(300_000);

/** Three levels below the project's folder, as copyChanged() wants it. */
const copy = join(root, 'build', 'examples', 'kernel.md');
const compiled = join(copy, 'js');
const changes = changesIn(await readFile(join(root, 'docs', 'kernel.md'), 'utf8'));
const ofKernel = changes.filter(({ file }) => file.startsWith('kernel/'));
const tests = changes.map(({ file }) => file).filter((file) => file.endsWith('.test.ts'));

/** What the tests of the page run with, compiled: the project's own but for the files that the page changes. */
async function compile(): Promise<void> {
  const built = join(root, 'build', 'js');
  const sources = join(copy, 'changed');
  for (const folder of [compiled, sources]) await rm(folder, { recursive: true, force: true });
  for (const folder of ['kernel', 'linker', 'tests/kernel/support', 'tests/support']) {
    await cp(join(built, folder), join(compiled, folder), { recursive: true });
  }
  await symlink(join(built, 'transpiler'), join(compiled, 'transpiler'));
  for (const { file } of changes.filter(({ isNew }) => !isNew)) {
    await mkdir(dirname(join(sources, file)), { recursive: true });
    await cp(join(root, file), join(sources, file));
  }
  await applyChanges(changes, sources);
  for (const { file } of changes) {
    const path = join(compiled, file.replace(/\.ts$/, '.js'));
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, javaScriptOf(await readFile(join(sources, file), 'utf8')));
  }
}

function javaScriptOf(text: string): string {
  const { ESNext: module } = ts.ModuleKind;
  return ts.transpileModule(text, { compilerOptions: { module, target: ts.ScriptTarget.ES2022 } }).outputText;
}

t.test('the page has an example with a test', (t) => {
  t.not(ofKernel.length, 0);
  t.not(tests.length, 0);
  t.end();
});

t.test('the changed kernel is accepted and proved', async (t) => {
  await copyChanged(copy, () => applyChanges(ofKernel, copy));
  const { diagnostics, isComplete } = check({ folder: join(copy, 'kernel'), cache: join(copy, 'findings') });
  t.same(diagnostics, []);
  t.ok(isComplete);
});

t.test('the tests of the page pass', async (t) => {
  await compile();
  for (const file of tests) {
    const path = join(compiled, file.replace(/\.ts$/, '.js'));
    const { exitCode, all } = await execa('node', [path], { cwd: root, reject: false, all: true });
    t.equal(exitCode, 0, `${file}\n${exitCode === 0 ? '' : all}`);
    t.match(all, /^ok 1 /m);
  }
});

t.test('a change that does not fit is refused', async (t) => {
  const folder = t.testdir({ 'a.ts': 'one\ntwo\n' });
  const [change] = changesIn('```diff\n--- a.ts\n+++ a.ts\n one\n-three\n+four\n```\n');
  await t.rejects(applyChanges(change === undefined ? [] : [change], folder), /a\.ts has this text not/);
  await applyChanges(changesIn('```diff\n--- a.ts\n+++ a.ts\n-one\n+four\n@@\n two\n+three\n```\n'), folder);
  t.equal(await readFile(join(folder, 'a.ts'), 'utf8'), 'four\ntwo\nthree\n');
});
