/** What the person who boots tsvm may choose, given as words on its command line. */
import { at, BOOL, instance, struct, U32, U8, type Bytes, type Ref } from '../../transpiler/lib/index.js';
import { bootInfo, textBytes } from '../boot/bootInfo.js';
import { afterFirstWord, equalsText, firstWord, hexadecimalDigit, NO_DIGIT, startsWithText } from '../boot/text.js';
import { beginLine, print, printBytes } from '../report/console.js';
import { refusal, stop } from '../report/fail.js';

/** What follows a crash of the hypervisor. */
export const CrashAction = { halt: 0, reset: 1 } as const;
/** Where messages go before the guest starts. */
export const ConsoleChoice = { com1: 0, none: 1 } as const;
/** What follows a triple fault of the guest; a bare machine resets. */
export const TripleFaultAction = { reset: 0, halt: 1 } as const;

/**
 * Whether the guest's writes to its local APIC are looked at, where an INIT could carry a processor out of the guest. With
 * `release` that ends once all processors run.
 */
export const ApicChoice = { auto: 0, trap: 1, release: 2 } as const;

/** The option's name and what its value begins with. */
const DISK = 'disk=0x';

/** The defaults are the zeros. */
const Options = struct(
  'Options',
  { size: 24 },
  {
    crash: at(0, U32),
    console: at(4, U32),
    tripleFault: at(8, U32),
    /** The period of the task that tests the timers, in microseconds; 0: it does not run. */
    testTimer: at(12, U32),
    apic: at(16, U32),
    /** The disk from which a BIOS guest starts, as INT 13h numbers it, where one is given. */
    givesDisk: at(20, BOOL),
    disk: at(21, U8),
  },
);
export type Options = Ref<typeof Options>;
export const options = instance(Options);

/** Reads the words of the command line into `options`. Stops at one it does not know. */
export function parseOptions(): void {
  let rest: Bytes = textBytes(bootInfo.options);
  let word: Bytes = firstWord(rest);
  while (word.length > 0) {
    if (!applyOption(word)) refuseOption(word);
    rest = afterFirstWord(rest);
    word = firstWord(rest);
  }
}

function applyOption(word: Bytes): boolean {
  if (equalsText(word, 'crash=halt')) options.crash = CrashAction.halt;
  else if (equalsText(word, 'crash=reset')) options.crash = CrashAction.reset;
  else if (equalsText(word, 'console=com1')) options.console = ConsoleChoice.com1;
  else if (equalsText(word, 'console=none')) options.console = ConsoleChoice.none;
  else if (equalsText(word, 'refusal=halt')) refusal.firmwareGoesOn = false;
  else if (equalsText(word, 'refusal=firmware')) refusal.firmwareGoesOn = true;
  else if (equalsText(word, 'triple-fault=reset')) options.tripleFault = TripleFaultAction.reset;
  else if (equalsText(word, 'triple-fault=halt')) options.tripleFault = TripleFaultAction.halt;
  else if (equalsText(word, 'apic=auto')) options.apic = ApicChoice.auto;
  else if (equalsText(word, 'apic=trap')) options.apic = ApicChoice.trap;
  else if (equalsText(word, 'apic=release')) options.apic = ApicChoice.release;
  else if (equalsText(word, 'test-timer=1ms')) options.testTimer = 1_000;
  else if (equalsText(word, 'test-timer=10ms')) options.testTimer = 10_000;
  else if (equalsText(word, 'test-timer=1s')) options.testTimer = 1_000_000;
  else if (startsWithText(word, DISK)) return readDisk(word);
  else return startsWithText(word, 'chain=');
  return true;
}

/** Two hexadecimal digits, as BIOS calls are written. */
function readDisk(word: Bytes): boolean {
  if (word.length !== DISK.length + 2) return false;
  const high = hexadecimalDigit(word.u8(DISK.length));
  const low = hexadecimalDigit(word.u8(DISK.length + 1));
  if (high >= NO_DIGIT || low >= NO_DIGIT) return false;
  options.givesDisk = true;
  options.disk = high * 16 + low;
  return true;
}

function refuseOption(word: Bytes): never {
  beginLine();
  print('unknown option "');
  printBytes(word);
  print('"; the options are crash=halt|reset, console=com1|none, triple-fault=reset|halt, refusal=halt|firmware, ');
  print('apic=auto|trap|release, test-timer=1ms|10ms|1s, disk=0x80, chain=FILE');
  stop();
}
