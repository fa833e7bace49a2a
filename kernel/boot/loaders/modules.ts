/** The modules of a Multiboot loader: the guest's kernel with its command line, then its initrd; or one bundle. */
import { subSat64, u32, u64, window, type Bytes, type Hpa } from '../../../transpiler/lib/index.js';
import { fail } from '../../report/fail.js';
import { bootInfo, GuestPart, MAX_TEXT, setText, type Text } from '../../handover/bootInfo.js';
import { readBundle } from '../bundle/bundle.js';
import { isArchive } from '../bundle/cpio.js';
import { givePart } from '../bundle/parts.js';
import { afterFirstWord } from '../../handover/text.js';

/** Longest bundle: modules lie below 4 GiB. */
const LONGEST_BUNDLE = 0xffff_ffffn;

/**
 * Records module `index`, from `start` up to `end`, as a part of the guest. A first module that is a cpio archive is a
 * bundle with the whole guest; no kernel looks like one.
 */
export function giveModule(index: u32, start: Hpa, end: Hpa, text: Bytes, filesNamed: boolean): void {
  if (index === 0 && !setWords(bootInfo.commandLine, text, filesNamed))
    fail("the guest's command line is longer than 2,048 bytes");
  const bytes = subSat64(u64(end), u64(start));
  if (index === 0 && bytes <= LONGEST_BUNDLE && isArchive(window(start, u32(bytes))))
    readBundle(window(start, u32(bytes)));
  else givePart(index === 0 ? GuestPart.kernel : GuestPart.initrd, start, end);
}

/** Copies `source`, without its first word if that is the file's name. Returns false if it is too long. */
export function setWords(text: Text, source: Bytes, filesNamed: boolean): boolean {
  return source.length <= MAX_TEXT && setText(text, filesNamed ? afterFirstWord(source) : source);
}
