import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { assembleBareProgram } from '../../../images/bare.js';
import { bootInBochs } from '../../support/machines/bochs.js';
import { root } from '../../../linker/paths.js';
import { boot, type BootOptions, temporaryFolder } from '../../support/machines/harness.js';

/** Offset in images/bare/bios.asm of the byte that decides how it ends. */
const ENDING = 507;
const Ending = { emulator: 'o', keyboard: 'r', port: 'c', tripleFault: 't', bootstrap: 'w' } as const;

/** A disk with images/bare/bios.asm, changed. */
async function disk(t: Test, change: (disk: Buffer) => void): Promise<string> {
  const file = join(await temporaryFolder(t), 'disk.img');
  await assembleBareProgram(root, 'bios', file);
  const content = await readFile(file);
  change(content);
  await writeFile(file, content);
  return file;
}

const endingBy = (ending: string) => (content: Buffer) => void content.write(ending, ENDING, 'latin1');

function withDisk(file: string, chosen: BootOptions = {}): BootOptions {
  const drive = ['-drive', `file=${file},format=raw,if=none,id=disk`, '-device', 'ide-hd,drive=disk'];
  const end = ['-device', 'isa-debug-exit,iobase=0xf4'];
  return { kernel: null, initrd: null, memory: '256M', seconds: 30, extra: [...drive, ...end], ...chosen };
}

interface Range {
  readonly start: number;
  readonly bytes: number;
  readonly kind: number;
}

/** The memory map that the program has read in entries of `entryBytes` bytes. */
function mapOf(serial: string, entryBytes: number): Range[] {
  const size = entryBytes.toString(16).toUpperCase();
  const lines = serial.matchAll(/^bios: e820\/(\S+) = (\S+) (\S+) (\S+) \S+ of (\S+)$/gm);
  return [...lines]
    .filter(([, asked]) => asked === size)
    .map(([, , start = '', bytes = '', kind = '']) => ({
      start: parseInt(start, 16),
      bytes: parseInt(bytes, 16),
      kind: parseInt(kind, 16),
    }));
}

const available = (map: readonly Range[], from = 0): number =>
  map.filter(({ start, kind }) => kind === 1 && start >= from).reduce((sum, { bytes }) => sum + bytes, 0);

const LOW_MEMORY = 0xa_0000;
const BLOCK = 0x1000;
const MIB = 0x10_0000;

/** All lines except those about the amount of memory. */
const aboutTheRest = (serial: string): string[] =>
  serial.split('\n').filter((line) => /^bios: (?!e820|e801|e881|12 |short)/.test(line));

const valueOf = (serial: string, name: string): string =>
  new RegExp(`^bios: ${name} = (.*)$`, 'm').exec(serial)?.[1] ?? '';

/** Checks that the guest sees the bare machine's firmware, except for the memory that the hypervisor keeps. */
function sameBios(t: Test, bare: string, guest: string): void {
  t.match(bare, /^bios: end$/m, 'the bare machine comes to the end');
  t.same(aboutTheRest(guest), aboutTheRest(bare), 'disks, other services, and that the timer interrupts');
  const bareMap = mapOf(bare, 20);
  const guestMap = mapOf(guest, 20);
  t.same(mapOf(guest, 24), guestMap, 'the same map in both forms of entries');
  const isReserved = ({ kind }: Range) => kind !== 1;
  const kept = guestMap.filter((range) => isReserved(range) && !bareMap.some(({ start }) => start === range.start));
  const [low, region, ...others] = kept;
  t.same(others, [], 'two ranges are kept');
  t.equal(low?.bytes, BLOCK, 'one in low memory');
  t.ok((region?.bytes ?? Infinity) <= 6 * MIB, 'the hypervisor’s region');
  t.equal(available(guestMap), available(bareMap) - BLOCK - (region?.bytes ?? 0));
  t.match(guest, /^bios: short entry fails$/m, 'less than an entry is refused');
  t.equal(parseInt(valueOf(guest, '12'), 16) * 1024, low?.start, 'INT 12h: low memory ends where the block begins');
  const above = guestMap.find(({ start }) => start === MIB)?.bytes ?? 0;
  const sizes = [15 * 1024, (above - 15 * MIB) / 0x1_0000].map((size) =>
    size.toString(16).toUpperCase().padStart(4, '0'),
  );
  t.equal(valueOf(guest, 'e801'), `${sizes.join(' ')} ${sizes.join(' ')} succeeds`);
  t.ok(parseInt(valueOf(bare, '12'), 16) * 1024 - (low?.start ?? 0) >= BLOCK, 'below what the BIOS has there');
  t.ok((low?.start ?? Infinity) < LOW_MEMORY);
}

for (const machine of ['pc', 'q35']) {
  t.test(`without a kernel the disk of the ${machine} machine starts, with an unchanged BIOS`, async (t) => {
    const file = await disk(t, endingBy(Ending.emulator));
    const bare = await boot(withDisk(file, { machine, image: null }));
    const guest = await boot(withDisk(file, { machine }));
    sameBios(t, bare.serial, guest.serial);
    t.equal(guest.ended, 'off');
  });
}

t.test('memory above 4 GiB stays the guest’s', async (t) => {
  const file = await disk(t, endingBy(Ending.emulator));
  const { serial } = await boot(withDisk(file, { memory: '5G' }));
  t.equal(available(mapOf(serial, 20), 2 ** 32), 3 * 2 ** 30);
});

t.test('on VT-x too, the disk starts without a kernel, with an unchanged BIOS', async (t) => {
  const file = await disk(t, endingBy(Ending.emulator));
  const options = { kernel: null, initrd: null, disk: file, until: /^bios: end$/m, seconds: 60 };
  const bare = await bootInBochs({ ...options, image: null });
  const guest = await bootInBochs({ ...options, options: 'disk=0x80' });
  sameBios(t, bare.serial, guest.serial);
  t.same(
    guest.messages.filter((message) => message.includes('VM')),
    [],
    'no VM entry failed',
  );
});

const TWICE = /starting the guest[^]*starting the guest[^]*bios: the timer ticks/;

for (const way of ['keyboard', 'port', 'tripleFault'] as const) {
  t.test(`a reset by ${way} leads through the BIOS and the hypervisor to the guest again`, async (t) => {
    const file = await disk(t, endingBy(Ending[way]));
    const { serial, ended } = await boot(withDisk(file, { endOnReset: false, until: TWICE }));
    t.match(serial, TWICE);
    t.equal(ended, 'stopped');
  });
}

t.test('a hypervisor that a guest starts a second time says so', async (t) => {
  const file = await disk(t, endingBy(Ending.bootstrap));
  const { serial } = await boot(withDisk(file, { until: /runs already.*\n/ }));
  t.match(serial, /^tsvm: this is the guest of a tsvm that runs already: choose another entry of the boot menu/m);
});

t.test('without a disk, or without a boot sector, one line says why and the BIOS goes on', async (t) => {
  const unsigned = await disk(t, (content) => content.writeUInt16LE(0, 510));
  const until = /INT 18h.*\n/;
  const goesOn = /^tsvm: the BIOS goes on by itself \(INT 18h\); disk= names another disk$/m;
  const without = await boot(withDisk(unsigned, { options: 'disk=0x81', until }));
  t.match(without.serial, /^tsvm: disk 0x81 cannot be read: INT 13h gives error 0x01$/m);
  t.match(without.serial, goesOn);
  const { serial } = await boot(withDisk(unsigned, { until }));
  t.match(serial, /^tsvm: disk 0x80 has no boot sector: its first sector does not end with 55 AA$/m);
  t.match(serial, goesOn);
});
