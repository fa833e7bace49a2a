/** The one image, started by each kind of loader. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { type DigestKind, makeBundle } from '../../../linker/formats/bundle.js';
import { packFile } from '../../../linker/formats/file.js';
import { boot, type BootOptions, defaultGuest, freshImage, temporaryFolder } from '../../support/machines/harness.js';

const APPEND = 'console=ttyS0 quiet no_timer_check tsvm.run=poweroff';
const LOADERS = ['qemu', 'multiboot', 'multiboot2', 'linux'] as const;
const MEMORY = '512M';

async function reachesInit(t: Test, options: BootOptions): Promise<void> {
  const { serial, ended } = await boot({ memory: MEMORY, append: APPEND, ...options });
  t.match(serial, /^tsvm, hypercall interface \d/m);
  t.match(serial, /^guest: ready$/m);
  t.equal(ended, 'off');
}

async function changedImage(t: Test, change: (image: Buffer) => Buffer): Promise<string> {
  const file = join(await temporaryFolder(t), 'image.bin');
  await writeFile(file, change(await readFile(await freshImage())));
  return file;
}

async function packedImage(t: Test, digest: DigestKind): Promise<string> {
  const { kernel, initrd } = await defaultGuest();
  const parts = { kernel: await readFile(kernel), initrd: await readFile(initrd), cmdline: Buffer.from(APPEND) };
  return changedImage(t, (image) => packFile(image, makeBundle(parts, digest)));
}

for (const loader of LOADERS) {
  t.test(`started by ${loader}, the image starts its guest`, (t) => reachesInit(t, { loader }));

  const digest = loader === 'qemu' ? 'sha256' : 'crc32c';
  t.test(`started by ${loader}, a packed image starts the guest in it, checked by ${digest}`, async (t) => {
    await reachesInit(t, { loader, image: await packedImage(t, digest), kernel: null, initrd: null });
  });
}

for (const loader of ['multiboot', 'multiboot2'] as const) {
  t.test(`started by ${loader}, the image takes its guest from a bundle that is its only module`, async (t) => {
    const { kernel, initrd } = await defaultGuest();
    const parts = { kernel: await readFile(kernel), initrd: await readFile(initrd), cmdline: Buffer.from(APPEND) };
    const file = join(await temporaryFolder(t), 'guest.cpio');
    await writeFile(file, makeBundle(parts));
    await reachesInit(t, { loader, kernel: file, initrd: null, append: '' });
  });
}

for (const [what, change] of [
  ['changed', (image: Buffer) => image.fill(image.readUInt8(60_000) ^ 0x55, 60_000, 60_001)],
  ['truncated', (image: Buffer) => image.subarray(0, image.length / 2)],
  ['truncated behind its first pages', (image: Buffer) => image.subarray(0, 12_000)],
] as const) {
  t.test(`an image that is ${what} reports it and stops`, async (t) => {
    const image = await changedImage(t, change);
    const { serial, ended } = await boot({ memory: MEMORY, image, until: /damaged\n/, seconds: 30 });
    t.match(serial, /^tsvm: the image is damaged$/m);
    t.equal(ended, 'stopped');
  });
}

for (const [firmware, uefi, digest] of [
  ['a BIOS', false, 'crc32c'],
  ['UEFI', true, 'crc32c'],
  ['UEFI', true, 'sha256'],
] as const) {
  t.test(`a packed guest with one byte changed is reported and not started: ${firmware}, ${digest}`, async (t) => {
    const file = await packedImage(t, digest);
    const content = await readFile(file);
    const inKernel = content.length / 2;
    await writeFile(file, content.fill(content.readUInt8(inKernel) ^ 1, inKernel, inKernel + 1));
    const machine = { uefi, memory: MEMORY, image: file, kernel: null, initrd: null };
    const { serial, ended } = await boot({ ...machine, until: /is damaged\n/, seconds: 60 });
    t.match(serial, /tsvm: guest\/kernel has another digest than guest\/digests says: the bundle is damaged$/m);
    t.notMatch(serial, /guest: |Linux version/);
    t.equal(ended, 'stopped');
  });
}
