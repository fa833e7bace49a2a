/** What is in a medium, seen by the tools that read such things. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import t, { type Test } from 'tap';
import { makeBootDisk, makeDisc, type Medium } from '../../images/media.js';
import { makeNetworkTree } from '../../images/network.js';
import { temporaryFolder } from '../boot/harness.js';

const CONTENT = Buffer.from('MZ: stands for an image');
const SECTOR = 512;
const MIB = 0x10_0000;

async function medium(t: Test, options = ''): Promise<Medium> {
  const folder = await temporaryFolder(t);
  const image = join(folder, 'image');
  await writeFile(image, CONTENT);
  return { image, options, folder };
}

/** The file `path` of the FAT file system that begins at `offset`. */
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

t.test('without options UEFI finds the image itself', async (t) => {
  for (const [label, offset] of [
    ['gpt', 2 * MIB],
    ['mbr', MIB],
  ] as const) {
    const made = await medium(t);
    const disk = join(made.folder, 'disk');
    await makeBootDisk(made, label, disk);
    t.same(await fileOf(disk, offset, 'EFI/BOOT/BOOTX64.EFI'), CONTENT);
  }
});

t.test('with options UEFI finds GRUB, and the image lies beside it', async (t) => {
  const made = await medium(t, 'apic=trap');
  const disk = join(made.folder, 'disk');
  await makeBootDisk(made, 'gpt', disk);
  t.same(await fileOf(disk, 2 * MIB, 'tsvm.bin'), CONTENT);
  t.ok((await fileOf(disk, 2 * MIB, 'EFI/BOOT/BOOTX64.EFI')).includes("'apic=trap'"));
});

t.test('the table of partitions is sound', async (t) => {
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

t.test('the scripts for the network hand the options over', async (t) => {
  const made = await medium(t, 'apic=trap');
  const folder = join(made.folder, 'tree');
  await mkdir(folder);
  await makeNetworkTree(made, folder);
  t.equal(await readFile(join(folder, 'tsvm.ipxe'), 'utf8'), '#!ipxe\nkernel tsvm.bin apic=trap\nboot\n');
  t.match(await readFile(join(folder, 'pxelinux.cfg', 'default'), 'utf8'), /^ {2}append apic=trap$/m);
  t.same(await readFile(join(folder, 'tsvm.bin')), CONTENT);
});
