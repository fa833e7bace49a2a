/** After storms and sweeps the hypervisor's code, constants, permission maps and nested page tables are what they were. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { readSections } from '../../linker/toolchain/elf.js';
import { imageFolder, temporaryFolder } from '../support/machines/harness.js';
import { type Attack, runAttack } from './attack.js';
import { changedParts, type Parts, ramInFile, unchangingParts } from './hiddenMemory.js';
import { findingOf, storm, sweep } from './plan.js';

t.setTimeout(600_000);

const MEMORY = '512M';
const SEED = 1;
/** The number of attempts is the second word. */
const ATTEMPTS = /^(\w+) \d+/;

/** The unchanging parts of hidden memory at the end of `attack`. */
async function partsAfter(t: Test, attack: Attack): Promise<Parts> {
  const ram = join(await temporaryFolder(t), 'ram');
  const outcome = await runAttack({ ...attack, extra: ramInFile(ram, MEMORY) });
  t.equal(findingOf(outcome), null);
  return unchangingParts(ram, BigInt(outcome.values.get('hidden memory') ?? 0));
}

for (const { name, attack } of [storm('QEMU', 'a', 4), sweep('QEMU', 'a')]) {
  t.test(`${name}: what the hypervisor holds the guest by has not changed`, async (t) => {
    const planned = attack(SEED);
    const before = await partsAfter(t, { ...planned, words: planned.words.replace(ATTEMPTS, '$1 0') });
    const after = await partsAfter(t, planned);
    for (const part of ['.text', '.rodata', 'MSR map', 'I/O map'])
      t.ok(
        before.get(part)?.some((byte) => byte !== 0),
        part,
      );
    t.ok([...before.keys()].filter((part) => part.startsWith('page table')).length > 4, 'page tables of each level');
    t.same(changedParts(before, after), []);
  });
}

t.test('control: what is read is the hypervisor, and a changed byte in any part is found', async (t) => {
  const planned = sweep('QEMU', 'a').attack(SEED);
  const before = await partsAfter(t, { ...planned, words: planned.words.replace(ATTEMPTS, '$1 0') });
  const elf = await readFile(join(imageFolder(), 'tsvm.debug'));
  const text = readSections(elf).find(({ name }) => name === '.text');
  t.ok(
    text && before.get('.text')?.equals(elf.subarray(text.offset, text.offset + text.bytes)),
    'the code is the image’s',
  );
  for (const [name, bytes] of before) {
    const changed = Buffer.from(bytes);
    changed[bytes.length - 1] = (changed.at(-1) ?? 0) ^ 1;
    t.same(changedParts(before, new Map([...before, [name, changed]])), [name]);
  }
});
