/** Reads cpio archives in the `newc` format, the format of Linux's initrd (initramfs buffer format). */
import {
  addressOf,
  arr,
  at,
  hpa,
  HPA,
  min32,
  min64,
  requires,
  struct,
  u32,
  U32,
  u64,
  U8,
  window,
  type Bytes,
  type Ref,
} from '../../../transpiler/lib/index.js';
import { hexadecimalDigit, NO_DIGIT, startsWithText } from '../../handover/text.js';

/** What was found at an offset of an archive. */
export const Found = { member: 0, end: 1, damaged: 2 } as const;
export type Found = (typeof Found)[keyof typeof Found];

/** Number of characters kept of a name. No name that the hypervisor looks for is longer. */
export const NAME_MOST = 32;

/** A file of an archive. */
export const Member = struct(
  'Member',
  { size: 64 },
  {
    /** Address of the file's content. */
    start: at(0, HPA),
    end: at(8, HPA),
    mode: at(16, U32),
    /** Offset in the archive at which to look for the next member. */
    next: at(20, U32),
    nameBytes: at(24, U32),
    name: at(28, arr(U8, NAME_MOST)),
  },
);
export type Member = Ref<typeof Member>;

/** The type bits of a file's mode, and their value for a regular file. */
export const KIND_MASK = 0xf000;
export const REGULAR_FILE = 0x8000;

/** The search for another member ends after this many zeros. */
const ZEROS_MOST = 0x1_0000;
/** A header is the magic number and 13 fields of 8 hexadecimal digits. The name follows it. */
const HEADER_BYTES = 110;
const MODE = 14;
const CONTENT_BYTES = 54;
const NAME_BYTES = 94;
const DIGITS = 8;
/** Value of a field that is not a number. It is larger than any archive. */
const NO_NUMBER = 0xffff_ffff;

/** Whether `bytes` start like an archive. */
export function isArchive(bytes: Bytes): boolean {
  return startsWithText(bytes, '070701') || startsWithText(bytes, '070702');
}

/**
 * Reads the member at `offset`, after skipping a few zeros and the trailers of archives that are followed by others. An
 * archive without a trailer counts as damaged, because members of it may be missing.
 */
export function readMember(archive: Bytes, offset: u32, member: Member): Found {
  let position: u32 = offset;
  let zeros: u32 = 0;
  let ended = false;
  while (position < archive.length && zeros < ZEROS_MOST) {
    if (archive.u8(position) === 0) {
      position += 1;
      zeros += 1;
    } else {
      zeros = 0;
      if (!readMemberAt(archive, position, member)) return Found.damaged;
      if (!nameIs(member, 'TRAILER!!!')) return Found.member;
      position = member.next;
      ended = true;
    }
  }
  return ended ? Found.end : Found.damaged;
}

/** Whether the member's name is `text`. */
export function nameIs(member: Member, text: string): boolean {
  return member.nameBytes === text.length && nameStartsWith(member, text);
}

/** Whether the member's name starts with `text`. */
export function nameStartsWith(member: Member, text: string): boolean {
  if (member.nameBytes < text.length) return false;
  for (let i: u32 = 0; i < text.length; i++) {
    if (i >= NAME_MOST || member.name.get(i) !== text.charCodeAt(i)) return false;
  }
  return true;
}

/** The bytes of the member's name, as far as they are kept. */
export function memberName(member: Member): Bytes {
  return window(addressOf(member.name), min32(member.nameBytes, NAME_MOST));
}

function readMemberAt(archive: Bytes, start: u32, member: Member): boolean {
  requires(start < archive.length);
  if (archive.length - start < HEADER_BYTES) return false;
  const header = archive.part(start, HEADER_BYTES);
  if (!isArchive(header)) return false;
  const nameBytes = numberAt(header, NAME_BYTES);
  const contentBytes = numberAt(header, CONTENT_BYTES);
  const name: u32 = start + HEADER_BYTES;
  if (nameBytes === 0 || nameBytes > archive.length - name) return false;
  const content = aligned(u64(name) + u64(nameBytes));
  const end: u64 = content + u64(contentBytes);
  if (end > u64(archive.length)) return false;
  member.start = hpa(archive.start + content);
  member.end = hpa(archive.start + end);
  member.mode = numberAt(header, MODE);
  member.next = u32(min64(aligned(end), u64(archive.length)));
  keepName(archive.part(name, nameBytes - 1), member);
  return true;
}

/** Stores the name without the zero that ends it. */
function keepName(name: Bytes, member: Member): void {
  member.nameBytes = name.length;
  for (let i: u32 = 0; i < name.length && i < NAME_MOST; i++) member.name.set(i, name.u8(i));
}

/** Rounds up to a multiple of four, where names and contents start. */
function aligned(offset: u64): u64 {
  requires(offset < 0x4_0000_0000n);
  return u64(offset + 3n) & u64(~3n);
}

function numberAt(header: Bytes, offset: u32): u32 {
  requires(header.length === HEADER_BYTES && offset <= HEADER_BYTES - DIGITS);
  let value: u32 = 0;
  for (let i: u32 = 0; i < DIGITS; i++) {
    const digit = hexadecimalDigit(header.u8(offset + i));
    if (digit === NO_DIGIT) return NO_NUMBER;
    value = u32((value << 4) | digit);
  }
  return value;
}
