/** What the boot loader handed over: a private copy that does not depend on how it was given. */
import {
  addressOf,
  arr,
  at,
  BOOL,
  HPA,
  instance,
  min32,
  struct,
  U32,
  U8,
  window,
  type Bytes,
  type Hpa,
  type u32,
  type Ref,
} from '../../transpiler/lib/index.js';
import { afterFirstWord, firstWord } from './text.js';

/** What a range of memory is for, numbered as the firmware does (ACPI, "System Address Map Interfaces"). */
export const MemoryKind = { available: 1, reserved: 2, acpiReclaimable: 3, acpiNvs: 4, unusable: 5 } as const;

/** The addresses from `start` up to, not including, `end`. `kind` may be one that has no name here. */
export const MemoryRange = struct(
  'MemoryRange',
  { size: 24 },
  { start: at(0, HPA), end: at(8, HPA), kind: at(16, U32) },
);
export type MemoryRange = Ref<typeof MemoryRange>;

/** The most ranges that a boot loader may give. */
export const MAX_BOOT_RANGES = 128;
/** The most modules that a boot loader may give. */
export const MAX_MODULES = 4;
/** The longest text that is kept: Linux takes at most 2,047 bytes of command line. */
export const MAX_TEXT = 2048;

/** One line of text. */
const Text = struct('Text', { size: 2052 }, { length: at(0, U32), characters: at(4, arr(U8, MAX_TEXT)) });
export type Text = Ref<typeof Text>;

/** A file that the boot loader put at `start` up to `end`, and its text: a name, unless the loader gives none, then a command line. */
export const Module = struct('Module', { size: 2072 }, { start: at(0, HPA), end: at(8, HPA), text: at(16, Text) });
export type Module = Ref<typeof Module>;

const BootInfo = struct(
  'BootInfo',
  { size: 13440 },
  {
    rangeCount: at(0, U32),
    moduleCount: at(4, U32),
    ranges: at(8, arr(MemoryRange, MAX_BOOT_RANGES)),
    modules: at(3080, arr(Module, MAX_MODULES)),
    options: at(11368, Text),
    /** Whether the boot loader begins each text with the file's name. */
    namesFiles: at(13420, BOOL),
  },
);
export const bootInfo = instance(BootInfo, { align: 8 });

/** The characters of `text`. */
export function textBytes(text: Text): Bytes {
  return window(addressOf(text.characters), min32(text.length, MAX_TEXT));
}

/** The file's name, where the boot loader gives one. */
export function moduleName(module: Module): Bytes {
  const text = textBytes(module.text);
  return bootInfo.namesFiles ? firstWord(text) : text.part(0, 0);
}

/** The module's text without the file's name. */
export function moduleCommandLine(module: Module): Bytes {
  const text = textBytes(module.text);
  return bootInfo.namesFiles ? afterFirstWord(text) : text;
}

/** Adds a memory range. False where there are too many. */
export function addMemoryRange(start: Hpa, end: Hpa, kind: u32): boolean {
  const count = bootInfo.rangeCount;
  if (count >= MAX_BOOT_RANGES) return false;
  const range = bootInfo.ranges.at(count);
  range.start = start;
  range.end = end;
  range.kind = kind;
  bootInfo.rangeCount = count + 1;
  return true;
}

/** Keeps a copy of `source`. False where it is too long. */
export function setText(text: Text, source: Bytes): boolean {
  const length = source.length;
  if (length > MAX_TEXT) return false;
  for (let i: u32 = 0; i < length; i++) text.characters.set(i, source.u8(i));
  text.length = length;
  return true;
}
