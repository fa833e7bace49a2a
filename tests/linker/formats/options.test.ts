import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { bootInfo, setText } from '../../../kernel/handover/bootInfo.js';
import { parseOptions } from '../../../kernel/machine/options.js';
import { inspectFile } from '../../../linker/formats/inspect.js';
import { type ImageOption, optionList, readOptions, refusalOf } from '../../../linker/formats/options.js';
import { window } from '../../../transpiler/lib/index.js';
import { root } from '../../../linker/paths.js';
import { freshImage } from '../../support/machines/harness.js';
import { powerOn, stopOf } from '../../kernel/support/startup.js';

const LINE = 0x1000;

/** The kernel's reason to refuse these words; null if it accepts them. */
function kernelRefusalOf({ packed, outside }: { packed: string; outside: string }): string | null {
  powerOn(0x4000).set(Buffer.from(packed + outside), LINE);
  setText(bootInfo.packedOptions, window(BigInt(LINE), packed.length));
  setText(bootInfo.options, window(BigInt(LINE + packed.length), outside.length));
  return stopOf(parseOptions);
}

async function optionsOfImage(): Promise<readonly ImageOption[]> {
  return inspectFile(await readFile(await freshImage())).tsvm?.options ?? [];
}

t.test('the options read from the image are those that it prints', async (t) => {
  const said = kernelRefusalOf({ packed: '', outside: 'foo=1' }) ?? '';
  const [, list = ''] = /^tsvm: unknown option "foo=1"; the options are (.+)$/.exec(said) ?? [];
  t.equal(optionList(await optionsOfImage()), list.split(', ').sort().join(', '));
});

t.test('a word is an option exactly if the kernel accepts it', async (t) => {
  const options = await optionsOfImage();
  const words = [
    ...['crash=halt', 'crash=reset', 'crash=halt|reset', 'crash=', 'crash', 'crash=now', 'xcrash=halt', '='],
    ...['disk=0x80', 'disk=0xFf', 'disk=0x8', 'disk=0x800', 'disk=0X80', 'disk=80', 'disk=0x8g', 'disk='],
    ...['chain=\\EFI\\debian\\grubx64.efi', 'chain=x', 'chain', 'console=none', 'foo=1', 'apic=auto,', 'test-timer=1'],
  ];
  for (const word of words) {
    for (const given of [
      { packed: word, outside: '' },
      { packed: '', outside: word },
    ]) {
      const [refused, said] = [refusalOf(given, options), kernelRefusalOf(given)];
      t.equal(refused === null, said === null, word);
      if (refused !== null) t.equal(said?.split(';')[0], `tsvm: ${refused.split(';')[0]}`);
    }
  }
});

t.test('words in addition to those of the file are refused exactly if the kernel refuses them', async (t) => {
  const options = await optionsOfImage();
  const words = options.flatMap(({ name, values }) => values.map(({ text }) => `${name}=${text}`));
  for (const packed of words) {
    for (const outside of words) {
      const said = kernelRefusalOf({ packed, outside });
      const refused = refusalOf({ packed, outside }, options);
      t.equal(refused === null, said === null, `${packed} and ${outside}`);
      if (refused !== null) t.ok(said?.startsWith(`tsvm: ${refused}`), said ?? '');
    }
  }
});

t.test('docs/boot.md has all options and their values, and marks the values that weaken protection', async (t) => {
  const page = await readFile(join(root, 'docs', 'boot.md'), 'utf8');
  const [, table = ''] = /<!-- options: [^]*?\n\n([^]*?)\n\n/.exec(page) ?? [];
  const told = table
    .split('\n')
    .slice(2)
    .map((row) =>
      row
        .split('|')
        .slice(1, 3)
        .map((cell) => cell.trim()),
    );
  const code = (texts: readonly string[]) => texts.map((text) => `\`${text}\``).join(', ');
  const known = (await optionsOfImage()).map(({ name, values }) => {
    const [first, ...others] = values.map(({ text }) => text);
    const weaker = values.filter(({ strength }) => strength === 'weaker').map(({ text }) => text);
    return [code([`${name}=${first}`, ...others]), code(weaker)];
  });
  t.same(told.sort(), known.sort());
});

t.test('an image without a table of options has none', (t) => {
  const parts = { text: 0, constants: 4096, data: 4096, memory: 4096 };
  t.same(readOptions(Buffer.alloc(4096), parts), []);
  t.not(refusalOf({ packed: '', outside: 'crash=halt' }, []), null);
  t.end();
});
