/** A cpio archive in the `newc` format, which Linux unpacks as its first root file system. */

export type ArchiveEntry =
  | { readonly kind: 'folder'; readonly path: string }
  | { readonly kind: 'file'; readonly path: string; readonly mode: number; readonly content: Uint8Array }
  | { readonly kind: 'link'; readonly path: string; readonly target: string }
  | { readonly kind: 'device'; readonly path: string; readonly major: number; readonly minor: number };

/** A file of an archive that was read. */
export interface ArchiveFile {
  readonly path: string;
  readonly content: Uint8Array;
}

const MAGIC = '070701';
const DIGITS = 8;
const HEADER_BYTES = 110;
const SIZE_FIELD = 6;
const NAME_FIELD = 11;
const TRAILER = 'TRAILER!!!';

const FOLDER_MODE = 0o040755;
const FILE_TYPE = 0o100000;
const LINK_MODE = 0o120777;
const CHARACTER_DEVICE_MODE = 0o020600;

/** The archive of these entries in this order. Times and owners are zero: equal entries give equal bytes. */
export function cpioArchive(entries: readonly ArchiveEntry[]): Buffer {
  const members = entries.map((entry, index) => member(entry, index + 1));
  return Buffer.concat([...members, header(TRAILER, 0, 0, 0)]);
}

/** What has a name in an archive, up to its end; null where `archive` is none, or is truncated. */
export function readArchive(archive: Buffer): ArchiveFile[] | null {
  const files: ArchiveFile[] = [];
  let start = 0;
  while (archive.toString('latin1', start, start + MAGIC.length) === MAGIC) {
    const field = (index: number) => {
      const at = start + MAGIC.length + index * DIGITS;
      const digits = archive.toString('latin1', at, at + DIGITS);
      return /^[\da-f]{8}$/i.test(digits) ? parseInt(digits, 16) : NaN;
    };
    const name = start + HEADER_BYTES;
    const content = aligned(name + field(NAME_FIELD));
    const end = content + field(SIZE_FIELD);
    if (!(end <= archive.length)) return null;
    const path = archive.toString('latin1', name, name + field(NAME_FIELD) - 1);
    if (path === TRAILER) return files;
    files.push({ path, content: archive.subarray(content, end) });
    start = aligned(end);
  }
  return null;
}

function aligned(offset: number): number {
  return Math.ceil(offset / 4) * 4;
}

function member(entry: ArchiveEntry, inode: number): Buffer {
  switch (entry.kind) {
    case 'folder':
      return header(entry.path, inode, FOLDER_MODE, 0);
    case 'file':
      return Buffer.concat([
        header(entry.path, inode, FILE_TYPE | entry.mode, entry.content.length),
        padded(entry.content),
      ]);
    case 'link': {
      const target = Buffer.from(entry.target);
      return Buffer.concat([header(entry.path, inode, LINK_MODE, target.length), padded(target)]);
    }
    case 'device':
      return header(entry.path, inode, CHARACTER_DEVICE_MODE, 0, entry.major, entry.minor);
  }
}

/** Thirteen fields of eight hexadecimal digits after the magic number, then the name, padded to four bytes. */
function header(path: string, inode: number, mode: number, size: number, major = 0, minor = 0): Buffer {
  const owner = 0;
  const group = 0;
  const links = 1;
  const time = 0;
  const fields = [inode, mode, owner, group, links, time, size, 0, 0, major, minor, path.length + 1, 0];
  const digits = fields.map((field) => field.toString(16).padStart(8, '0')).join('');
  return padded(Buffer.from(`${MAGIC}${digits}${path}\0`, 'latin1'));
}

function padded(content: Uint8Array): Buffer {
  return Buffer.concat([content, Buffer.alloc(-content.length & 3)]);
}
