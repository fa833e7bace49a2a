import t from 'tap';
import { codePlaces, encodeSymbols, IMAGE_BASE } from '../../../linker/toolchain/symbols.js';

const LISTING = `
ffffffff80001000 <first>:
ffffffff80001000:\te8 0b 00 00 00       \tcall   ffffffff80001010 <second>
ffffffff80001005:\tc3                   \tret

ffffffff80001010 <second>:
ffffffff80001010:\tff 14 c5 00 00 00 00 \tcall   *0x0(,%rax,8)

ffffffff80001017 <third>:
ffffffff80001017:\tc3                   \tret
`;

t.test('functions and return addresses are found in a listing', (t) => {
  const places = codePlaces(LISTING).map(({ address, symbol, isStart }) => [
    Number(address - IMAGE_BASE),
    symbol,
    isStart,
  ]);
  t.same(places, [
    [0x1000, 'first', true],
    [0x1005, 'first', false],
    [0x1010, 'second', true],
    [0x1017, 'third', true],
  ]);
  t.end();
});

t.test('a return address is looked up inside its call', (t) => {
  const [, call] = codePlaces(LISTING);
  t.equal(call?.lookup, IMAGE_BASE + 0x1004n);
  t.end();
});

t.test('the table has a header, entries, and strings once each', (t) => {
  const table = encodeSymbols([
    { address: IMAGE_BASE + 0x10n, name: 'start', file: 'kernel/main.ts', line: 7 },
    { address: IMAGE_BASE + 0x20n, name: 'start', file: 'kernel/main.ts', line: 9 },
  ]);
  t.equal(table.toString('latin1', 0, 4), 'SYM1');
  t.equal(table.readUInt32LE(4), 2);
  const text = (offset: number) => table.toString('latin1', offset, table.indexOf(0, offset));
  const entries = [8, 24].map((at) => [0, 4, 8, 12].map((field) => table.readUInt32LE(at + field)));
  t.same(
    entries.map(([address = 0, name = 0, file = 0, line]) => [address, text(name), text(file), line]),
    [
      [0x10, 'start', 'kernel/main.ts', 7],
      [0x20, 'start', 'kernel/main.ts', 9],
    ],
  );
  t.equal(entries[0]?.[1], entries[1]?.[1]);
  t.equal(table.length, 8 + 2 * 16 + 'start\0kernel/main.ts\0'.length);
  t.end();
});

t.test('an empty table consists of its header', (t) => {
  t.same(encodeSymbols([]), Buffer.from('SYM1\0\0\0\0', 'latin1'));
  t.end();
});
