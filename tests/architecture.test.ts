import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import t from 'tap';
import { root } from '../linker/paths.js';
import { FLOORS } from './support/floors.js';
import {
  circleIn,
  filesOutside,
  folderImports,
  type Imports,
  importsIn,
  importsOfFolders,
  importsUpward,
  importsWhere,
  type Order,
} from './support/imports.js';

/** The folders with TypeScript, from the top down. The files directly in linker/ serve all programs of the host. */
const TOP_LEVEL: Order = [
  ['tests'],
  ['cli'],
  ['bench'],
  ['images', 'emulators'],
  ['instruments'],
  ['linker/toolchain'],
  ['linker/formats'],
  ['linker'],
  ['kernel', 'docs'],
  ['transpiler'],
];
const folders = TOP_LEVEL.flat().filter((folder) => !folder.includes('/'));
const imports = importsIn(root, folders);

const MOST_LINES = 400;
const MOST_FILES = 25;
const SOURCE = /\.(ts|c|h|asm|inc|ld|sh)$/;
/** Folders with expected results of tests, and with the output of tools. */
const NOT_WRITTEN = /(^|\/)(golden|fixtures|dist|node_modules)\//;
/** The files that people write, by paths relative to the root. */
const files = [...folders, 'runtime-c'].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
    .filter((file) => !NOT_WRITTEN.test(file)),
);

t.test('no files import each other in a circle, not even for types', (t) => {
  t.equal(circleIn(imports)?.join(' -> '), undefined);
  t.end();
});

t.test('each relative import is of a file that is there', (t) => {
  const missing = importsWhere(imports, (_, path) => !imports.has(path) && !existsSync(join(root, path)));
  t.same(missing, []);
  t.ok(imports.get('tests/architecture.test.ts')?.includes('tests/support/imports.ts'));
  t.end();
});

t.test('the folders at the top import each other downwards only, and in no circle', (t) => {
  t.same(filesOutside(imports, TOP_LEVEL), []);
  t.same(importsUpward(imports, TOP_LEVEL), []);
  for (const parent of ['', 'linker', 'tests']) {
    t.equal(
      circleIn(folderImports(imports, parent))?.join(' -> '),
      undefined,
      `between the folders of ${parent || '.'}`,
    );
  }
  t.end();
});

t.test('the floors of the kernel import each other downwards only, and its folders in no circle', (t) => {
  const kernel: Imports = new Map(
    [...imports]
      .filter(([file]) => file.startsWith('kernel/'))
      .map(([file, paths]) => [file, paths.filter((path) => path.startsWith('kernel/'))]),
  );
  t.same(filesOutside(kernel, FLOORS), []);
  t.same(importsUpward(kernel, FLOORS), []);
  t.equal(circleIn(importsOfFolders(kernel))?.join(' -> '), undefined);
  const isOther = (file: string, path: string) => /^kernel\/svm/.test(file) && /^kernel\/vmx/.test(path);
  t.same(
    importsWhere(kernel, (file, path) => isOther(file, path) || isOther(path, file)),
    [],
    'the vendors know nothing of each other',
  );
  t.end();
});

t.test('the folders of the transpiler import each other in no circle', (t) => {
  const transpiler: Imports = new Map([...imports].filter(([file]) => file.startsWith('transpiler/')));
  t.equal(circleIn(importsOfFolders(transpiler))?.join(' -> '), undefined);
  t.end();
});

t.test('the kernel imports nothing but itself and the language’s library', (t) => {
  const isForeign = (path: string) => !path.startsWith('kernel/') && !path.startsWith('transpiler/lib/');
  t.same(
    importsWhere(imports, (file, path) => file.startsWith('kernel/') && isForeign(path)),
    [],
  );
  t.end();
});

t.test('only the tests of the command import the command', (t) => {
  const isOther = (file: string) => !file.startsWith('cli/') && !file.startsWith('tests/cli/');
  t.same(
    importsWhere(imports, (file, path) => path.startsWith('cli/') && isOther(file)),
    [],
  );
  t.end();
});

t.test(`no folder holds more than ${MOST_FILES} files`, (t) => {
  const counts = new Map<string, number>();
  for (const file of files) counts.set(dirname(file), (counts.get(dirname(file)) ?? 0) + 1);
  t.same(
    [...counts].filter(([, count]) => count > MOST_FILES),
    [],
  );
  t.ok(counts.has('tests/support'));
  t.end();
});

t.test(`no source file has more than ${MOST_LINES} lines`, (t) => {
  const sources = files.filter((file) => SOURCE.test(file));
  const lines = (file: string) => readFileSync(join(root, file), 'utf8').split('\n').length - 1;
  t.same(
    sources.filter((file) => lines(file) > MOST_LINES),
    [],
  );
  t.ok(sources.includes('runtime-c/boot.asm'));
  t.end();
});

t.test('a circle of files is found, whichever of them is looked at first', (t) => {
  const circle: Imports = new Map([
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

t.test('an import against the order, and a circle of folders without one of files, are found', (t) => {
  const sample: Imports = new Map([
    ['top/a.ts', ['low/b.ts', 'low/inner/c.ts']],
    ['low/b.ts', ['low/inner/c.ts']],
    ['low/inner/c.ts', ['beside/d.ts']],
    ['beside/d.ts', []],
    ['beside/e.ts', ['low/b.ts', 'top/a.ts']],
  ]);
  const order: Order = [['top'], ['low', 'beside'], ['low/inner']];
  t.same(importsUpward(sample, order), ['low/inner/c.ts -> beside/d.ts', 'beside/e.ts -> top/a.ts']);
  t.same(filesOutside(sample, [['top'], ['low']]), ['beside/d.ts', 'beside/e.ts']);
  t.equal(circleIn(sample), null);
  t.same(circleIn(folderImports(sample, '')), ['low', 'beside', 'low']);
  t.same([...folderImports(sample, 'low')], [['low/inner', []]]);
  t.same(importsOfFolders(sample).get('low/inner'), ['beside']);
  t.end();
});
