/** What the pages for people refer to: links, headings and paths of this project. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import t from 'tap';
import { root } from '../../linker/paths.js';
import { FLOORS } from '../support/floors.js';

const pages = [
  ...readdirSync(root).filter((file) => file.endsWith('.md')),
  ...readdirSync(join(root, 'docs'))
    .filter((file) => file.endsWith('.md'))
    .map((file) => join('docs', file)),
];

const FENCED = /^```[^\n]*\n.*?^```$/gms;
const LINK = /\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)/g;
const HEADING = /^#+ (.*)$/gm;
/** In code quotes: a page, or a path below a folder of the project, with * for any name. What the build writes is not looked for. */
const PATH =
  /`((?:bench|cli|docs|emulators|images|instruments|kernel|linker|runtime-c|tests|transpiler)\/[\w./*-]*|[A-Z]+\.md)`/g;

const textOf = (page: string) => readFileSync(join(root, page), 'utf8');
const withoutCode = (text: string) => text.replace(FENCED, '');

/** The anchor that a heading gets: lower case, hyphens for spaces, without other punctuation. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');
}

function anchorsOf(text: string): string[] {
  return [...withoutCode(text).matchAll(HEADING)].map(([, heading = '']) => anchorOf(heading));
}

/** The links of `text`, the page at `page`, that lead nowhere. */
function brokenLinks(page: string, text: string): string[] {
  return [...withoutCode(text).matchAll(LINK)]
    .filter(([, path = '', anchor]) => {
      const target = path === '' ? page : normalize(join(dirname(page), path));
      if (target !== page && !existsSync(join(root, target))) return true;
      return anchor !== undefined && !anchorsOf(target === page ? text : textOf(target)).includes(anchor);
    })
    .map(([link]) => `${page}: ${link.slice(1)}`);
}

/** The paths that `text` names and that are not there. */
function missingPaths(page: string, text: string): string[] {
  return [...withoutCode(text).matchAll(PATH)]
    .map(([, path = '']) => path)
    .filter((path) => !isThere(path))
    .map((path) => `${page}: ${path}`);
}

function isThere(path: string): boolean {
  if (!path.includes('*')) return existsSync(join(root, path)) || existsSync(join(root, asImported(path)));
  const pattern = new RegExp(`^${path.replaceAll('.', '\\.').replaceAll('*', '[^/]*')}$`);
  const folder = dirname(path.slice(0, path.indexOf('*') + 1));
  if (!existsSync(join(root, folder))) return false;
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).some((file) =>
    pattern.test(join(folder, file)),
  );
}

/** The source of what an import names. */
function asImported(path: string): string {
  return path.replace(/\.js$/, '.ts');
}

t.test('each link of a page leads to a file, and to a heading in it', (t) => {
  t.same(
    pages.flatMap((page) => brokenLinks(page, textOf(page))),
    [],
  );
  t.end();
});

t.test('each path that a page names is there', (t) => {
  t.same(
    pages.flatMap((page) => missingPaths(page, textOf(page))),
    [],
  );
  t.end();
});

/** In code quotes: the name of a function, of a constant or of something else in the sources. */
const NAME = /`([A-Za-z_]\w+)(?:\(\))?`/g;

t.test('each name in docs/kernel.md occurs in the sources', (t) => {
  const sources = ['kernel', 'runtime-c', 'tests', 'transpiler/lib'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((file) => /\.(ts|asm|h|inc)$/.test(file))
      .map((file) => readFileSync(join(root, folder, file), 'utf8')),
  );
  const words = new Set(sources.flatMap((text) => text.match(/\w+/g) ?? []));
  const names = [...withoutCode(textOf('docs/kernel.md')).matchAll(NAME)].map(([, name = '']) => name);
  t.same(
    names.filter((name) => !words.has(name)),
    [],
  );
  t.ok(names.includes('onSvmExit'));
  t.end();
});

/** The first cell of a row of the table of floors. */
const FLOOR = /^\| ((?:`[\w*./]+` ?)+) +\|/gm;

t.test('docs/kernel.md has the floors of the kernel in their order', (t) => {
  const [table = ''] = textOf('docs/kernel.md').split('## Memory');
  const rows = [...table.matchAll(FLOOR)].map(([, cell = '']) => cell.match(/[a-z]\w+(?=\/)/g) ?? []);
  const expected = FLOORS.map((floor) => floor.map((folder) => folder.replace(/^kernel\//, '')));
  t.same(rows, expected);
  t.end();
});

t.test('README names each page', (t) => {
  const readme = textOf('README.md');
  t.same(
    pages.filter((page) => page !== 'README.md' && !readme.includes(`](${page})`)),
    [],
  );
  t.end();
});

t.test('a link without a target, a heading that is not there and a missing path are found', (t) => {
  const sample =
    '# One thing: this\n\n[a](#one-thing-this) [b](#other) [c](../LICENSE) [d](none.md) `kernel/none*.ts` `kernel/m*.ts`\n';
  t.same(brokenLinks('docs/sample.md', sample), ['docs/sample.md: (#other)', 'docs/sample.md: (none.md)']);
  t.same(missingPaths('docs/sample.md', sample), ['docs/sample.md: kernel/none*.ts']);
  t.end();
});
