/**
 * The list of digests in a bundle: lines of `digest  name`, as sha256sum writes them. The length of a digest tells its
 * kind: SHA-256, or CRC-32C, which takes a three-hundredth of the time and detects accidental damage. Neither protects
 * against someone who can also change the list; the signature of the whole file does that.
 */
import { local, u32, type Bytes } from '../../../transpiler/lib/index.js';
import { crc32c } from './crc32c.js';
import { Digest, sha256 } from '../../crypto/sha256.js';
import { equalsText, hexadecimalDigit, positionOf } from '../../handover/text.js';

export const DigestCheck = { right: 0, wrong: 1, missing: 2 } as const;
export type DigestCheck = (typeof DigestCheck)[keyof typeof DigestCheck];

const NEWLINE = 0x0a;
const SPACE = 0x20;
/** Length of the gap between digest and name: a space, then a space or an asterisk. */
const GAP = 2;
const SHA256_DIGITS = 64;
const CRC32C_DIGITS = 8;
const DIGITS_PER_WORD = 8;

/** Compares the digest of `content` with the one in `list` for `name`. The first line with that name counts. */
export function checkDigest(list: Bytes, name: string, content: Bytes): DigestCheck {
  let rest: Bytes = list;
  while (rest.length > 0) {
    const length = positionOf(rest, NEWLINE);
    const line = rest.part(0, length);
    const digits = positionOf(line, SPACE);
    const others = line.length - digits;
    if (others > GAP && equalsText(line.part(digits + GAP, others - GAP), name)) {
      return isDigestOf(line.part(0, digits), content) ? DigestCheck.right : DigestCheck.wrong;
    }
    if (length >= rest.length) break;
    rest = rest.part(length + 1, rest.length - length - 1);
  }
  return DigestCheck.missing;
}

function isDigestOf(digits: Bytes, content: Bytes): boolean {
  const digest = local(Digest);
  if (digits.length === SHA256_DIGITS) sha256(content, digest);
  else if (digits.length === CRC32C_DIGITS) digest.words.set(0, crc32c(content));
  else return false;
  for (let i: u32 = 0; i < digits.length && i < SHA256_DIGITS; i++) {
    const shift = 28 - 4 * (i % DIGITS_PER_WORD);
    const expected = u32(digest.words.get(u32(i / DIGITS_PER_WORD)) >>> shift) & 0xf;
    if (hexadecimalDigit(digits.u8(i)) !== expected) return false;
  }
  return true;
}
