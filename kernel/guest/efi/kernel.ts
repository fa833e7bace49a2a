/**
 * Starts the guest's kernel as an EFI application, which a Linux bzImage also is (Linux,
 * Documentation/admin-guide/efi-stub.rst).
 */
import type { u32 } from '../../../transpiler/lib/index.js';
import { addressOf, arr, at, instance, struct, U8, u64, window, type Hpa } from '../../../transpiler/lib/index.js';
import { bootInfo, GuestPart, isGiven, MAX_TEXT, textBytes } from '../../handover/bootInfo.js';
import { loadedImage } from '../../boot/efi/efi.js';
import { Node, NODE_BYTES, putEnd, putNode, SubNode } from '../../boot/efi/devicePath.js';
import { EfiMemory, takePages } from '../../handover/efiMemory.js';
import { endLine, print, beginLine, printHex } from '../../report/console.js';
import { fail, stop } from '../../report/fail.js';
import { loadedHandle, startImage } from './image.js';
import { offerInitrd, withdrawInitrd, withdrawOthers } from './initrd.js';
import { loadCovered } from './security.js';

/** A device path of a memory node (10.3.2.3) and the end node. */
const MEMORY_NODE_BYTES = 24;
const MEMORY_PATH_BYTES = 28;
const LOADER_DATA = 2;

const MemoryPath = struct('MemoryPath', { size: MEMORY_PATH_BYTES }, { bytes: at(0, arr(U8, MEMORY_PATH_BYTES)) });
const memoryPath = instance(MemoryPath, { align: 8 });

const COMMAND_LINE_PAGES = 2n;
const LAST_ADDRESS = 0xffff_ffff_ffff_ffffn;

/** Starts the kernel of the bundle. Ends the hypervisor's own image if the kernel returns. */
export function startKernel(): never {
  const kernel = bootInfo.parts.at(GuestPart.kernel);
  const start = kernel.start;
  const end = kernel.end;
  const status = loadCovered(pathOfMemory(start, end), start, u64(end - start));
  const handle = loadedHandle(status, "the guest's kernel");
  setCommandLine(handle);
  withdrawOthers();
  if (isGiven(GuestPart.initrd)) offerInitrd();
  print("the guest's kernel starts");
  endLine();
  const ended = startImage(handle);
  if (isGiven(GuestPart.initrd)) withdrawInitrd();
  beginLine();
  print("the guest's kernel returned: status ");
  printHex(ended);
  stop();
}

function pathOfMemory(start: Hpa, end: Hpa): Hpa {
  const path = window(addressOf(memoryPath.bytes), MEMORY_PATH_BYTES);
  putNode(path, 0, Node.hardware, SubNode.memoryMapped, MEMORY_NODE_BYTES);
  path.setU32(NODE_BYTES, LOADER_DATA);
  path.setU64(NODE_BYTES + 4, u64(start));
  path.setU64(NODE_BYTES + 12, u64(end));
  putEnd(path, MEMORY_NODE_BYTES);
  return path.start;
}

/** Sets the command line as load options: UTF-16 with a zero at the end. */
function setCommandLine(handle: u64): void {
  const text = textBytes(bootInfo.commandLine);
  const place = takePages(EfiMemory.loaderData, COMMAND_LINE_PAGES, LAST_ADDRESS);
  if (place === 0n) fail("too little memory: the firmware has none for the guest's command line");
  const length = text.length;
  if (length > MAX_TEXT) fail("the guest's command line is longer than 2,048 bytes");
  const units = window(place, 2 * length + 2);
  for (let i: u32 = 0; i < length; i++) units.setU16(2 * i, text.u8(i));
  units.setU16(2 * length, 0);
  const image = loadedImage(handle);
  image.options = place;
  image.optionsBytes = units.length;
}
