/**
 * What the person who boots tsvm may choose: words in the packed file, which its signature covers, and words from outside, on
 * the command line that a boot loader or the firmware hands over. What each word may be: optionTable.ts.
 */
import {
  addressOf,
  arr,
  at,
  HPA,
  instance,
  struct,
  U32,
  U8,
  u8,
  window,
  type Bytes,
  type Ref,
  type u32,
} from '../../transpiler/lib/index.js';
import { bootInfo, textBytes } from '../handover/bootInfo.js';
import { afterFirstWord, firstWord, startsWithText } from '../handover/text.js';
import { beginLine, print, printBytes } from '../report/console.js';
import { refusal, stop } from '../report/fail.js';
import { chosen, findOption, OPTION_COUNT, printOptions, Strength } from './optionTable.js';

/** What follows a crash of the hypervisor. */
export const CrashAction = { halt: 0, reset: 1 } as const;
/** Where messages go before the guest starts. */
export const ConsoleChoice = { com1: 0, none: 1 } as const;
/** What follows a triple fault of the guest; a bare machine resets. */
export const TripleFaultAction = { reset: 0, halt: 1 } as const;
/** What follows on UEFI where start-up cannot go on. */
export const RefusalAction = { halt: 0, firmware: 1 } as const;

/**
 * Whether the guest's writes to its local APIC are looked at, where an INIT could carry a processor out of the guest. With
 * `release` that ends once all processors run.
 */
export const ApicChoice = { auto: 0, trap: 1, release: 2 } as const;

/** Who may make the hypercalls that tell what the guest's kernel may know: its kernel, or its programs, too. */
export const HypercallChoice = { kernel: 0, user: 1 } as const;
/**
 * What becomes of an INIT on AMD-V that no intercepted ICR has sent: it stays pending, or the processor makes an exception of
 * it (VM_CR.R_INIT). `auto` redirects where the processor can, and this is no virtual machine.
 */
export const InitChoice = { auto: 0, hold: 1, redirect: 2 } as const;

/** Whether the guest has MSRs that are in none of the lists in access/. */
export const MsrChoice = { strict: 0, open: 1 } as const;
/** What has to hold for start-up to go on. */
export const RequireChoice = { nothing: 0, locks: 1 } as const;

/** How often the task that tests the timers runs. */
export const TestTimer = { off: 0, every1Ms: 1, every10Ms: 2, every1S: 3 } as const;
export type TestTimer = (typeof TestTimer)[keyof typeof TestTimer];

/** The numbers of the values. The field at 4 * N belongs to line N of the table; the defaults are the zeros. */
const Options = struct(
  'Options',
  { size: 48 },
  {
    crash: at(0, U32),
    console: at(4, U32),
    tripleFault: at(8, U32),
    refusal: at(12, U32),
    apic: at(16, U32),
    testTimer: at(20, U32),
    /** 1 more than the number, as INT 13h has it, of the disk from which a BIOS guest starts; 0: none is given. */
    disk: at(24, U32),
    /** Whether a file to start is given: chainedFile(). */
    chain: at(28, U32),
    hypercall: at(32, U32),
    msr: at(36, U32),
    require: at(40, U32),
    init: at(44, U32),
  },
);
export type Options = Ref<typeof Options>;
export const options = instance(Options);

const Words = struct(
  'OptionWords',
  { size: 48 },
  {
    /** The strength of each option's last word, and the least that another word may have. */
    strengths: at(0, arr(U8, OPTION_COUNT)),
    least: at(16, arr(U8, OPTION_COUNT)),
    /** The file that the last `chain=` names. */
    file: at(32, HPA),
    fileBytes: at(40, U32),
  },
);
const words = instance(Words, { align: 8 });

const CHAIN = 'chain=';

/**
 * Reads the words of both sources into `options`; of words for the same option in one source the last counts. Stops at a word
 * that is no option, and at one from outside that is weaker than allowed: than the packed file's word for this option, and
 * under Secure Boot than the default.
 */
export function parseOptions(): void {
  takeWords(textBytes(bootInfo.packedOptions));
  limitOutside();
  takeWords(textBytes(bootInfo.options));
}

/** The file that `chain=` names; empty where it is not given. */
export function chainedFile(): Bytes {
  return window(words.file, words.fileBytes);
}

function takeWords(text: Bytes): void {
  let rest: Bytes = text;
  let word: Bytes = firstWord(rest);
  while (word.length > 0) {
    takeWord(word);
    rest = afterFirstWord(rest);
    word = firstWord(rest);
  }
}

function takeWord(word: Bytes): void {
  if (!findOption(word)) refuseUnknown(word);
  const number = chosen.number;
  const strength = chosen.strength;
  if (number >= OPTION_COUNT) refuseUnknown(word);
  if (strength < words.least.get(number)) refuseWeaker(word, strength);
  words.strengths.set(number, u8(strength));
  window(addressOf(options), Options.bytes).setU32(4 * number, chosen.value);
  if (startsWithText(word, CHAIN) && word.length >= CHAIN.length)
    keepFile(word.part(CHAIN.length, word.length - CHAIN.length));
  refusal.firmwareGoesOn = options.refusal === RefusalAction.firmware;
}

function keepFile(name: Bytes): void {
  words.file = name.start;
  words.fileBytes = name.length;
}

/** What was said inside the signature, or by default under Secure Boot, is the least from here on. */
function limitOutside(): void {
  for (let number: u32 = 0; number < OPTION_COUNT; number++) {
    const packed = words.strengths.get(number);
    words.least.set(number, bootInfo.isSecure && packed === Strength.weaker ? Strength.same : packed);
  }
}

function refuseUnknown(word: Bytes): never {
  beginWord('unknown option "', word);
  print('the options are ');
  printOptions();
  stop();
}

function refuseWeaker(word: Bytes, strength: u32): never {
  beginWord('the option "', word);
  print(
    bootInfo.isSecure && strength === Strength.weaker
      ? 'it weakens protection, so under Secure Boot it counts only inside the signed file'
      : 'it is weaker than the one in the packed file, which stands',
  );
  print(': remove it, or make the file again with tsvm pack --options');
  stop();
}

function beginWord(text: string, word: Bytes): void {
  beginLine();
  print(text);
  printBytes(word);
  print('"; ');
}
