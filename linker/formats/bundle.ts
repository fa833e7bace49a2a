/** A bundle is a cpio archive in the `newc` format that holds a node's guest: its parts and their digests, as `guest/NAME`. */
import crc32c from 'crc-32/crc32c.js';
import { createHash } from 'node:crypto';
import { type ArchiveFile, type ArchiveMember, cpioArchive, readArchive } from './cpio.js';

/** The parts that a bundle may have. */
export const BUNDLE_PARTS = ['kernel', 'initrd', 'cmdline', 'options', 'policy'] as const;
export type BundlePart = (typeof BUNDLE_PARTS)[number];
export type BundleContent = Partial<Readonly<Record<BundlePart, Uint8Array>>>;

/** The digests by which start-up can check the parts. */
export const DIGEST_KINDS = ['crc32c', 'sha256'] as const;
export type DigestKind = (typeof DIGEST_KINDS)[number];

export interface BundleEntry {
  readonly name: BundlePart;
  readonly bytes: number;
  /** Digest of the part, in hexadecimal digits. */
  readonly sha256: string;
  /** Whether the bundle's list of digests has the same digest. */
  readonly matches: boolean;
}

const FOLDER = 'guest';
/** The list of digests, in lines as sha256sum writes them. */
const DIGESTS = `${FOLDER}/digests`;
const KIND_MASK = 0xf000;
const REGULAR_FILE = 0x8000;
const MOST_COMMAND_LINE = 2048;

/** Makes a bundle. To check it, a node needs an instruction for 6 bytes with CRC-32C, and 56 for each byte with SHA-256. */
export function makeBundle(content: BundleContent, kind: DigestKind = 'crc32c'): Buffer {
  const files = BUNDLE_PARTS.flatMap((name): ArchiveFile[] => {
    const part = content[name];
    return part === undefined ? [] : [{ path: `${FOLDER}/${name}`, content: part }];
  });
  const digests = files.map((file) => `${lineOf(file, kind)}\n`).join('');
  const list = { path: DIGESTS, content: Buffer.from(digests) };
  return cpioArchive([
    { kind: 'folder', path: FOLDER },
    ...[list, ...files].map((file) => ({ kind: 'file', mode: 0o444, ...file }) as const),
  ]);
}

/** What a bundle holds, and whether a node starts with it. */
export interface Bundle {
  readonly parts: readonly BundleEntry[];
  /** Why start-up refuses the bundle; null if it accepts it. */
  readonly refusal: string | null;
}

/**
 * Reads a bundle. Null if `archive` is not an archive, is damaged, or has no part of a bundle. Files outside guest/ are left
 * out. `isPacked`: the bundle lies in an image, where it may have options.
 */
export function readBundle(archive: Buffer, isPacked = false): Bundle | null {
  const files = readArchive(archive)?.filter(({ path }) => path.startsWith(`${FOLDER}/`)) ?? [];
  if (files.length === 0) return null;
  const list = files.find(({ path }) => path === DIGESTS)?.content ?? Buffer.alloc(0);
  const parts = BUNDLE_PARTS.flatMap((name): BundleEntry[] => {
    const file = files.find(({ path }) => path === `${FOLDER}/${name}`);
    if (file === undefined) return [];
    const matches = isListed(file, list);
    return [{ name, bytes: file.content.length, sha256: digestOf(file.content, 'sha256'), matches }];
  });
  return { parts, refusal: refusalOf(files, isPacked) ?? digestRefusal(parts) };
}

/** Why start-up refuses these files, by the rules of kernel/boot/bundle/bundle.ts. A test compares the two. */
function refusalOf(files: readonly ArchiveMember[], isPacked: boolean): string | null {
  const known = [DIGESTS, ...BUNDLE_PARTS.map((name) => `${FOLDER}/${name}`)];
  for (const [index, { path, mode }] of files.entries()) {
    if (!known.includes(path)) return `${path} is not known`;
    if (files.findIndex((file) => file.path === path) < index) return `${path} is there twice`;
    if ((mode & KIND_MASK) !== REGULAR_FILE) return `${path} is no file`;
  }
  const part = (name: BundlePart) => files.find(({ path }) => path === `${FOLDER}/${name}`)?.content;
  if (part('policy') !== undefined) return `${FOLDER}/policy cannot be enforced by this version`;
  const options = part('options');
  if (options !== undefined && !isPacked) return `${FOLDER}/options counts in the image only`;
  if (options !== undefined && (part('kernel') ?? part('initrd') ?? part('cmdline')) === undefined) return null;
  if (part('kernel') === undefined) return `there is no ${FOLDER}/kernel`;
  if (part('kernel')?.length === 0 || part('initrd')?.length === 0) return 'a part of it is empty';
  const line = Buffer.from(part('cmdline') ?? []).toString('latin1');
  if (/\n[^]/.test(line)) return `${FOLDER}/cmdline has more than one line`;
  if (line.replace('\n', '').length > MOST_COMMAND_LINE) return `${FOLDER}/cmdline is longer than 2,048 bytes`;
  return null;
}

function digestRefusal(parts: readonly BundleEntry[]): string | null {
  const wrong = parts.find(({ matches }) => !matches);
  return wrong === undefined ? null : `${FOLDER}/${wrong.name} has another digest than ${DIGESTS} says, or none`;
}

/** Whether the first line of `list` with the file's name has its digest. */
function isListed({ path, content }: ArchiveFile, list: Uint8Array): boolean {
  const lines = Buffer.from(list).toString('latin1').split('\n');
  const named = lines.map((line) => /^([^ ]*) [^](.+)$/s.exec(line)).find((match) => match?.[2] === path);
  const digest = named?.[1]?.toLowerCase();
  return digest !== undefined && DIGEST_KINDS.some((kind) => digestOf(content, kind) === digest);
}

/** The content of a part; null if `archive` is not a bundle or does not have it. */
export function readPart(archive: Buffer, name: BundlePart): Buffer | null {
  const content = readArchive(archive)?.find(({ path }) => path === `${FOLDER}/${name}`)?.content;
  return content === undefined ? null : Buffer.from(content);
}

function lineOf({ path, content }: ArchiveFile, kind: DigestKind): string {
  return `${digestOf(content, kind)}  ${path}`;
}

/** The digest of `content`, in hexadecimal digits. */
export function digestOf(content: Uint8Array, kind: DigestKind): string {
  if (kind === 'sha256') return createHash('sha256').update(content).digest('hex');
  return (crc32c.buf(content) >>> 0).toString(16).padStart(8, '0');
}
