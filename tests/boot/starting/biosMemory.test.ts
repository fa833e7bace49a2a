/** BIOSes that describe memory otherwise than QEMU's: images/bare/biosMemory.asm replaces INT 15h. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { assembleBareProgram } from '../../../images/bare.js';
import { makeMedium } from '../../support/machines/media.js';
import { root } from '../../../linker/paths.js';
import { boot, type Boot, freshImage, temporaryFolder } from '../../support/machines/harness.js';

t.setTimeout(600_000);

const RANGES = 506;
const ENDING = 508;
const SETUP_BYTES = 0x1000;

/** Boots from disks, in the order of their BIOS numbers. QEMU loads no image. */
function bootDisks(files: readonly string[], until?: RegExp): Promise<Boot> {
  const disks = files.flatMap((file, index) => [
    ...['-drive', `if=none,id=disk${index},file=${file},format=raw,snapshot=on`],
    ...['-device', `ide-hd,bus=ide.${index},drive=disk${index},bootindex=${index}`],
  ]);
  const extra = [...disks, '-device', 'isa-debug-exit,iobase=0xf4'];
  const machine = {
    image: null,
    kernel: null,
    initrd: null,
    memory: '256M',
    machine: 'q35,graphics=off',
    seconds: 120,
  };
  return boot({ ...machine, extra, ...(until === undefined ? {} : { until }) });
}

/** A disk with the boot sector and the following content. */
async function sectorDisk(t: Test, ranges: number, ending: 's' | 'd', rest: Uint8Array): Promise<string> {
  const file = join(await temporaryFolder(t), 'sector');
  await assembleBareProgram(root, 'biosMemory', file);
  const sector = await readFile(file);
  sector.writeUInt16LE(ranges, RANGES);
  sector.write(ending, ENDING, 'latin1');
  await writeFile(file, Buffer.concat([sector, rest, Buffer.alloc(1 << 20)]));
  return file;
}

t.test('a BIOS with 129 ranges of memory is refused, one with 128 is not', async (t) => {
  const setup = (await readFile(await freshImage())).subarray(0, SETUP_BYTES);
  const refusal = /tsvm: the BIOS lists more than 128 ranges of memory/;
  const more = await bootDisks([await sectorDisk(t, 129, 's', setup)], refusal);
  t.match(more.serial, refusal);
  t.equal(more.ended, 'stopped');
  const most = await bootDisks([await sectorDisk(t, 128, 's', setup)]);
  t.notMatch(most.serial, refusal);
  t.equal(most.ended, 'off');
});

const SIZES = /^bios: e881 = (\S+) (\S+) (\S+) (\S+) succeeds$/m;

t.test('INT 15h, E881h, reports the guest’s own memory, whatever the BIOS reports', async (t) => {
  const guest = join(await temporaryFolder(t), 'guest');
  await assembleBareProgram(root, 'bios', guest);
  const first = await sectorDisk(t, 0, 'd', Buffer.alloc(0));
  const bare = await bootDisks([first, guest]);
  t.same(SIZES.exec(bare.serial)?.slice(1), ['00003C00', '0000FF00', '00003C00', '0000FF00'], 'as the sector says');
  const { serial } = await bootDisks([first, await makeMedium(t, 'usb', null, 'disk=0x82'), guest]);
  const told = /^bios: e801 = (\S+) (\S+) (\S+) (\S+) succeeds$/m.exec(serial)?.slice(1);
  t.same(
    SIZES.exec(serial)?.slice(1),
    told?.map((size) => `0000${size}`),
    'as E801h tells',
  );
  t.notMatch(told?.[1], 'FF00');
});
