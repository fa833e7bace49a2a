/** Starts another EFI application from the device that tsvm was loaded from: the option chain=\EFI\... */
import { ensures, hpa, requires, u64, window, type Bytes, type Hpa, type u32 } from '../../../transpiler/lib/index.js';
import { MAX_TEXT } from '../../handover/bootInfo.js';
import { loadedImage } from '../../boot/efi/efi.js';
import { Node, NODE_BYTES, putEnd, putNode, SubNode } from '../../boot/efi/devicePath.js';
import { EfiMemory, takePages } from '../../handover/efiMemory.js';
import { firmware, protocolOf } from '../../handover/efiServices.js';
import { DEVICE_PATH_HIGH, DEVICE_PATH_LOW } from '../../handover/efiTables.js';
import { fail } from '../../report/fail.js';
import { loadedHandle, loadImage, startImage } from './image.js';

/** Room for the device's path, the node of the file and the end node. */
const PATH_PAGES = 2n;
const DEVICE_PATH_MOST = 0x800;
const PATH_BYTES = 0x2000;
const LAST_ADDRESS = 0xffff_ffff_ffff_ffffn;

/** Starts the file `name`. Returns the status with which it ends. */
export function startChained(name: Bytes): u64 {
  if (name.length > MAX_TEXT) fail('the file of chain= has too long a name');
  const device = loadedImage(firmware.image).device;
  const devicePath = protocolOf(device, DEVICE_PATH_LOW, DEVICE_PATH_HIGH);
  const place = takePages(EfiMemory.loaderData, PATH_PAGES, LAST_ADDRESS);
  if (devicePath === 0n)
    fail('the firmware does not say from which device it loaded the hypervisor, so chain= cannot find its file');
  if (place === 0n) fail('too little memory: the firmware has none for a device path');
  const path = window(place, PATH_BYTES);
  const offset = copyNodes(devicePath, path);
  putFile(path, offset, name);
  return startImage(loadedHandle(loadImage(place, hpa(0n), 0n), 'the file of chain='));
}

/** Copies a device path of at most 2 KiB without its end node. Returns its length. */
export function copyNodes(from: Hpa, path: Bytes): u32 {
  requires(path.length === PATH_BYTES);
  let offset: u32 = 0;
  while (offset < DEVICE_PATH_MOST) {
    const place = hpa(from + u64(offset));
    const start = window(place, NODE_BYTES);
    const bytes = start.u16(2);
    if (start.u8(0) === Node.end) break;
    if (bytes < NODE_BYTES || bytes > DEVICE_PATH_MOST - offset) fail('the firmware gives a bad device path');
    const node = window(place, bytes);
    for (let i: u32 = 0; i < bytes; i++) path.setU8(offset + i, node.u8(i));
    offset += bytes;
  }
  ensures(offset <= DEVICE_PATH_MOST);
  return offset;
}

/** Appends a node for the file (10.3.5.4), with its name in UTF-16, and the end node. */
function putFile(path: Bytes, offset: u32, name: Bytes): void {
  requires(path.length === PATH_BYTES && offset <= DEVICE_PATH_MOST && name.length <= MAX_TEXT);
  const bytes = NODE_BYTES + 2 * name.length + 2;
  putNode(path, offset, Node.media, SubNode.file, bytes);
  for (let i: u32 = 0; i < name.length; i++) path.setU16(offset + NODE_BYTES + 2 * i, name.u8(i));
  path.setU16(offset + NODE_BYTES + 2 * name.length, 0);
  putEnd(path, offset + bytes);
}
