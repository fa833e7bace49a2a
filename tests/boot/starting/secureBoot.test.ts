/** Secure Boot as set up in docs/boot.md, from enrolment to boot, and attempts to get around it. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { makeBundle } from '../../../linker/formats/bundle.js';
import { packFile } from '../../../linker/formats/file.js';
import { assembleBareProgram } from '../../../images/bare.js';
import { root } from '../../../linker/paths.js';
import { boot, defaultGuest, freshImage, temporaryFolder } from '../../support/machines/harness.js';
import { enrolledMachine, type SecureMachine } from '../../support/machines/secureMachine.js';

const DEFAULT = 'EFI/BOOT/BOOTX64.EFI';

/** Options in the firmware's boot menu that would weaken protection, by the file that gets them. */
const WORDS = {
  'refusal.efi': 'refusal=firmware x=y',
  'release.efi': 'apic=release',
  'chain.efi': 'chain=\\\\EFI\\\\BOOT\\\\BOOTX64.EFI',
};

/** Offset in the header of a Linux kernel (boot protocol 2.05). */
const RELOCATABLE = 0x234;

const APPEND = 'console=ttyS0 quiet no_timer_check tsvm.run=poweroff';

interface Node {
  readonly machine: SecureMachine;
  readonly folder: string;
  /** The guest: its unsigned kernel, its initrd and its command line. */
  readonly parts: { readonly kernel: Buffer; readonly initrd: Buffer; readonly cmdline: Buffer };
  /** The signed image with that guest. */
  readonly signed: string;
  /** A signed EFI application, the firmware's next boot option. */
  readonly next: string;
}

let made: Promise<Node> | null = null;

async function makeNode(t: Test): Promise<Node> {
  const folder = await temporaryFolder(t);
  const machine = await enrolledMachine(
    folder,
    Object.entries(WORDS).map(([file, options]) => ({ file, options })),
  );
  const { kernel, initrd } = await defaultGuest();
  const parts = { kernel: await readFile(kernel), initrd: await readFile(initrd), cmdline: Buffer.from(APPEND) };
  const [packed, signed] = [join(folder, 'node.bin'), join(folder, 'signed.bin')];
  await writeFile(packed, packFile(await readFile(await freshImage()), makeBundle(parts)));
  await machine.sign(packed, signed);
  const [program, next] = [join(folder, 'next.efi'), join(folder, 'next-signed.efi')];
  await assembleBareProgram(root, 'efi', program);
  await machine.sign(program, next);
  return { machine, folder, parts, signed, next };
}

function node(): Promise<Node> {
  made ??= makeNode(t);
  return made;
}

t.test('a signed image starts, and so does its guest, although the guest’s kernel is unsigned', async (t) => {
  const { machine, signed } = await node();
  const { serial } = await machine.start([{ path: DEFAULT, source: signed }]);
  t.match(serial, /^tsvm, hypercall interface \d/m);
  t.match(serial, /^guest: ready$/m);
  t.match(serial, /reboot: Power down/);
  const asLinux = { memory: '512M', image: signed, kernel: null, initrd: null };
  t.match((await boot(asLinux)).serial, /^guest: ready$/m, 'on a BIOS, too');
});

t.test('the kernel does not start without tsvm', async (t) => {
  const { machine } = await node();
  const { serial } = await machine.start([{ path: DEFAULT, source: (await defaultGuest()).kernel }], {
    until: /Access Denied/,
  });
  t.match(serial, /failed to load .*: Access Denied/);
  t.notMatch(serial, /EFI stub|Linux version/);
});

t.test('an image with one changed bit in its guest does not start', async (t) => {
  const { machine, folder, signed } = await node();
  const damaged = join(folder, 'damaged.bin');
  const content = await readFile(signed);
  const middle = content.length >> 1;
  content.writeUInt8(content.readUInt8(middle) ^ 1, middle);
  await writeFile(damaged, content);
  const { serial } = await machine.start([{ path: DEFAULT, source: damaged }], { until: /Access Denied/ });
  t.match(serial, /failed to load .*: Access Denied/);
  t.notMatch(serial, /^tsvm:/m);
});

/** Load options are not signed: anyone who can write the firmware's variables can change them. */
t.test('options in the boot menu do not weaken protection, nor let the firmware go on without tsvm', async (t) => {
  const { machine, signed, next } = await node();
  for (const [path, words] of Object.entries(WORDS)) {
    const files = [
      { path, source: signed },
      { path: DEFAULT, source: next },
    ];
    const { serial, ended } = await machine.start(files, { until: /^tsvm: the option .*\n|guest:/m });
    const [word] = words.split(' ');
    t.match(serial, `tsvm: the option "${word}"; it weakens protection, so under Secure Boot it counts only inside`);
    t.notMatch(serial, /guest:/);
    t.equal(ended, 'stopped');
  }
});

/**
 * Options for QEMU that make OVMF offer `initrd` to any application. They need a kernel too: OVMF refuses this one, since it is
 * unsigned and not relocatable, as OVMF's loader of old kernels requires.
 */
async function offering(folder: string, initrd: string): Promise<string[]> {
  const file = join(folder, 'offering.bin');
  const kernel = await readFile((await defaultGuest()).kernel);
  kernel.writeUInt8(0, RELOCATABLE);
  await writeFile(file, kernel);
  return ['-kernel', file, '-initrd', initrd];
}

t.test('a bundle that is offered to a signed image is refused', async (t) => {
  const { machine, folder, parts } = await node();
  const [alone, bundle] = [join(folder, 'alone.bin'), join(folder, 'guest.cpio')];
  await machine.sign(await freshImage(), alone);
  await writeFile(bundle, makeBundle(parts));
  const until = /^tsvm: a bundle from outside .*\n|guest:/m;
  const options = { extra: await offering(folder, bundle), until };
  const { serial, ended } = await machine.start([{ path: DEFAULT, source: alone }], options);
  t.match(serial, /^tsvm: a bundle from outside is not covered by a signature, so under Secure Boot it is refused/m);
  t.notMatch(serial, /guest:/);
  t.equal(ended, 'stopped');
});

t.test('an offered initrd is not added to a signed guest that has none', async (t) => {
  const { machine, folder, parts } = await node();
  const [packed, signed] = [join(folder, 'kernel.bin'), join(folder, 'kernel-signed.bin')];
  const { kernel, cmdline } = parts;
  await writeFile(packed, packFile(await readFile(await freshImage()), makeBundle({ kernel, cmdline })));
  await machine.sign(packed, signed);
  const until = /Kernel panic - not syncing: VFS: Unable to mount root|guest:/;
  const options = { extra: await offering(folder, (await defaultGuest()).initrd), until };
  const { serial } = await machine.start([{ path: DEFAULT, source: signed }], options);
  t.match(serial, /^tsvm: the guest's kernel starts$/m);
  t.match(serial, /Kernel panic - not syncing: VFS: Unable to mount root/);
  t.notMatch(serial, /guest:/);
});
