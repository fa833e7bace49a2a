/** The modules of a Multiboot loader: the guest's kernel with its command line, then its initrd. Or one bundle. */
import { requires, type Bytes, type Hpa, type u32 } from '../../transpiler/lib/index.js';
import { fail } from '../report/fail.js';
import { bootInfo, GUEST_PARTS, GuestPart, MAX_TEXT, setText, type Text } from './bootInfo.js';
import { refusePart } from './refuse.js';
import { afterFirstWord } from './text.js';

/** Takes module `index`, from `start` up to `end`, over as a part of the guest. */
export function giveModule(index: u32, start: Hpa, end: Hpa, text: Bytes, filesNamed: boolean): void {
  if (index === 0 && !setWords(bootInfo.commandLine, text, filesNamed))
    fail("the guest's command line is longer than 2,048 bytes");
  givePart(index === 0 ? GuestPart.kernel : GuestPart.initrd, start, end);
}

/** Keeps the words of `source`, without the first one where that is the file's name. False where it is too long. */
export function setWords(text: Text, source: Bytes, filesNamed: boolean): boolean {
  return source.length <= MAX_TEXT && setText(text, filesNamed ? afterFirstWord(source) : source);
}

/** Notes where a part of the guest lies. Stops where it is empty or was given before. */
export function givePart(number: u32, start: Hpa, end: Hpa): void {
  requires(number < GUEST_PARTS);
  const part = bootInfo.parts.at(number);
  if (part.end !== 0n) refusePart(number, 'it is given twice');
  if (end <= start) refusePart(number, 'it is empty');
  part.start = start;
  part.end = end;
}
