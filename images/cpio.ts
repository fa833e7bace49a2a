/** A cpio archive in the `newc` format, which Linux unpacks as its first root file system. */

export type ArchiveEntry =
  | { readonly kind: 'folder'; readonly path: string }
  | { readonly kind: 'file'; readonly path: string; readonly mode: number; readonly content: Uint8Array }
  | { readonly kind: 'link'; readonly path: string; readonly target: string }
  | { readonly kind: 'device'; readonly path: string; readonly major: number; readonly minor: number };

const FOLDER_MODE = 0o040755;
const FILE_TYPE = 0o100000;
const LINK_MODE = 0o120777;
const CHARACTER_DEVICE_MODE = 0o020600;

/** The archive of these entries in this order. Times and owners are zero: equal entries give equal bytes. */
export function cpioArchive(entries: readonly ArchiveEntry[]): Buffer {
  const members = entries.map((entry, index) => member(entry, index + 1));
  return Buffer.concat([...members, header('TRAILER!!!', 0, 0, 0)]);
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
  return padded(Buffer.from(`070701${digits}${path}\0`, 'latin1'));
}

function padded(content: Uint8Array): Buffer {
  return Buffer.concat([content, Buffer.alloc(-content.length & 3)]);
}
