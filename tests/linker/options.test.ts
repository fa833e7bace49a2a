import { readFile } from 'node:fs/promises';
import t from 'tap';
import { bootInfo, setText } from '../../kernel/boot/bootInfo.js';
import { parseOptions } from '../../kernel/machine/options.js';
import { inspectFile } from '../../linker/inspect.js';
import { isOption, optionList, readOptions } from '../../linker/options.js';
import { window } from '../../transpiler/lib/index.js';
import { freshImage } from '../boot/harness.js';
import { powerOn, stopOf } from '../kernel/support/startup.js';

const LINE = 0x1000;

/** What the kernel says of a word that is none of its options; null where it is one. */
function refusalOf(word: string): string | null {
  powerOn(0x4000).set(Buffer.from(word), LINE);
  setText(bootInfo.options, window(BigInt(LINE), word.length));
  return stopOf(parseOptions);
}

async function optionsOfImage(): Promise<readonly string[]> {
  return inspectFile(await readFile(await freshImage())).tsvm?.options ?? [];
}

t.test('the options read from the image are those that it prints', async (t) => {
  const list = optionList(await optionsOfImage());
  t.equal(refusalOf('foo=1'), `tsvm: unknown option "foo=1"; the options are ${list}`);
});

t.test('a word is an option where the kernel takes it for one', async (t) => {
  const options = await optionsOfImage();
  const words = [
    ...['crash=halt', 'crash=reset', 'crash=halt|reset', 'crash=', 'crash', 'crash=now', 'xcrash=halt', '='],
    ...['disk=0x80', 'disk=0xFf', 'disk=0x8', 'disk=0x800', 'disk=0X80', 'disk=80', 'disk=0x8g', 'disk='],
    ...['chain=\\EFI\\debian\\grubx64.efi', 'chain=x', 'chain', 'console=none', 'foo=1', 'apic=auto,', 'test-timer=1'],
  ];
  for (const word of words) t.equal(isOption(word, options), refusalOf(word) === null, word);
});

t.test('an image that does not name its options has none', (t) => {
  const parts = { text: 0, constants: 4096, data: 4096, memory: 4096 };
  t.same(readOptions(Buffer.alloc(4096), parts), []);
  t.notOk(isOption('crash=halt', []));
  t.end();
});
