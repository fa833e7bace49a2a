/** The kernel's lists of exits and events, and what is made of them. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { makeFiles, namesHeader } from '../../instruments/generated.js';
import { kernelList, listNames, readList } from '../../instruments/lists.js';
import { Owner } from '../../kernel/access/owner.js';
import { Event } from '../../kernel/observe/events.js';
import { ExitCode } from '../../kernel/svm/control/exitCode.js';
import { ExitReason } from '../../kernel/vmx/control/exitReason.js';
import { root } from '../../linker/paths.js';

for (const [path, text] of await makeFiles(root)) {
  t.test(`${path} is as npm run docs makes it`, (t) => {
    t.equal(readFileSync(join(root, path), 'utf8'), text);
    t.end();
  });
}

t.test('the lists are those that the kernel runs by', (t) => {
  const enumerations = { 'AMD-V exits': ExitCode, 'VT-x exits': ExitReason, owners: Owner, events: Event };
  for (const list of listNames) {
    const listed = kernelList(root, list).map(({ name, number }) => [name, number] as const);
    t.same(Object.fromEntries(listed), enumerations[list], list);
  }
  t.end();
});

t.test('the header for tsvm-stat has each name once, with its number', (t) => {
  const header = namesHeader(root);
  for (const list of listNames)
    for (const { name, number } of kernelList(root, list)) {
      const rows = header.split('\n').filter((row) => row.startsWith(`    {${number}, "${name}", "`));
      t.ok(rows.length >= 1, `${list}: ${name}`);
    }
  t.match(header, /\n {4}\{4, "sipi", "got the SIPI that it waited for, and starts"\},\n/);
  t.notMatch(header, /`#/, 'C gets the text without the marks of Markdown');
  t.end();
});

const read = (member: string) => () => readList('x.ts', `export const X = {\n${member}\n} as const;`, 'X');

t.test('a member is its name, its number and its comment as one line', (t) => {
  t.same(read('/**\n * some\n * words\n */\na: 0x1_0,')(), [{ name: 'a', number: 16, text: 'some words' }]);
  t.end();
});

t.test('what cannot be listed is refused with its place', (t) => {
  t.throws(read('a: 1,'), { message: 'x.ts: X.a has no comment that says what it means' });
  t.throws(read('/** words */ a: OTHER,'), { message: 'x.ts: X.a is no number' });
  t.throws(() => readList('x.ts', 'export const Y = {} as const;', 'X'), {
    message: 'x.ts: there is no enumeration X',
  });
  t.end();
});
