/** What a change affects: a proof depends on more than its own function, and no dependency may be missed. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { check } from '../../../transpiler/index.js';
import { scratchFolder } from '../../support/hosted/scratch.js';
import { withImports } from '../prove/support.js';

t.setTimeout(300_000);

interface Change {
  /** What the unchanged function depends on. */
  readonly name: string;
  /** The module that is changed, and the one that is not; their imports from the library are added. */
  readonly part: string;
  readonly user: string;
  readonly before: string;
  readonly after: string;
}

/** The user is accepted before the change, and refused after it. */
const CHANGES: readonly Change[] = [
  {
    name: 'what a called function requires',
    part: 'export function take(x: u32): u32 {\n  requires(x < 10);\n  return x;\n}',
    user: "import { take } from './part.js';\nexport function user(): u32 {\n  return take(9);\n}",
    before: 'x < 10',
    after: 'x < 9',
  },
  {
    name: 'what a called function ensures',
    part: `export function clip(x: u32, most: u32): u32 {
  const y: u32 = min32(x, most);
  ensures(y <= most);
  return y;
}`,
    user: `import { clip } from './part.js';
const bytes = instance(arr(U8, 10));
export function user(x: u32, most: u32): u8 {
  if (most > 9) return 0;
  return bytes.get(clip(x, most));
}`,
    before: 'ensures(y <= most)',
    after: 'ensures(y <= x)',
  },
  {
    name: 'the values that a called function returns',
    part: 'export function digit(x: u32): u32 {\n  if (x > 9) return 9;\n  return x;\n}',
    user: `import { digit } from './part.js';
const bytes = instance(arr(U8, 10));
export function user(x: u32): u8 {
  return bytes.get(digit(x));
}`,
    before: 'x > 9',
    after: 'x > 999',
  },
  {
    name: 'the expression that a called function returns',
    part: 'export function isDigit(x: u32): boolean {\n  return x < 10;\n}',
    user: `import { isDigit } from './part.js';
const bytes = instance(arr(U8, 10));
export function user(x: u32): u8 {
  return isDigit(x) ? bytes.get(x) : 0;
}`,
    before: 'x < 10',
    after: 'x < 11',
  },
  {
    name: 'an expression that is returned two calls away',
    part: 'export function below(x: u32): boolean {\n  return x < 10;\n}',
    user: `import { below } from './part.js';
const bytes = instance(arr(U8, 10));
function isDigit(x: u32): boolean {
  return below(x);
}
export function user(x: u32): u8 {
  return isDigit(x) ? bytes.get(x) : 0;
}`,
    before: 'x < 10',
    after: 'x < 11',
  },
  {
    name: 'the value of a constant',
    part: 'export const MOST = 10;',
    user: `import { MOST } from './part.js';
const bytes = instance(arr(U8, 10));
export function user(x: u32): u8 {
  return x < MOST ? bytes.get(x) : 0;
}`,
    before: 'MOST = 10',
    after: 'MOST = 11',
  },
  {
    name: 'a member of an enum',
    part: 'export const Limit = { most: 10 } as const;',
    user: `import { Limit } from './part.js';
const bytes = instance(arr(U8, 10));
export function user(x: u32): u8 {
  return x < Limit.most ? bytes.get(x) : 0;
}`,
    before: 'most: 10',
    after: 'most: 11',
  },
  {
    name: 'the length of an array',
    part: 'export const Bytes10 = arr(U8, 10);',
    user: `import { Bytes10 } from './part.js';
const bytes = instance(Bytes10);
export function user(x: u32): u8 {
  return x < 10 ? bytes.get(x) : 0;
}`,
    before: 'arr(U8, 10)',
    after: 'arr(U8, 9)',
  },
  {
    name: 'the width of a bit field',
    part: 'export const Flags = bits(U32, { number: [0, 7] });',
    user: `import { Flags } from './part.js';
const flags = instance(Flags);
const bytes = instance(arr(U8, 256));
export function user(): u8 {
  return bytes.get(flags.number);
}`,
    before: '[0, 7]',
    after: '[0, 8]',
  },
  {
    name: 'a type that comes from a field of a field',
    part: "export const Inner = struct('Inner', { size: 4 }, { number: at(0, U8) });",
    user: `import { Inner } from './part.js';
const outer = instance(struct('Outer', { size: 4 }, { inner: at(0, Inner) }));
export function user(): u8 {
  return outer.inner.number;
}`,
    before: 'U8',
    after: 'U16',
  },
  {
    name: 'the values of a list',
    part: 'export const sizes = list(U8, [1, 2, 9]);',
    user: `import { sizes } from './part.js';
const bytes = instance(arr(U8, 10));
export function user(): u8 {
  return bytes.get(sizes.get(2));
}`,
    before: '9]',
    after: '10]',
  },
  {
    name: 'what an entry of a table requires',
    part: `export function first(x: u32): u32 {
  requires(x < 10);
  return x;
}
export function other(x: u32): u32 {
  return x;
}
export const handlers = table(2, other, { 1: first });`,
    user: `import { handlers } from './part.js';
export function user(x: u32): u32 {
  return x < 10 ? handlers.get(1)(x) : 0;
}`,
    before: 'x < 10',
    after: 'x < 9',
  },
  {
    name: 'the length of a table',
    part: 'export function only(x: u32): u32 {\n  return x;\n}\nexport const handlers = table(4, only, {});',
    user: `import { handlers } from './part.js';
export function user(x: u32): u32 {
  return x < 4 ? handlers.get(x)(1) : 0;
}`,
    before: 'table(4',
    after: 'table(3',
  },
  {
    name: 'the type of a parameter',
    part: 'export function take(x: u32): u32 {\n  return x;\n}',
    user: "import { take } from './part.js';\nexport function user(x: u32): u32 {\n  return take(x);\n}",
    before: 'x: u32',
    after: 'x: u8',
  },
];

/** The program of a change in a folder of its own. */
function folderOf(t: Test, { part, user }: Pick<Change, 'part' | 'user'>): { folder: string; cache: string } {
  const folder = scratchFolder(t, 'reach');
  writeFileSync(join(folder, 'part.ts'), withImports(part));
  writeFileSync(join(folder, 'user.ts'), withImports(user));
  return { folder, cache: join(folder, 'findings') };
}

for (const change of CHANGES) {
  t.test(`a change is seen of ${change.name}`, (t) => {
    const { folder, cache } = folderOf(t, change);
    t.same(check({ folder, cache }).diagnostics, [], 'accepted at first');

    writeFileSync(join(folder, 'part.ts'), withImports(change.part.replace(change.before, change.after)));
    const { diagnostics } = check({ folder, cache });
    t.ok(
      diagnostics.some(({ at }) => at.file.endsWith('/user.ts')),
      'the user is refused',
    );
    t.same(diagnostics, check({ folder }).diagnostics, 'as from scratch');
    t.end();
  });
}
