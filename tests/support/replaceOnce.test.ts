import t from 'tap';
import { replaceOnce } from './replaceOnce.js';

t.test('what is there once is replaced, dollar signs and all', (t) => {
  t.equal(replaceOnce('a(); b();', 'b()', '$&', 'x.ts'), 'a(); $&;');
  t.end();
});

t.test('what is not there once is an error that names file and text', (t) => {
  t.throws(() => replaceOnce('a();', 'b()', '', 'x.ts'), /x\.ts has this text not, where once is needed: b\(\)/);
  t.throws(() => replaceOnce('b(); b();', 'b()', '', 'x.ts'), /x\.ts has this text 2 times/);
  t.end();
});
