/** The content of media, as mtools, sfdisk and others read it. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import t, { type Test } from 'tap';
import { type Fallback, makeLoader } from '../../images/loader.js';
import { makeBootDisk, makeDisc, type Medium } from '../../images/media.js';
import { makeNetworkTree } from '../../images/network.js';
import { readPe } from '../../linker/formats/pe.js';
import { temporaryFolder } from '../support/machines/harness.js';

const CONTENT = Buffer.from('MZ: stands for an image');
/** A file with a PE header that has signatures. */
const SIGNED = signedContent();
const SECTOR = 512;
const MIB = 0x10_0000;

function signedContent(): Buffer {
  const file = Buffer.alloc(0x200);
  file.write('MZ');
  file.writeUInt32LE(0x40, 0x3c);
  file.write('PE\0\0', 0x40);
  file.writeUInt16LE(0x8664, 0x44);
  file.writeUInt16LE(0xf0, 0x54);
  file.writeUInt16LE(0x20b, 0x58);
  file.writeUInt32LE(8, 0x58 + 148);
  return file;
}

async function medium(t: Test, options = '', content: Buffer = CONTENT, fallback: Fallback = 'none'): Promise<Medium> {
  const folder = await temporaryFolder(t);
  const image = join(folder, 'image');
  await writeFile(image, content);
  return { image, options, fallback, folder };
}

/** The file `path` in the FAT file system at `offset`. */
async function fileOf(disk: string, offset: number, path: string): Promise<Buffer> {
  const { stdout } = await execa('mtype', ['-i', `${disk}@@${offset}`, `::${path}`], { encoding: 'buffer' });
  return Buffer.from(stdout);
}

t.test('the same input gives the same disk, byte by byte', async (t) => {
  const disks = [];
  for (const name of ['one', 'two']) {
    const made = await medium(t);
    await makeBootDisk(made, 'gpt', join(made.folder, name));
    disks.push(await readFile(join(made.folder, name)));
  }
  const [one, two] = disks;
  t.ok(one && two && one.equals(two));
});

for (const [label, offset] of [
  ['gpt', 2 * MIB],
  ['mbr', MIB],
] as const) {
  t.test(`${label}: UEFI finds the loader, and the image beside it`, async (t) => {
    const made = await medium(t, 'apic=trap');
    const disk = join(made.folder, 'disk');
    await makeBootDisk(made, label, disk);
    t.same(await fileOf(disk, offset, 'tsvm.bin'), CONTENT);
    const loader = await fileOf(disk, offset, 'EFI/BOOT/BOOTX64.EFI');
    t.ok(readPe(loader));
    t.ok(loader.includes(Buffer.from('apic=trap\0', 'utf16le')));
    t.ok(loader.includes('the node does not start without it'));
  });

  t.test(`${label}: UEFI finds a signed image without the loader`, async (t) => {
    const made = await medium(t, '', SIGNED);
    const disk = join(made.folder, 'disk');
    await makeBootDisk(made, label, disk);
    t.same(await fileOf(disk, offset, 'EFI/BOOT/BOOTX64.EFI'), SIGNED);
  });
}

t.test('no section of the loader is both writable and executable', async (t) => {
  const made = await medium(t);
  await makeLoader('', 'none', join(made.folder, 'loader'));
  const { sections = [] } = readPe(await readFile(join(made.folder, 'loader'))) ?? {};
  t.same(
    sections.map(({ name, writable, executable }) => [name, writable, executable]),
    [
      ['.text', false, true],
      ['.data', true, false],
    ],
  );
});

t.test('the longest options fit into the loader', async (t) => {
  const made = await medium(t);
  await t.resolves(makeLoader('a'.repeat(2048), 'node', join(made.folder, 'loader')));
});

t.test('the partition table has no faults', async (t) => {
  const made = await medium(t);
  const disk = join(made.folder, 'disk');
  await makeBootDisk(made, 'gpt', disk);
  const { stdout } = await execa('sfdisk', ['--verify', disk]);
  t.match(stdout, /No errors detected/);
});

t.test('the first partition of a stick is active, and a BIOS finds code in its first sector', async (t) => {
  const made = await medium(t);
  const stick = join(made.folder, 'stick');
  await makeBootDisk(made, 'mbr', stick);
  const first = (await readFile(stick)).subarray(0, SECTOR);
  t.equal(first.readUInt8(0x1be), 0x80);
  t.equal(first.readUInt16LE(0x1fe), 0xaa55);
  t.equal(first.readUInt8(0), 0xeb, 'a jump');
});

t.test('a disc has an entry for BIOS and one for UEFI', async (t) => {
  const made = await medium(t);
  const disc = join(made.folder, 'disc.iso');
  await makeDisc(made, disc);
  const { all } = await execa('xorriso', ['-indev', disc, '-report_el_torito', 'plain'], { all: true });
  t.match(all, /BIOS +y/);
  t.match(all, /UEFI +y/);
});

t.test('the scripts for the network pass the options, and do not go on without tsvm', async (t) => {
  const made = await medium(t, 'apic=trap');
  const folder = join(made.folder, 'tree');
  await mkdir(folder);
  await makeNetworkTree(made, folder);
  const script = await readFile(join(folder, 'tsvm.ipxe'), 'utf8');
  t.match(script, /^#!ipxe\nkernel tsvm\.bin apic=trap \|\| goto stop\n/);
  t.match(script, /\n:stop\n(echo tsvm: .*\n)+:wait\nsleep 3600 \|\|\ngoto wait\n$/);
  const configuration = await readFile(join(folder, 'pxelinux.cfg', 'default'), 'utf8');
  t.match(configuration, /^ {2}pxe grub\.0$/m);
  t.notMatch(configuration, 'onerror');
  t.same(await readFile(join(folder, 'tsvm.bin')), CONTENT);
});

t.test('the node goes on without tsvm only if the medium has that as its fallback', async (t) => {
  const made = await medium(t, '', CONTENT, 'node');
  const folder = join(made.folder, 'tree');
  await mkdir(folder);
  await makeNetworkTree(made, folder);
  t.match(await readFile(join(folder, 'tsvm.ipxe'), 'utf8'), /echo tsvm: .* WITHOUT a hypervisor.*\nexit 1\n$/);
  t.match(await readFile(join(folder, 'pxelinux.cfg', 'default'), 'utf8'), /^onerror node$/m);
  const disk = join(made.folder, 'disk');
  await makeBootDisk(made, 'gpt', disk);
  t.ok((await fileOf(disk, 2 * MIB, 'EFI/BOOT/BOOTX64.EFI')).includes('WITHOUT a hypervisor'));
});
