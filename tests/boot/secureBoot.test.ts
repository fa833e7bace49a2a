/** Firmware that starts only what is signed, by the certificate that Debian's ovmf brings along for tests. */
import { execa } from 'execa';
import { copyFile, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { makeBundle } from '../../linker/bundle.js';
import { fatSize, makeFat } from '../../images/fat.js';
import { packFile } from '../../linker/file.js';
import { boot, type Boot, defaultGuest, freshImage, temporaryFolder } from './harness.js';

const FIRMWARE = '/usr/share/OVMF/OVMF_CODE_4M.secboot.fd';
const VARIABLES = '/usr/share/OVMF/OVMF_VARS_4M.snakeoil.fd';
const CERTIFICATE = '/usr/share/ovmf/PkKek-1-snakeoil.pem';
const KEY = '/usr/share/ovmf/PkKek-1-snakeoil.key';
const APPEND = 'console=ttyS0 quiet no_timer_check tsvm.run=poweroff';

async function signer(folder: string): Promise<(file: string, signed: string) => Promise<void>> {
  const key = join(folder, 'key.pem');
  await execa('openssl', ['rsa', '-in', KEY, '-passin', 'pass:snakeoil', '-out', key]);
  return async (file, signed) => {
    await execa('sbsign', ['--key', key, '--cert', CERTIFICATE, '--output', signed, file]);
  };
}

/** The image with the default guest in it, whose kernel this firmware trusts, too. */
async function node(folder: string, sign: Awaited<ReturnType<typeof signer>>): Promise<string> {
  const { kernel, initrd } = await defaultGuest();
  const trusted = join(folder, 'vmlinuz');
  await sign(kernel, trusted);
  const parts = { kernel: await readFile(trusted), initrd: await readFile(initrd), cmdline: Buffer.from(APPEND) };
  const file = join(folder, 'node.bin');
  await writeFile(file, packFile(await readFile(await freshImage()), makeBundle(parts)));
  return file;
}

/** Starts `file` as the firmware does what it finds on a disk. */
async function startSecurely(t: Test, file: string, until?: RegExp): Promise<Boot> {
  const folder = await temporaryFolder(t);
  const [disk, variables] = [join(folder, 'disk.img'), join(folder, 'variables.fd')];
  await copyFile(VARIABLES, variables);
  const bytes = fatSize((await stat(file)).size);
  await makeFat(disk, { bytes, hiddenSectors: 0 }, [{ path: 'EFI/BOOT/BOOTX64.EFI', source: file }]);
  const flash = (words: string) => ['-drive', `if=pflash,format=raw,${words}`];
  const extra = [
    ...['-global', 'driver=cfi.pflash01,property=secure,value=on', '-net', 'none'],
    ...[...flash(`readonly=on,file=${FIRMWARE}`), ...flash(`file=${variables}`)],
    ...['-drive', `file=${disk},format=raw`],
  ];
  const machine = { machine: 'q35,smm=on', memory: '512M', image: null, kernel: null, initrd: null, extra };
  return boot({ ...machine, ...(until === undefined ? {} : { until }) });
}

t.test('a signed image starts, and so does its guest', async (t) => {
  const folder = await temporaryFolder(t);
  const sign = await signer(folder);
  const signed = join(folder, 'signed.bin');
  await sign(await node(folder, sign), signed);

  const { serial } = await startSecurely(t, signed);
  t.match(serial, /^tsvm, hypercall interface \d/m);
  t.match(serial, /^guest: ready$/m);
  t.match(serial, /reboot: Power down/);

  const asLinux = { memory: '512M', image: signed, kernel: null, initrd: null };
  for (const loader of ['qemu', 'multiboot'] as const) {
    t.match((await boot({ ...asLinux, loader })).serial, /^guest: ready$/m, `on a BIOS, by ${loader}`);
  }
});

t.test('an image that is not signed does not start', async (t) => {
  const { serial } = await startSecurely(t, await freshImage(), /Access Denied/);
  t.match(serial, /failed to load .*: Access Denied/);
  t.notMatch(serial, /tsvm:/);
});
