/** What a node boots, in one archive: a cpio in the `newc` format with the parts and their digests, as `guest/NAME`. */
import crc32c from 'crc-32/crc32c.js';
import { createHash } from 'node:crypto';
import { type ArchiveFile, cpioArchive, readArchive } from './cpio.js';

/** The parts that a bundle may have. */
export const BUNDLE_PARTS = ['kernel', 'initrd', 'cmdline', 'policy'] as const;
export type BundlePart = (typeof BUNDLE_PARTS)[number];
export type BundleContent = Partial<Readonly<Record<BundlePart, Uint8Array>>>;

/** What start-up checks the parts by. */
export const DIGEST_KINDS = ['crc32c', 'sha256'] as const;
export type DigestKind = (typeof DIGEST_KINDS)[number];

export interface BundleEntry {
  readonly name: BundlePart;
  readonly bytes: number;
  /** Of what the bundle holds, in hexadecimal digits. */
  readonly sha256: string;
  /** Whether the bundle's list of digests says the same. */
  readonly matches: boolean;
}

const FOLDER = 'guest';
/** Lines as sha256sum writes them. */
const DIGESTS = `${FOLDER}/digests`;

/** A CRC-32C costs the node an instruction for 6 bytes, a SHA-256 56 instructions for each byte. */
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

/** The parts of a bundle; null where `archive` is none. What is no part is left out. */
export function readBundle(archive: Buffer): BundleEntry[] | null {
  const files = readArchive(archive);
  if (files === null) return null;
  const list = files.find(({ path }) => path === DIGESTS)?.content ?? Buffer.alloc(0);
  const lines = Buffer.from(list).toString('latin1').split('\n');
  const parts = BUNDLE_PARTS.flatMap((name): BundleEntry[] => {
    const file = files.find(({ path }) => path === `${FOLDER}/${name}`);
    if (file === undefined) return [];
    const matches = DIGEST_KINDS.some((kind) => lines.includes(lineOf(file, kind)));
    return [{ name, bytes: file.content.length, sha256: digestOf(file.content, 'sha256'), matches }];
  });
  return parts.length === 0 ? null : parts;
}

function lineOf({ path, content }: ArchiveFile, kind: DigestKind): string {
  return `${digestOf(content, kind)}  ${path}`;
}

/** In hexadecimal digits. */
export function digestOf(content: Uint8Array, kind: DigestKind): string {
  if (kind === 'sha256') return createHash('sha256').update(content).digest('hex');
  return (crc32c.buf(content) >>> 0).toString(16).padStart(8, '0');
}
