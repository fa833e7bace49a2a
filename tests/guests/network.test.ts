/** Nodes that boot over the network, from QEMU's TFTP server or a web server of the test, until their guest is ready. */
import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { basename, join } from 'node:path';
import t, { type Test } from 'tap';
import { boot, temporaryFolder } from '../support/machines/harness.js';
import { briefGuest, MACHINE, makeMedium, PXELINUX } from '../support/machines/media.js';

t.setTimeout(900_000);

/** The address of this machine in QEMU's user network. */
const SERVER = '10.0.2.2';

interface NetworkStart {
  readonly uefi: boolean;
  readonly card: 'e1000' | 'virtio-net';
  /** The folder of the TFTP server, and the boot file that it names. */
  readonly folder: string;
  readonly file: string;
}

async function startsGuest(t: Test, { uefi, card, folder, file }: NetworkStart): Promise<void> {
  const network = ['-netdev', `user,id=network,tftp=${folder},bootfile=${file}`];
  const device = ['-device', `${card},netdev=network,bootindex=0`];
  const { serial, ended } = await boot({ ...MACHINE, uefi, extra: [...network, ...device] });
  t.match(serial, /^guest: ready$/m);
  t.match(serial, /^tsvm, hypercall interface .*, 2 processors/m);
  t.equal(ended, 'off');
}

/** Serves the files of a folder, and records the requested names. */
async function serve(t: Test, folder: string): Promise<{ port: number; asked: string[] }> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const name = basename(request.url ?? '');
    asked.push(name);
    readFile(join(folder, name)).then(
      (content) => response.end(content),
      () => response.writeHead(404).end(),
    );
  }).listen(0, '127.0.0.1');
  t.teardown(() => server.close());
  await once(server, 'listening');
  return { port: (server.address() as AddressInfo).port, asked };
}

t.test('the network card of a BIOS starts grub.0, which starts tsvm', async (t) => {
  const folder = await makeMedium(t, 'pxe', await briefGuest());
  await startsGuest(t, { uefi: false, card: 'e1000', folder, file: 'grub.0' });
});

t.test('iPXE on a BIOS runs the script from the TFTP server', async (t) => {
  const folder = await makeMedium(t, 'pxe', await briefGuest(), 'apic=trap');
  await startsGuest(t, { uefi: false, card: 'virtio-net', folder, file: 'tsvm.ipxe' });
});

t.test('pxelinux on a BIOS reads its configuration, which names tsvm', async (t) => {
  const folder = await makeMedium(t, 'pxe', await briefGuest(), 'apic=trap');
  for (const file of PXELINUX) await copyFile(file, join(folder, basename(file)));
  await startsGuest(t, { uefi: false, card: 'e1000', folder, file: 'pxelinux.0' });
});

t.test('UEFI starts tsvm.bin as the network’s boot file', async (t) => {
  const folder = await makeMedium(t, 'pxe', await briefGuest());
  await startsGuest(t, { uefi: true, card: 'virtio-net', folder, file: 'tsvm.bin' });
});

for (const uefi of [false, true]) {
  t.test(`iPXE loads the script and tsvm from a web server, ${uefi ? 'on UEFI' : 'on a BIOS'}`, async (t) => {
    const content = await makeMedium(t, 'pxe', await briefGuest(), 'apic=auto');
    const { port, asked } = await serve(t, content);
    const folder = await temporaryFolder(t);
    await writeFile(join(folder, 'first.ipxe'), `#!ipxe\nchain http://${SERVER}:${port}/tsvm.ipxe\n`);
    await startsGuest(t, { uefi, card: 'e1000', folder, file: 'first.ipxe' });
    t.same(asked, ['tsvm.ipxe', 'tsvm.bin']);
  });
}
