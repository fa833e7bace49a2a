/**
 * The block in low memory that Linux starts from: zero page, command line, descriptors, stack and page tables. Linux
 * replaces each of them before it reuses this memory.
 */
import {
  addressOf,
  arr,
  at,
  fillMemory,
  min32,
  physical,
  struct,
  U64,
  u64,
  U8,
  window,
  type Hpa,
  type Ref,
  type u32,
} from '../../../transpiler/lib/index.js';
import { bootInfo, RSDP_BYTES_MOST, textBytes } from '../../handover/bootInfo.js';
import { fail } from '../../report/fail.js';
import { linuxImage } from './linuxImage.js';
import { BOOT_BLOCK_BYTES } from './placement.js';
import { writeZeroPage, ZERO_PAGE_BYTES } from './zeroPage.js';
import { LARGE_PAGE_BYTES, PAGE_BYTES } from '../../x86/pages.js';

/** Entries for 4 GiB in pages of 2 MiB. */
const LARGE_PAGES = 2048;
const COMMAND_LINE_BYTES = 4096;

export const BootBlock = struct(
  'BootBlock',
  { size: 0x9000 },
  {
    zeroPage: at(0x0000, arr(U8, ZERO_PAGE_BYTES)),
    commandLine: at(0x1000, arr(U8, COMMAND_LINE_BYTES)),
    descriptors: at(0x2000, arr(U64, 4)),
    rsdp: at(0x2100, arr(U8, RSDP_BYTES_MOST)),
    stack: at(0x2800, arr(U8, 0x800)),
    rootTable: at(0x3000, arr(U64, 512)),
    pointerTable: at(0x4000, arr(U64, 512)),
    directories: at(0x5000, arr(U64, LARGE_PAGES)),
  },
);
export type BootBlock = Ref<typeof BootBlock>;

/** Flat segments (SDM 3A 3.4.5): present, accessed, 4 GiB; code for 64-bit or 32-bit mode, and writable data. */
const CODE_64_SEGMENT = 0x00af_9b00_0000_ffffn;
export const CODE_32_SEGMENT = 0x00cf_9b00_0000_ffffn;
export const DATA_SEGMENT = 0x00cf_9300_0000_ffffn;
/** Page-table entries (SDM 3A 4.5): present and writable; LARGE_PAGE also maps 2 MiB. */
const TABLE = 0x03n;
const LARGE_PAGE = 0x83n;

/** Fills the block at `address`. Must run before the guest's kernel is moved. */
export function writeBootBlock(address: Hpa): BootBlock {
  fillMemory(address, 0, BOOT_BLOCK_BYTES);
  const block = physical(BootBlock, address);
  writeCommandLine(block);
  copyRsdp(block);
  writeZeroPage(window(address, ZERO_PAGE_BYTES), addressOf(block.commandLine), addressOf(block.rsdp));
  block.descriptors.set(2, linuxImage.hasLongModeEntry ? CODE_64_SEGMENT : CODE_32_SEGMENT);
  block.descriptors.set(3, DATA_SEGMENT);
  writePageTables(block);
  return block;
}

/** Copies the command line. The zero byte after it is already there, since the block was cleared. */
function writeCommandLine(block: BootBlock): void {
  const text = textBytes(bootInfo.commandLine);
  const most = min32(linuxImage.commandLineMost, COMMAND_LINE_BYTES - 1);
  if (text.length > most) fail("the guest's command line is longer than this Linux takes");
  for (let i: u32 = 0; i < text.length; i++) block.commandLine.set(i, text.u8(i));
}

/** Copies the RSDP into the block, for a boot loader that gave only a copy. */
function copyRsdp(block: BootBlock): void {
  for (let i: u32 = 0; i < RSDP_BYTES_MOST; i++) block.rsdp.set(i, bootInfo.rsdpCopy.get(i));
}

function writePageTables(block: BootBlock): void {
  const directories = u64(addressOf(block.directories));
  block.rootTable.set(0, u64(addressOf(block.pointerTable)) | TABLE);
  for (let i: u32 = 0; i < 4; i++) block.pointerTable.set(i, u64(directories + u64(i) * PAGE_BYTES) | TABLE);
  for (let i: u32 = 0; i < LARGE_PAGES; i++) block.directories.set(i, (u64(i) * LARGE_PAGE_BYTES) | LARGE_PAGE);
}
