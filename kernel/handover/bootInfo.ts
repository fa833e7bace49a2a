/** What the boot loader handed over: a private copy that does not depend on how it was given. */
import {
  addressOf,
  arr,
  at,
  BOOL,
  HPA,
  instance,
  min32,
  requires,
  struct,
  U32,
  U8,
  window,
  type Bytes,
  type Hpa,
  type u32,
  type Ref,
} from '../../transpiler/lib/index.js';

/**
 * What a range of memory is for, numbered as the firmware does (ACPI, "System Address Map Interfaces"; the last one is
 * Linux's for memory that EFI sets aside for a purpose).
 */
export const MemoryKind = {
  available: 1,
  reserved: 2,
  acpiReclaimable: 3,
  acpiNvs: 4,
  unusable: 5,
  persistent: 7,
  specialPurpose: 0xefff_ffff,
} as const;

/** The addresses from `start` up to, not including, `end`. `kind` may be one that has no name here. */
export const MemoryRange = struct(
  'MemoryRange',
  { size: 24 },
  { start: at(0, HPA), end: at(8, HPA), kind: at(16, U32) },
);
export type MemoryRange = Ref<typeof MemoryRange>;

/** The most ranges that a boot loader may give. */
export const MAX_BOOT_RANGES = 512;
/** The longest text that is kept: Linux takes at most 2,047 bytes of command line. */
export const MAX_TEXT = 2048;

/** One line of text. */
const Text = struct('Text', { size: 2052 }, { length: at(0, U32), characters: at(4, arr(U8, MAX_TEXT)) });
export type Text = Ref<typeof Text>;

/** The parts of a guest that are files, by their number. */
export const GuestPart = { kernel: 0, initrd: 1 } as const;
export const GUEST_PARTS = 2;

/** A file in memory, where the boot loader put it: from `start` up to `end`, which is 0 where there is none. */
export const Part = struct('Part', { size: 16 }, { start: at(0, HPA), end: at(8, HPA) });
export type Part = Ref<typeof Part>;

/** What a boot loader that was started by EFI handed on. The copy of the memory map: efiMemoryMap.ts. */
const EfiInfo = struct(
  'EfiInfo',
  { size: 24 },
  {
    /** 0: not started by EFI, or by a kernel that alone can call it. */
    systemTable: at(0, HPA),
    mapBytes: at(8, U32),
    descriptorBytes: at(12, U32),
    descriptorVersion: at(16, U32),
    /** Whether the boot loader was started by EFI. */
    isPresent: at(20, BOOL),
  },
);

/** The longest form of the root system description pointer that is known. */
export const RSDP_BYTES_MOST = 36;
/** Linux's description of the screen (include/uapi/linux/screen_info.h). */
export const SCREEN_BYTES = 64;

const BootInfo = struct(
  'BootInfo',
  { size: 18632 },
  {
    rangeCount: at(0, U32),
    /** Where the boot loader says that ACPI's root pointer lies; 0: it is to be searched. */
    rsdp: at(8, HPA),
    efi: at(16, EfiInfo),
    parts: at(40, arr(Part, GUEST_PARTS)),
    /** The command line of the guest's kernel. */
    commandLine: at(72, Text),
    /** The hypervisor's own. */
    options: at(2124, Text),
    /** A copy of ACPI's root pointer that the boot loader gives without its address; 0 bytes: none. */
    rsdpCopyBytes: at(4176, U32),
    rsdpCopy: at(4180, arr(U8, RSDP_BYTES_MOST)),
    /** The screen as the boot loader left it, where it says so. */
    hasScreen: at(4216, BOOL),
    screen: at(4220, arr(U8, SCREEN_BYTES)),
    ranges: at(4288, arr(MemoryRange, MAX_BOOT_RANGES)),
    /** The hypervisor's options in the bundle that the image brings along. */
    packedOptions: at(16576, Text),
    /** Whether Secure Boot is on: what is not in the signed file may make things stricter only. */
    isSecure: at(18628, BOOL),
  },
);
export const bootInfo = instance(BootInfo, { align: 8 });

/** Whether the boot loader gave this part. */
export function isGiven(part: u32): boolean {
  requires(part < GUEST_PARTS);
  return bootInfo.parts.at(part).end !== 0n;
}

/** The characters of `text`. */
export function textBytes(text: Text): Bytes {
  return window(addressOf(text.characters), min32(text.length, MAX_TEXT));
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
