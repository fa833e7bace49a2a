/** What the boot loader handed over: a private copy in one form, whichever boot protocol the loader used. */
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
 * The use of a memory range, numbered as the firmware numbers it (ACPI, "System Address Map Interfaces").
 * `specialPurpose` is Linux's number for memory that EFI sets aside for a purpose.
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

/**
 * The addresses from `start` up to, but not including, `end`. `kind` is a MemoryKind or any other number that the
 * firmware gave.
 */
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

/** One line of text: the command line, or options. */
const Text = struct('Text', { size: 2052 }, { length: at(0, U32), characters: at(4, arr(U8, MAX_TEXT)) });
export type Text = Ref<typeof Text>;

/** The parts of a guest that are files, by their number. */
export const GuestPart = { kernel: 0, initrd: 1 } as const;
export const GUEST_PARTS = 2;

/**
 * A file in memory, where the boot loader put it: from `start` up to `end`. An `end` of 0 means that there is no such
 * file.
 */
export const Part = struct('Part', { size: 16 }, { start: at(0, HPA), end: at(8, HPA) });
export type Part = Ref<typeof Part>;

/** What a boot loader that EFI started passes on. efiMemoryMap.ts holds the copy of the EFI memory map. */
const EfiInfo = struct(
  'EfiInfo',
  { size: 24 },
  {
    /**
     * Address of EFI's system table. 0: EFI did not start the machine, or only the kernel that EFI started may call it.
     */
    systemTable: at(0, HPA),
    mapBytes: at(8, U32),
    descriptorBytes: at(12, U32),
    descriptorVersion: at(16, U32),
    /** Whether EFI started the boot loader. */
    isPresent: at(20, BOOL),
  },
);

/** The longest form of ACPI's root system description pointer that is known. */
export const RSDP_BYTES_MOST = 36;
/** Linux's description of the screen (include/uapi/linux/screen_info.h). */
export const SCREEN_BYTES = 64;

const BootInfo = struct(
  'BootInfo',
  { size: 18632 },
  {
    rangeCount: at(0, U32),
    /** Address of ACPI's root pointer, from the boot loader; 0: tsvm has to search for it. */
    rsdp: at(8, HPA),
    efi: at(16, EfiInfo),
    parts: at(40, arr(Part, GUEST_PARTS)),
    /** The command line of the guest's kernel. */
    commandLine: at(72, Text),
    /** The command line of the hypervisor itself. */
    options: at(2124, Text),
    /**
     * A copy of ACPI's root pointer, for a boot loader that gives it without its address; 0 bytes: there is no copy.
     */
    rsdpCopyBytes: at(4176, U32),
    rsdpCopy: at(4180, arr(U8, RSDP_BYTES_MOST)),
    /** The screen as the boot loader left it; valid if `hasScreen`. */
    hasScreen: at(4216, BOOL),
    screen: at(4220, arr(U8, SCREEN_BYTES)),
    ranges: at(4288, arr(MemoryRange, MAX_BOOT_RANGES)),
    /** The hypervisor's options from the bundle inside the image. */
    packedOptions: at(16576, Text),
    /** Whether Secure Boot is on. Anything outside the signed file may then only make protection stricter. */
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

/** Adds a memory range. Returns false if there are too many. */
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

/** Copies `source` into `text`. Returns false if it is too long. */
export function setText(text: Text, source: Bytes): boolean {
  const length = source.length;
  if (length > MAX_TEXT) return false;
  for (let i: u32 = 0; i < length; i++) text.characters.set(i, source.u8(i));
  text.length = length;
  return true;
}
