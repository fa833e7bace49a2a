/** The modules of a Multiboot loader: the guest's kernel with its command line, then its initrd. Or a bundle. */
import { subSat64, u32, u64, window, type Bytes, type Hpa } from '../../../transpiler/lib/index.js';
import { fail } from '../../report/fail.js';
import { bootInfo, GuestPart, MAX_TEXT, setText, type Text } from '../../handover/bootInfo.js';
import { readBundle } from '../bundle/bundle.js';
import { isArchive } from '../bundle/cpio.js';
import { givePart } from '../bundle/parts.js';
import { afterFirstWord } from '../../handover/text.js';

/** Modules lie below 4 GiB. */
const LONGEST_BUNDLE = 0xffff_ffffn;

/** Takes module `index`, from `start` up to `end`, over as a part of the guest, or as all of it: no kernel is an archive. */
export function giveModule(index: u32, start: Hpa, end: Hpa, text: Bytes, filesNamed: boolean): void {
  if (index === 0 && !setWords(bootInfo.commandLine, text, filesNamed))
    fail("the guest's command line is longer than 2,048 bytes");
  const bytes = subSat64(u64(end), u64(start));
  if (index === 0 && bytes <= LONGEST_BUNDLE && isArchive(window(start, u32(bytes))))
    readBundle(window(start, u32(bytes)));
  else givePart(index === 0 ? GuestPart.kernel : GuestPart.initrd, start, end);
}

/** Keeps the words of `source`, without the first one where that is the file's name. False where it is too long. */
export function setWords(text: Text, source: Bytes, filesNamed: boolean): boolean {
  return source.length <= MAX_TEXT && setText(text, filesNamed ? afterFirstWord(source) : source);
}
