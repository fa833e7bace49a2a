import { execa } from 'execa';
import { join } from 'node:path';
import t from 'tap';
import { root } from '../linker/paths.js';

const run = (program: string, ...parameters: string[]) =>
  execa(join('node_modules', '.bin', program), parameters, { cwd: root, reject: false, all: true });

t.test('TypeScript accepts all sources', async (t) => {
  const { exitCode, all } = await run('tsc', '--noEmit', '-p', '.');
  t.equal(exitCode, 0, all);
});

t.test('eslint accepts all sources', async (t) => {
  const { exitCode, all } = await run('eslint', '.');
  t.equal(exitCode, 0, all);
});

t.test('prettier would change nothing', async (t) => {
  const { exitCode, all } = await run('prettier', '--check', '.');
  t.equal(exitCode, 0, all);
});
