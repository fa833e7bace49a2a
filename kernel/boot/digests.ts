/** The list of digests in a bundle: lines as sha256sum writes them, `digest  name`. */
import { local, u32, type Bytes } from '../../transpiler/lib/index.js';
import { Digest, sha256 } from './sha256.js';
import { equalsText, hexadecimalDigit, NO_DIGIT, positionOf } from './text.js';

export const DigestCheck = { right: 0, wrong: 1, missing: 2 } as const;
export type DigestCheck = (typeof DigestCheck)[keyof typeof DigestCheck];

const NEWLINE = 0x0a;
const DIGEST_DIGITS = 64;
/** After the digest: a space, and a space or an asterisk. */
const NAME = 66;
const DIGITS_PER_WORD = 8;

/** Whether the digest of `content` is the one that `list` gives for `name`. The first line with that name counts. */
export function checkDigest(list: Bytes, name: string, content: Bytes): DigestCheck {
  let rest: Bytes = list;
  while (rest.length > 0) {
    const length = positionOf(rest, NEWLINE);
    const line = rest.part(0, length);
    if (line.length > NAME && equalsText(line.part(NAME, line.length - NAME), name)) {
      return isDigestOf(line.part(0, DIGEST_DIGITS), content) ? DigestCheck.right : DigestCheck.wrong;
    }
    if (length >= rest.length) break;
    rest = rest.part(length + 1, rest.length - length - 1);
  }
  return DigestCheck.missing;
}

function isDigestOf(digits: Bytes, content: Bytes): boolean {
  const digest = local(Digest);
  sha256(content, digest);
  for (let i: u32 = 0; i < DIGEST_DIGITS; i++) {
    const shift = 28 - 4 * (i % DIGITS_PER_WORD);
    const expected = u32(digest.words.get(u32(i / DIGITS_PER_WORD)) >>> shift) & 0xf;
    const digit = i < digits.length ? hexadecimalDigit(digits.u8(i)) : NO_DIGIT;
    if (digit !== expected) return false;
  }
  return true;
}
