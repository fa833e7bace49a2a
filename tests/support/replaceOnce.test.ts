import t from 'tap';
import { replaceOnce } from './replaceOnce.js';

t.test('a text that is there once is replaced, also by one with dollar signs', (t) => {
  t.equal(replaceOnce('a(); b();', 'b()', '$&', 'x.ts'), 'a(); $&;');
  t.end();
});

t.test('a text that is not there exactly once is an error that names file and text', (t) => {
  t.throws(() => replaceOnce('a();', 'b()', '', 'x.ts'), /x\.ts has this text not, where once is needed: b\(\)/);
  t.throws(() => replaceOnce('b(); b();', 'b()', '', 'x.ts'), /x\.ts has this text 2 times/);
  t.end();
});
