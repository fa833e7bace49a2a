/** What a node boots, in one archive: a cpio in the `newc` format with the parts and their digests, as `guest/NAME`. */
import { createHash } from 'node:crypto';
import { type ArchiveFile, cpioArchive, readArchive } from './cpio.js';

/** The parts that a bundle may have. */
export const BUNDLE_PARTS = ['kernel', 'initrd', 'cmdline', 'policy'] as const;
export type BundlePart = (typeof BUNDLE_PARTS)[number];
export type BundleContent = Partial<Readonly<Record<BundlePart, Uint8Array>>>;

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
const DIGESTS = `${FOLDER}/sha256`;

export function makeBundle(content: BundleContent): Buffer {
  const files = BUNDLE_PARTS.flatMap((name): ArchiveFile[] => {
    const part = content[name];
    return part === undefined ? [] : [{ path: `${FOLDER}/${name}`, content: part }];
  });
  const digests = files.map(({ path, content }) => `${sha256(content)}  ${path}\n`).join('');
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
    const digest = sha256(file.content);
    const matches = lines.includes(`${digest}  ${file.path}`);
    return [{ name, bytes: file.content.length, sha256: digest, matches }];
  });
  return parts.length === 0 ? null : parts;
}

function sha256(content: Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}
