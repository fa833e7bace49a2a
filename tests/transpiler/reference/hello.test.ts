import { execa } from 'execa';
import { join } from 'node:path';
import t from 'tap';
import { start } from '../../../docs/hello/main.js';
import { simulate } from '../../../transpiler/lib/testing.js';
import { firstLineOf, LINE } from '../../support/helloMachine.js';

t.setTimeout(300_000);

const root = join(import.meta.dirname, '../../../../..');

t.test('the first program of the reference sends its line in Node', (t) => {
  const sent: number[] = [];
  simulate({
    in8: () => 0x20,
    out8: (_port: number, byte: number) => void sent.push(byte),
    haltForever: () => {
      throw new Error('halted');
    },
  });
  t.throws(start, /halted/);
  t.equal(String.fromCharCode(...sent), LINE);
  t.end();
});

t.test('the first program of the reference prints its line on a machine', async (t) => {
  const output = t.testdir();
  await execa('sh', ['docs/hello/build.sh', output], { cwd: root });
  t.equal(await firstLineOf(join(output, 'hello.elf')), LINE);
});
