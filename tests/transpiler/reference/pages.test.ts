import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { makePages } from '../../../transpiler/reference/pages.js';
import { fillRegions, markdownTable } from '../../../transpiler/reference/regions.js';

const root = join(import.meta.dirname, '../../../../..');

for (const [path, text] of await makePages(root)) {
  t.test(`${path} is as npm run docs makes it`, async (t) => {
    t.equal(await readFile(join(root, path), 'utf8'), text);
  });
}

t.test('a region is made from its instruction and the code before it', (t) => {
  const page = '```ts\nlet x;\n```\n\n<!-- generated: c x -->\n\nold\n\n<!-- end generated -->\n\nrest\n';
  const filled = fillRegions(page, ({ instruction, code }) => `${instruction} of ${code}`);
  t.equal(filled, page.replace('old', 'c x of let x;'));
  t.end();
});

t.test('a region without an end is refused', (t) => {
  t.throws(() => fillRegions('<!-- generated: c x -->\n', () => ''), /no <!-- end/);
  t.end();
});

t.test('a table keeps the bars in its cells', (t) => {
  t.equal(markdownTable(['a', 'b'], [['x|y', 'z']]), '| a | b |\n|---|---|\n| x\\|y | z |');
  t.end();
});
