import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { assembleBareProgram, type BareProgram } from '../../../images/bare.js';
import { root } from '../../../linker/paths.js';
import { boot, type BootOptions, hypervisorLines, temporaryFolder } from '../../support/machines/harness.js';

const extra = ['-device', 'isa-debug-exit,iobase=0xf4'];

async function program(t: Test, name: BareProgram): Promise<string> {
  const file = join(await temporaryFolder(t), name);
  await assembleBareProgram(root, name, file);
  return file;
}

/** The lines of images/bare/multiboot.asm, by name. */
function valuesOf(serial: string): Record<string, string> {
  return Object.fromEntries([...serial.matchAll(/^multiboot: (.+?) = (.*)$/gm)].map(([, ...pair]) => pair));
}

t.test(
  'a Multiboot kernel in ELF gets the same information as from QEMU, without the hypervisor’s memory',
  async (t) => {
    const kernel = await program(t, 'multiboot');
    const initrd = join(await temporaryFolder(t), 'module');
    await writeFile(initrd, Buffer.from(Array.from({ length: 70_000 }, (_, index) => (index * index) >> 7)));
    const options: BootOptions = { kernel, initrd, append: "words 'and more' =,", memory: '256M', extra, seconds: 30 };
    const bare = await boot({ ...options, image: null });
    const guest = await boot(options);
    const ofBare = valuesOf(bare.serial);
    const ofGuest = valuesOf(guest.serial);
    t.equal(ofBare['zeroed'], '00000001', 'QEMU’s comes to the end');
    t.equal(ofGuest['command line'], "words 'and more' =,");
    for (const name of ['magic', 'cr0', 'flags', 'given', 'modules', 'module sum', 'zeroed', 'low']) {
      t.equal(ofGuest[name], ofBare[name], name);
    }
    t.equal(parseInt(ofGuest['module bytes'] ?? '', 16), 70_000);
    const ranges = (serial: string) => [...serial.matchAll(/^multiboot: range = (\w+) (\w+) (\w+)$/gm)];
    const others = (serial: string) =>
      ranges(serial)
        .map(([line]) => line)
        .filter((line) => !/ 00000001$/.test(line));
    const kept = others(guest.serial).filter((line) => !others(bare.serial).includes(line));
    t.equal(kept.length, 1, 'the region is reserved');
    const [, start = ''] = /= (\w+) /.exec(kept[0] ?? '') ?? [];
    t.equal(parseInt(ofGuest['high'] ?? '', 16) * 1024 + 0x10_0000, parseInt(start, 16), 'memory ends where it begins');
  },
);

t.test('a Multiboot kernel whose header has addresses gets the same information too', async (t) => {
  const kernel = await program(t, 'multiboot');
  const content = await readFile(kernel);
  const header = content.indexOf(Buffer.from([0x02, 0xb0, 0xad, 0x1b]));
  content.writeUInt32LE(0x1_0003, header + 4);
  content.writeInt32LE(-(0x1bad_b002 + 0x1_0003), header + 8);
  content.fill(0, 0, 4);
  await writeFile(kernel, content);
  const { serial } = await boot({ kernel, initrd: null, append: 'some', memory: '256M', extra, seconds: 30 });
  t.match(valuesOf(serial), { magic: '2badb002', modules: '00000000', 'command line': 'some', zeroed: '00000001' });
});

t.test('a corrupted ELF file is refused with one line', async (t) => {
  const kernel = await program(t, 'multiboot');
  const content = await readFile(kernel);
  content.writeUInt32LE(0xb_8000, 52 + 12);
  await writeFile(kernel, content);
  const reason = /^tsvm: the guest's kernel: a part of it goes where no memory is free$/m;
  const { serial } = await boot({ kernel, initrd: null, memory: '256M', until: reason, extra, seconds: 30 });
  t.match(hypervisorLines(serial).at(-1), reason);
});
