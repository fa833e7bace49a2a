/**
 * Sets up a machine whose firmware starts only files that its owner has signed, as docs/boot.md describes. It makes keys; a Linux
 * on the bare machine writes them into the firmware in setup mode; from then on the firmware trusts only the owner's certificate.
 */
import { execa } from 'execa';
import { copyFile, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cpioArchive } from '../../../linker/formats/cpio.js';
import { type FatFile, fatSize, makeFat } from '../../../images/fat.js';
import { boot, type Boot, type BootOptions, defaultGuest } from './harness.js';

const FIRMWARE = '/usr/share/OVMF/OVMF_CODE_4M.secboot.fd';
/** The firmware's initial variables. They have no keys, so the firmware is in setup mode. */
const VARIABLES = '/usr/share/OVMF/OVMF_VARS_4M.fd';
const GLOBAL = '8be4df61-93ca-11d2-aa0d-00e098032b8c';
const SECURITY_DATABASE = 'd719b2cb-3d3a-4596-a3bc-dad00e67656f';

/** The key variables in the order of writing, each with the signer of its update. The platform key ends the setup mode. */
const KEYS = [
  { name: 'db', vendor: SECURITY_DATABASE, signer: 'KEK' },
  { name: 'KEK', vendor: GLOBAL, signer: 'PK' },
  { name: 'PK', vendor: GLOBAL, signer: 'PK' },
] as const;

/** Attributes (UEFI 2.10, 8.2.1): non-volatile, access by boot services and at run time; and time-based authentication. */
const PLAIN = Buffer.from([7, 0, 0, 0]);
const AUTHENTICATED = Buffer.from([0x27, 0, 0, 0]);
/** Number of the first boot entry, Boot00A0. The firmware numbers its own entries from 0. */
const FIRST_ENTRY = 0x00a0;

const INIT = `#!/bin/busybox sh
/bin/busybox --install -s /bin
mount -t proc none /proc
mount -t sysfs none /sys
insmod /lib/efivarfs.ko

mount -t efivarfs none /sys/firmware/efi/efivars
for file in /variables/*; do
    name=$(basename $file)
    dd if=$file of=/sys/firmware/efi/efivars/\${name#*.} bs=65536 2> /dev/null && echo "enrolled: \${name#*.}"
done
poweroff -f
`;

/** An entry of the firmware's boot menu, which is not signed: a file, and the options that it gets. */
export interface BootEntry {
  readonly file: string;
  readonly options: string;
}

export interface SecureMachine {
  /** Signs a file with the owner's key. */
  readonly sign: (file: string, signed: string) => Promise<void>;
  /**
   * Starts a machine with a disk that has these files. The firmware tries in order those boot entries whose files exist, and then
   * the default file of any disk, EFI/BOOT/BOOTX64.EFI.
   */
  readonly start: (files: readonly FatFile[], options?: BootOptions) => Promise<Boot>;
}

/** Makes keys, and enrols them and the boot entries. `folder` holds the machine's files. */
export async function enrolledMachine(folder: string, entries: readonly BootEntry[]): Promise<SecureMachine> {
  await makeKeys(folder);
  const variables = join(folder, 'variables.fd');
  await copyFile(VARIABLES, variables);
  const { kernel } = await defaultGuest();
  const initrd = await initrdWithVariables(folder, entries);
  const bare = { image: null, kernel, initrd, append: 'console=ttyS0 quiet', extra: firmwareWords(variables) };
  const { serial } = await boot({ ...bare, machine: 'q35,smm=on', memory: '512M' });
  for (const { name } of KEYS) {
    if (!serial.includes(`enrolled: ${name}-`))
      throw new Error(`the firmware does not take the key ${name}:\n${serial}`);
  }
  return {
    sign: async (file, signed) => {
      const [key, certificate] = [join(folder, 'db.key'), join(folder, 'db.crt')];
      await execa('sbsign', ['--key', key, '--cert', certificate, '--output', signed, file]);
    },
    start: (files, options = {}) => startSecurely(folder, variables, files, options),
  };
}

async function makeKeys(folder: string): Promise<void> {
  const run = (program: string, ...words: string[]) => execa(program, words, { cwd: folder });
  for (const { name } of KEYS) {
    const files = ['-keyout', `${name}.key`, '-out', `${name}.crt`];
    await run('openssl', 'req', '-new', '-x509', '-newkey', 'rsa:2048', '-nodes', '-subj', `/CN=${name}/`, ...files);
    await run('cert-to-efi-sig-list', `${name}.crt`, `${name}.esl`);
  }
  for (const { name, signer } of KEYS) {
    await run(
      'sign-efi-sig-list',
      ...['-k', `${signer}.key`, '-c', `${signer}.crt`, name, `${name}.esl`, `${name}.auth`],
    );
  }
}

/** Makes the default initramfs with another init, which writes the boot entries, then the keys, and powers off. */
async function initrdWithVariables(folder: string, entries: readonly BootEntry[]): Promise<string> {
  const first = await readFile((await defaultGuest()).initrd);
  const order = Buffer.alloc(2 * entries.length);
  entries.forEach((_, index) => order.writeUInt16LE(FIRST_ENTRY + index, 2 * index));
  const keys = KEYS.map(async ({ name, vendor }) => ({
    name: `${name}-${vendor}`,
    content: Buffer.concat([AUTHENTICATED, await readFile(join(folder, `${name}.auth`))]),
  }));
  const variables = [
    { name: `BootOrder-${GLOBAL}`, content: Buffer.concat([PLAIN, order]) },
    ...entries.map((entry, index) => ({
      name: `Boot${(FIRST_ENTRY + index).toString(16).toUpperCase().padStart(4, '0')}-${GLOBAL}`,
      content: Buffer.concat([PLAIN, loadOption(entry)]),
    })),
    ...(await Promise.all(keys)),
  ];
  const more = cpioArchive([
    { kind: 'folder', path: 'variables' },
    { kind: 'file', path: 'init', mode: 0o755, content: Buffer.from(INIT) },
    ...variables.map(
      ({ name, content }, index) =>
        ({ kind: 'file', mode: 0o444, path: `variables/${10 + index}.${name}`, content }) as const,
    ),
  ]);
  const file = join(folder, 'enrol.img');
  await writeFile(file, Buffer.concat([first, Buffer.alloc(-first.length & 3), more]));
  return file;
}

/** An active EFI_LOAD_OPTION (UEFI 2.10, 3.1.3) with a short-form path: a file on any disk (3.1.2). */
function loadOption({ file, options }: BootEntry): Buffer {
  const text = (value: string) => Buffer.from(`${value}\0`, 'utf16le');
  const name = text(`\\${file.replaceAll('/', '\\')}`);
  const node = Buffer.from([4, 4, 0, 0]);
  node.writeUInt16LE(4 + name.length, 2);
  const path = Buffer.concat([node, name, Buffer.from([0x7f, 0xff, 4, 0])]);
  const head = Buffer.alloc(6);
  head.writeUInt32LE(1);
  head.writeUInt16LE(path.length, 4);
  return Buffer.concat([head, text(file), path, text(options)]);
}

function firmwareWords(variables: string): string[] {
  const flash = (words: string) => ['-drive', `if=pflash,format=raw,${words}`];
  return [
    ...['-global', 'driver=cfi.pflash01,property=secure,value=on', '-net', 'none'],
    ...[...flash(`readonly=on,file=${FIRMWARE}`), ...flash(`file=${variables}`)],
  ];
}

let machines = 0;

async function startSecurely(
  folder: string,
  enrolled: string,
  files: readonly FatFile[],
  { extra = [], ...options }: BootOptions,
): Promise<Boot> {
  const name = join(folder, `machine-${(machines += 1)}`);
  const [variables, disk] = [`${name}.fd`, `${name}.img`];
  await copyFile(enrolled, variables);
  const sizes = await Promise.all(files.map(({ source }) => stat(source)));
  const bytes = fatSize(sizes.reduce((sum, { size }) => sum + size, 0));
  await makeFat(disk, { bytes, hiddenSectors: 0 }, files);
  const machine = { machine: 'q35,smm=on', memory: '512M', image: null, kernel: null, initrd: null };
  const words = [...firmwareWords(variables), '-drive', `file=${disk},format=raw`, ...extra];
  return boot({ ...machine, ...options, extra: words });
}
