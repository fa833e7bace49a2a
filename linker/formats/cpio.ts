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

/** An entry of an archive, with the fields that start-up reads (kernel/boot/bundle/cpio.ts). */
export interface ArchiveMember extends ArchiveFile {
  readonly mode: number;
}

const MAGIC = '070701';
/** Start of a header. The second format also has checksums of the contents, which start-up does not check. */
const MAGICS = [MAGIC, '070702'];
const DIGITS = 8;
const HEADER_BYTES = 110;
const MODE_FIELD = 1;
const SIZE_FIELD = 6;
const NAME_FIELD = 11;
const TRAILER = 'TRAILER!!!';
/** The value of a field that is not a number. No archive is that large. */
const NO_NUMBER = 0xffff_ffff;
/** After this many zero bytes, reading does not look for another archive. */
const ZEROS_MOST = 0x1_0000;

const FOLDER_MODE = 0o040755;
const FILE_TYPE = 0o100000;
const LINK_MODE = 0o120777;
const CHARACTER_DEVICE_MODE = 0o020600;

/** Makes an archive of these entries in this order. Times and owners are zero, so equal entries give equal bytes. */
export function cpioArchive(entries: readonly ArchiveEntry[]): Buffer {
  const members = entries.map((entry, index) => member(entry, index + 1));
  return Buffer.concat([...members, header(TRAILER, 0, 0, 0)]);
}

/**
 * Reads the members of an archive and of the archives behind it. Null if `archive` is not an archive, is damaged, or ends
 * without a trailer. A test compares this with what start-up finds in the same bytes.
 */
export function readArchive(archive: Buffer): ArchiveMember[] | null {
  const members: ArchiveMember[] = [];
  if (!hasMagic(archive, 0)) return null;
  let ended = false;
  let position = 0;
  let zeros = 0;
  while (position < archive.length && zeros < ZEROS_MOST) {
    if (archive[position] === 0) {
      position += 1;
      zeros += 1;
      continue;
    }
    const found = readMember(archive, position);
    if (found === null) return null;
    ended = found.path === TRAILER;
    if (!ended) members.push(found);
    position = found.next;
    zeros = 0;
  }
  return ended ? members : null;
}

function hasMagic(archive: Buffer, start: number): boolean {
  return MAGICS.includes(archive.toString('latin1', start, start + MAGIC.length));
}

function readMember(archive: Buffer, start: number): (ArchiveMember & { readonly next: number }) | null {
  const name = start + HEADER_BYTES;
  if (name > archive.length || !hasMagic(archive, start)) return null;
  const field = (index: number) => {
    const at = start + MAGIC.length + index * DIGITS;
    const digits = archive.toString('latin1', at, at + DIGITS);
    return /^[\da-f]{8}$/i.test(digits) ? parseInt(digits, 16) : NO_NUMBER;
  };
  const nameBytes = field(NAME_FIELD);
  if (nameBytes === 0 || nameBytes > archive.length - name) return null;
  const content = aligned(name + nameBytes);
  const end = content + field(SIZE_FIELD);
  if (end > archive.length) return null;
  return {
    path: archive.toString('latin1', name, name + nameBytes - 1),
    content: archive.subarray(content, end),
    mode: field(MODE_FIELD),
    next: aligned(end),
  };
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

/** The header of an entry: 13 fields of 8 hexadecimal digits after the magic number, then the name, padded to 4 bytes. */
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
