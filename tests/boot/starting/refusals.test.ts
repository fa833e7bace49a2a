import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { makeBundle } from '../../../linker/formats/bundle.js';
import { cpioArchive } from '../../../linker/formats/cpio.js';
import { packFile } from '../../../linker/formats/file.js';
import { bootAndBreak } from '../../support/machines/gdb.js';
import {
  boot,
  type BootOptions,
  defaultGuest,
  freshImage,
  hypervisorLines,
  temporaryFolder,
} from '../../support/machines/harness.js';

/** Checks that the last line says why, and that the machine then stands still: a triple fault or a reset would end the run. */
async function refuses(t: Test, options: BootOptions, reason: RegExp): Promise<void> {
  const { serial, ended } = await boot({ ...options, until: new RegExp(`${reason.source}.*\\n`), seconds: 60 });
  // UEFI firmware writes escape sequences before the first line.
  const lines = serial.split('\n').filter((line) => line.includes('tsvm: '));
  t.match(lines.at(-1), reason);
  t.equal(ended, 'stopped');
  t.notMatch(serial, /Linux version/);
}

/** The guest's kernel, changed. */
async function changedKernel(t: Test, change: (kernel: Buffer) => Buffer): Promise<string> {
  const file = join(await temporaryFolder(t), 'vmlinuz');
  await writeFile(file, change(await readFile((await defaultGuest()).kernel)));
  return file;
}

t.test('a processor without SVM', (t) => refuses(t, { cpu: 'qemu64,-svm' }, /this processor has no AMD-V \(SVM\)/));

t.test('a processor without nested paging', (t) => refuses(t, { cpu: 'EPYC,-npt' }, /without nested paging/));

t.test('an unknown option', (t) => refuses(t, { options: 'crash=halt colour=red' }, /unknown option "colour=red"/));

t.test('a module that is not a kernel', async (t) => {
  const kernel = await changedKernel(t, () => Buffer.alloc(100_000, 'text '));
  await refuses(t, { kernel }, /the guest's kernel: .*not a Linux bzImage/);
});

t.test('a module of a few bytes', async (t) => {
  const kernel = await changedKernel(t, (kernel) => kernel.subarray(0, 20));
  await refuses(t, { kernel }, /the guest's kernel: .*not a Linux bzImage: too short/);
});

t.test('a truncated kernel', async (t) => {
  const kernel = await changedKernel(t, (kernel) => kernel.subarray(0, kernel.length / 2));
  await refuses(t, { kernel }, /the guest's kernel: .*truncated/);
});

t.test('a kernel with the oldest boot protocol', async (t) => {
  const kernel = await changedKernel(t, (kernel) => {
    kernel.writeUInt16LE(0x0200, 0x206);
    return kernel;
  });
  await refuses(t, { kernel }, /the guest's kernel: .*its boot protocol is older than 2\.10/);
});

/** Boots with a file that the loader passes like an initrd. */
async function given(t: Test, content: Buffer): Promise<BootOptions> {
  const file = join(await temporaryFolder(t), 'initrd');
  await writeFile(file, content);
  return { kernel: null, initrd: null, extra: ['-initrd', file] };
}

t.test('an initial file system without a kernel', async (t) => {
  const files = await given(t, cpioArchive([{ kind: 'file', path: 'init', mode: 0o755, content: Buffer.from('#!') }]));
  await refuses(t, files, /an initrd without a kernel: the archive that was given has no guest\/kernel/);
});

/** The ways to start a bundle with a policy, by name. */
const POLICY_WAYS: Readonly<Record<string, (t: Test, bundle: Buffer) => Promise<BootOptions>>> = {
  initrd: given,
  'initrd on UEFI': async (t, bundle) => ({ ...(await given(t, bundle)), uefi: true }),
  packed,
  'packed on UEFI': async (t, bundle) => ({ ...(await packed(t, bundle)), uefi: true }),
  multiboot: async (t, bundle) => ({ ...(await asModule(t, bundle)), loader: 'multiboot' }),
  multiboot2: async (t, bundle) => ({ ...(await asModule(t, bundle)), loader: 'multiboot2' }),
};

async function packed(t: Test, bundle: Buffer): Promise<BootOptions> {
  const image = join(await temporaryFolder(t), 'node.bin');
  await writeFile(image, packFile(await readFile(await freshImage()), bundle));
  return { image, kernel: null, initrd: null };
}

async function asModule(t: Test, bundle: Buffer): Promise<BootOptions> {
  const kernel = join(await temporaryFolder(t), 'guest.cpio');
  await writeFile(kernel, bundle);
  return { kernel, initrd: null };
}

for (const [way, machineOf] of Object.entries(POLICY_WAYS)) {
  t.test(`a policy, since this version enforces none: ${way}`, async (t) => {
    const kernel = await readFile((await defaultGuest()).kernel);
    const machine = await machineOf(t, makeBundle({ kernel, policy: Buffer.from('deny all') }));
    await refuses(t, machine, /guest\/policy cannot be enforced by this version: make the bundle without a policy/);
  });
}

t.test('too little memory', (t) => refuses(t, { memory: '32M' }, /too little memory/));

/** Makes the guest's second part begin where the first one does, after the loader's list is read. */
const OVERLAP = 'set handover_bootInfo_bootInfo.parts.at[1].start = handover_bootInfo_bootInfo.parts.at[0].start';

t.test('modules that overlap', async (t) => {
  const machine = { loader: 'multiboot', until: /overlap\n/ } as const;
  const { serial, ended } = await bootAndBreak('boot_boot_readEmbeddedBundle', [OVERLAP], machine);
  t.equal(hypervisorLines(serial).at(-1), "tsvm: the guest's kernel and its initrd overlap");
  t.equal(ended, 'stopped');
});
