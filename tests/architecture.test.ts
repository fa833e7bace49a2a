import { existsSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { circleIn, importsIn } from './support/imports.js';

const root = join(import.meta.dirname, '..', '..', '..');
const imports = importsIn(root, [
  'transpiler',
  'kernel',
  'linker',
  'images',
  'emulators',
  'cli',
  'bench',
  'docs',
  'tests',
]);

t.test('no files import each other in a circle, not even for types', (t) => {
  t.equal(circleIn(imports)?.join(' -> '), undefined);
  t.end();
});

t.test('each relative import is of a file that is there', (t) => {
  const missing = [...imports].flatMap(([file, imported]) =>
    imported.filter((path) => !imports.has(path) && !existsSync(join(root, path))).map((path) => `${file}: ${path}`),
  );
  t.same(missing, []);
  t.ok(imports.get('tests/architecture.test.ts')?.includes('tests/support/imports.ts'));
  t.end();
});

t.test('a circle of files is found, whichever of them is looked at first', (t) => {
  const circle = new Map([
    ['start.ts', ['a.ts', 'leaf.ts']],
    ['a.ts', ['leaf.ts', 'b.ts']],
    ['b.ts', ['leaf.ts', 'a.ts']],
    ['leaf.ts', []],
  ]);
  t.same(circleIn(circle), ['a.ts', 'b.ts', 'a.ts']);
  t.same(circleIn(new Map([...circle].reverse())), ['b.ts', 'a.ts', 'b.ts']);
  t.equal(circleIn(new Map([...circle].filter(([file]) => file !== 'b.ts'))), null);
  t.end();
});
