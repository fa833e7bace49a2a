/** Linux on the bare machine starts the image by kexec, at the image's 64-bit entry, like another kernel. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { makeBundle } from '../../../linker/formats/bundle.js';
import { type ArchiveEntry, cpioArchive } from '../../../linker/formats/cpio.js';
import { boot, defaultGuest, freshImage, temporaryFolder } from '../../support/machines/harness.js';

/** The default guest's initial file system with the files `next` in /next. */
async function initrdWithNext(t: Test, next: Readonly<Record<string, Uint8Array>>): Promise<string> {
  const files = Object.entries(next).map(
    ([name, content]): ArchiveEntry => ({ kind: 'file', path: `next/${name}`, mode: 0o444, content }),
  );
  const file = join(await temporaryFolder(t), 'initrd');
  const archive = cpioArchive([{ kind: 'folder', path: 'next' }, ...files]);
  await writeFile(file, Buffer.concat([archive, await readFile((await defaultGuest()).initrd)]));
  return file;
}

interface KexecMachine {
  readonly memory: string;
  readonly cpus: number;
  readonly uefi: boolean;
}

/** With 6 GiB, Linux puts the image and the bundle above 4 GiB. */
const MACHINES: readonly KexecMachine[] = [
  { memory: '1G', cpus: 1, uefi: false },
  { memory: '6G', cpus: 2, uefi: false },
  { memory: '1G', cpus: 2, uefi: true },
];

for (const machine of MACHINES) {
  t.test(`kexec into the image, which starts its guest: ${Object.values(machine).join(', ')}`, async (t) => {
    const guest = await defaultGuest();
    const bundle = makeBundle({
      kernel: await readFile(guest.kernel),
      initrd: await readFile(guest.initrd),
      cmdline: Buffer.from('console=ttyS0 quiet no_timer_check tsvm.run=poweroff'),
    });
    const next = { kernel: await readFile(await freshImage()), initrd: bundle, cmdline: Buffer.from('crash=reset') };
    const initrd = await initrdWithNext(t, next);
    const append = 'console=ttyS0 quiet tsvm.run=kexec';
    const { serial, ended } = await boot({ ...machine, image: null, initrd, append, until: /reboot: Power down/ });
    t.match(serial, /^tsvm: starting the guest$/m);
    t.match(serial, new RegExp(`^tsvm, hypercall interface .*, ${machine.cpus} processor`, 'm'));
    t.equal(ended === 'timeout', false);
  });
}
