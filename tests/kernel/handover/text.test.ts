import fc from 'fast-check';
import t from 'tap';
import { afterFirstWord, equalsText, firstWord, positionOf, startsWithText } from '../../../kernel/handover/text.js';
import { window, type Bytes } from '../../../transpiler/lib/index.js';
import { powerOn } from '../support/startup.js';

const ADDRESS = 0x1000;

function bytesOf(text: string): Bytes {
  const memory = powerOn(0x2000);
  memory.set(Buffer.from(text, 'latin1'), ADDRESS);
  return window(BigInt(ADDRESS), text.length);
}

function textOf(bytes: Bytes): string {
  return Array.from({ length: bytes.length }, (_, i) => String.fromCharCode(bytes.u8(i))).join('');
}

t.test('words are separated by spaces and control characters', (t) => {
  const line = fc.string({ unit: fc.constantFrom('a', '=', ' ', '\t', 'é'), maxLength: 40 });
  fc.assert(
    fc.property(line, (text) => {
      const [first = ''] = text.split(/[ \t]+/).filter((word) => word !== '');
      t.equal(textOf(firstWord(bytesOf(text))), first);
      const rest = text.replace(/^[ \t]*[^ \t]*[ \t]*/, '');
      t.equal(textOf(afterFirstWord(bytesOf(text))), rest);
    }),
  );
  t.end();
});

t.test('text is equal only in its whole length', (t) => {
  t.ok(equalsText(bytesOf('quiet'), 'quiet'));
  t.notOk(equalsText(bytesOf('quiet1'), 'quiet'));
  t.notOk(equalsText(bytesOf('quie'), 'quiet'));
  t.ok(startsWithText(bytesOf('quiet1'), 'quiet'));
  t.notOk(startsWithText(bytesOf('quie'), 'quiet'));
  t.end();
});

t.test('the position of a character that is not there is the length', (t) => {
  t.equal(positionOf(bytesOf('ab\0c'), 0), 2);
  t.equal(positionOf(bytesOf('abc'), 0), 3);
  t.equal(positionOf(bytesOf(''), 0), 0);
  t.end();
});
