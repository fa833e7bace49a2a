/** The hypervisor's options in the form that UEFI firmware passes: UTF-16 text (UEFI Specification 2.10, 9.1.1). */
import { fillMemory, requires, u64, u8, window, type Bytes, type u32 } from '../../../transpiler/lib/index.js';
import { endLine, print } from '../../report/console.js';
import { fail } from '../../report/fail.js';
import { bootInfo, MAX_TEXT, textBytes } from '../../handover/bootInfo.js';
import { loadedImage } from './efi.js';
import { firmware } from '../../handover/efiServices.js';
import { keepOptions } from '../loaders/loaderWords.js';
import { afterFirstWord, firstWord, positionOf, skipSpaces, startsWithText } from '../../handover/text.js';

const SPACE = 0x20;
const TAB = 0x09;
const LAST_ASCII = 0x7e;
const EQUALS = 0x3d;
/** Most UTF-16 units, including the zero at the end. */
const UNITS_MOST = MAX_TEXT + 1;

/**
 * Copies the options into `bootInfo`. A word `initrd=` is removed: a loader that starts tsvm like Linux adds it, but
 * tsvm finds the initrd by the protocol. A first word without an equals sign is removed as well: it is the file name,
 * which a shell puts first. Data that is not text is ignored with a message.
 */
export function readLoadOptions(): void {
  const image = loadedImage(firmware.image);
  const bytes = image.optionsBytes;
  const start = image.options;
  if (bytes < 2 || start === 0n) return;
  if (bytes > UNITS_MOST * 2) fail('the options are longer than 2,048 characters');
  takeOptions(window(start, bytes));
}

/** Copies load options, given as the UTF-16 text in memory, into `bootInfo`. */
export function takeOptions(units: Bytes): void {
  requires(units.length >= 2 && units.length <= UNITS_MOST * 2);
  if (!takeText(units)) {
    print('the load options are not text, so they are not used');
    endLine();
    return;
  }
  const text = textBytes(bootInfo.options);
  leaveOut(text, 'initrd=');
  const first = firstWord(text);
  keepOptions(positionOf(first, EQUALS) === first.length ? afterFirstWord(text) : text);
}

/** Copies ASCII characters up to the first zero. Returns false if there are other characters. */
function takeText(units: Bytes): boolean {
  const text = bootInfo.options;
  let length: u32 = 0;
  for (let offset: u32 = 0; offset + 1 < units.length; offset += 2) {
    const unit = units.u16(offset);
    if (unit === 0) break;
    const isText = unit === TAB || (unit >= SPACE && unit <= LAST_ASCII);
    if (!isText || length >= MAX_TEXT) return forget();
    text.characters.set(length, u8(unit));
    length++;
  }
  text.length = length;
  return true;
}

/** Overwrites each word that starts with `prefix` with spaces. */
function leaveOut(text: Bytes, prefix: string): void {
  let rest: Bytes = skipSpaces(text);
  while (rest.length > 0) {
    const word = firstWord(rest);
    if (startsWithText(word, prefix)) fillMemory(word.start, SPACE, u64(word.length));
    rest = afterFirstWord(rest);
  }
}

function forget(): boolean {
  bootInfo.options.length = 0;
  return false;
}
