/** Files that import each other in a circle: a constant that may not be there yet in Node is refused, however it is named. */
import t from 'tap';
import { transpileExamples } from '../../../transpiler/reference/examples.js';
import { root } from '../../support/golden.js';

const BACK = `import { bottom } from './front.js';
export const size = 8;
export const align = 16;
export const top = 3;
export function low(x: u32): u32 {
  return x < 4 ? bottom : 0;
}
`;

const LATE: readonly (readonly [string, string])[] = [
  ['a constant', 'export const twice = top * 2;'],
  ['a constant by another name', "import { top as first } from './back.js';\nexport const one = first;"],
  ['a member of an enum in short', 'const Mode = { top } as const;\nexport const mode = Mode.top;'],
  [
    'the size of a struct in short',
    "const S = struct('S', { size }, { x: at(0, U32) });\nexport const bytes = S.bytes;",
  ],
  ['the alignment of an instance in short', 'export const words = instance(arr(U32, 2), { align });'],
  ['a key of a table', 'export const lows = table(4, low, { [top]: low });'],
];

for (const [name, code] of LATE) {
  t.test(`${name} is refused`, (t) => {
    const front = `import { align, low, size, top } from './back.js';
export const bottom = 1;
${code}
export function f(x: u32): u32 {
  return low(x) === 0 ? size : align + top;
}
`;
    const { diagnostics } = transpileExamples(root, [
      { name: 'front', code: front },
      { name: 'back', code: BACK },
    ]);
    t.same(
      diagnostics.map((found) => found.code),
      ['TSV1035'],
    );
    t.end();
  });
}

t.test('a function of the circle, and a constant inside a function, are accepted', (t) => {
  const front = `import { low, top } from './back.js';
export const bottom = 1;
export const lows = table(4, low, { [1]: low });
export function f(x: u32): u32 {
  return lows.get(x & 3)(top);
}
`;
  const { diagnostics } = transpileExamples(root, [
    { name: 'front', code: front },
    { name: 'back', code: BACK },
  ]);
  t.same(diagnostics, []);
  t.end();
});
