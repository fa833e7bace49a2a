/** The file of findings: what is kept in it, and that nothing in it is used that may be wrong. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { digest, Findings, readFindings, writeFindings } from '../../../transpiler/findings/findings.js';
import { check, load, lower, prove } from '../../../transpiler/index.js';
import { scratchFolder } from '../../support/hosted/scratch.js';
import { withImports } from '../prove/support.js';

t.setTimeout(120_000);

const GOOD = `
export function half(x: u32): u32 {
  return x >>> 1;
}
export function quarter(x: u32): u32 {
  return half(half(x & 0xff));
}`;
const BAD = `
export function next(x: u32): u32 {
  return x + 1;
}`;

function programOf(t: Test, text: string): { folder: string; cache: string } {
  const folder = scratchFolder(t, 'findings');
  mkdirSync(join(folder, 'program'));
  writeFileSync(join(folder, 'program', 'main.ts'), withImports(text));
  return { folder: join(folder, 'program'), cache: join(folder, 'deep', 'findings') };
}

/** The keys of the findings in a file. */
function keysIn(file: string): readonly string[] {
  const body = readFileSync(file, 'utf8').split('\n').at(-1) ?? '';
  return (JSON.parse(body) as [string, string][]).map(([key]) => key);
}

/** The functions that are proved again with `findings`. */
function provedAnew(folder: string, findings: Findings): number {
  const found: string[] = [];
  const program = lower(
    load(folder, undefined, ({ message }) => found.push(message)),
    ({ message }) => found.push(message),
  );
  const before = findings.all().size;
  prove(program, ({ message }) => found.push(message), findings);
  return found.length > 0 ? NaN : findings.all().size - before;
}

t.test('only functions are proved again that a change reaches', (t) => {
  const { folder } = programOf(t, GOOD);
  const findings = new Findings();
  const write = (text: string): void => writeFileSync(join(folder, 'main.ts'), withImports(text));
  t.equal(provedAnew(folder, findings), 2, 'both at first');
  t.equal(provedAnew(folder, findings), 0, 'none without a change');
  write(`// A line above.\n${GOOD}`);
  t.equal(provedAnew(folder, findings), 0, 'none where only places change');
  write(GOOD.replace('0xff', '0xfe'));
  t.equal(provedAnew(folder, findings), 1, 'the caller alone, of which no function knows anything');
  write(GOOD.replace('>>> 1', '>>> 2'));
  t.equal(provedAnew(folder, findings), 2, 'what is called, and the caller that knows what it returns');
  t.end();
});

t.test('a fault is never kept', (t) => {
  const { folder, cache } = programOf(t, BAD);
  const first = check({ folder, cache }).diagnostics;
  t.equal(first.length, 1);
  t.same(check({ folder, cache }).diagnostics, first, 'it is found again');
  t.same(keysIn(cache), ['types'], 'there is nothing but what TypeScript found');
  t.end();
});

t.test('a file that is damaged, foreign or not there is as good as none', (t) => {
  const { folder, cache } = programOf(t, GOOD);
  const expected = check({ folder, cache });
  t.same(expected.diagnostics, []);
  const sound = readFileSync(cache, 'utf8');
  const keys = keysIn(cache);
  const known = (): number => keys.filter((key) => readFindings(cache).get(key) !== undefined).length;
  t.equal(known(), 3, 'two functions, and what TypeScript found');

  const [sum = '', transpiler = '', body = ''] = sound.split('\n');
  const other = transpiler.replace(/./, (digit) => (digit === '0' ? '1' : '0'));
  const damages = {
    empty: '',
    cut: sound.slice(0, -1),
    'a digit of a range': sound.replace(/\d(?=\\")/, (digit) => String((Number(digit) + 1) % 10)),
    'another transpiler': [digest(other, body), other, body].join('\n'),
    'a sum of another': [digest(transpiler, '[]'), transpiler, body].join('\n'),
    'no JSON': [digest(transpiler, '{'), transpiler, '{'].join('\n'),
    'not text': '\u0000\ufffd',
    'no sum': sound.slice(sum.length),
  };
  for (const [name, text] of Object.entries(damages)) {
    t.not(text, sound, `${name} differs`);
    writeFileSync(cache, text);
    t.equal(known(), 0, name);
  }
  t.same(check({ folder, cache }).proofs, expected.proofs, 'the result is the same');
  t.equal(readFileSync(cache, 'utf8'), sound, 'and a sound file takes its place');
  t.end();
});

t.test('a file that cannot be written is no reason to stop, and leaves nothing behind', (t) => {
  const folder = scratchFolder(t, 'unwritable');
  const cache = join(folder, 'findings');
  mkdirSync(cache);
  writeFindings(cache, new Findings());
  t.same(readdirSync(folder), ['findings']);
  writeFindings(join(folder, 'findings', 'deeper', 'file'), new Findings(new Map([['a', 'b']])));
  t.ok(existsSync(join(folder, 'findings', 'deeper', 'file')));
  t.end();
});

t.test('what is not asked for is forgotten once there is much of it', (t) => {
  const known = new Map(Array.from({ length: 5 }, (_, index) => [`key ${index}`, String(index)]));
  const findings = new Findings(known);
  t.equal(findings.get('key 0'), '0');
  t.equal(findings.get('other'), undefined);
  t.same([...findings.all().keys()], ['key 0'], 'four that were not asked for, and one that was');
  findings.get('key 1');
  t.equal(findings.all().size, 5, 'three, and two');
  t.end();
});

t.test('texts that are divided in another way have another digest', (t) => {
  t.not(digest('ab', 'c'), digest('a', 'bc'));
  t.not(digest('ab'), digest('ab', ''));
  t.equal(digest('ab', 'c'), digest('ab', 'c'));
  t.end();
});
