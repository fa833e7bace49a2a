/**
 * The options of tsvm: words in the packed file, which its signature covers, and words from outside, on the command
 * line from a boot loader or the firmware. optionTable.ts lists the allowed words.
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

/** What happens after a crash of the hypervisor. */
export const CrashAction = { halt: 0, reset: 1 } as const;
/** Where messages go until the guest starts. */
export const ConsoleChoice = { com1: 0, none: 1 } as const;
/** What happens after a triple fault of the guest. A bare machine resets. */
export const TripleFaultAction = { reset: 0, halt: 1 } as const;
/** What happens on UEFI if start-up fails. */
export const RefusalAction = { halt: 0, firmware: 1 } as const;

/**
 * Whether the guest's writes to its local APIC are intercepted. `auto` does so where an INIT could take a processor out
 * of the guest. With `release` interception ends once all processors run.
 */
export const ApicChoice = { auto: 0, trap: 1, release: 2 } as const;

/** Who may make the hypercalls that report statistics: the guest's kernel only, or its programs as well. */
export const HypercallChoice = { kernel: 0, user: 1 } as const;
/**
 * What happens on AMD-V to an INIT that no intercepted ICR write has sent: it stays pending, or the processor turns it
 * into an exception (VM_CR.R_INIT). `auto` redirects if the processor can and this is no virtual machine.
 */
export const InitChoice = { auto: 0, hold: 1, redirect: 2 } as const;

/** Whether the guest may access MSRs that are in none of the lists in access/. */
export const MsrChoice = { strict: 0, open: 1 } as const;
/** What start-up requires. */
export const RequireChoice = { nothing: 0, locks: 1 } as const;

/** Period of the task that tests the timers. */
export const TestTimer = { off: 0, every1Ms: 1, every10Ms: 2, every1S: 3 } as const;
export type TestTimer = (typeof TestTimer)[keyof typeof TestTimer];

/** The number of each option's value. The field at 4 * N belongs to line N of the table; a default is 0. */
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
    /** BIOS number (INT 13h) of the disk from which a BIOS guest starts, plus 1; 0: not given. */
    disk: at(24, U32),
    /** 1 if a file to start is given, which chainedFile() returns. */
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
    /** The strength of each option's last word, and the least strength that another word may have. */
    strengths: at(0, arr(U8, OPTION_COUNT)),
    least: at(16, arr(U8, OPTION_COUNT)),
    /** The file name of the last `chain=`. */
    file: at(32, HPA),
    fileBytes: at(40, U32),
  },
);
const words = instance(Words, { align: 8 });

const CHAIN = 'chain=';

/**
 * Reads the words of both sources into `options`. If a source names an option twice, the last word counts. Stops
 * start-up at an unknown word, and at a word from outside that is weaker than allowed: than the packed file's word for
 * this option, and under Secure Boot than the default.
 */
export function parseOptions(): void {
  takeWords(textBytes(bootInfo.packedOptions));
  limitOutside();
  takeWords(textBytes(bootInfo.options));
}

/** The file name of `chain=`; empty if it is not given. */
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

/**
 * Sets the least strength of words from outside: that of the packed file's word, and under Secure Boot at least the
 * default.
 */
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
