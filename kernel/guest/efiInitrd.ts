/** Gives the guest's kernel its initrd when it asks the firmware for one (UEFI Specification 2.10, 13.2). */
import { addressOf, at, HPA, hpa, instance, struct, U64, u64, type Hpa } from '../../transpiler/lib/index.js';
import { bootInfo, GuestPart } from '../boot/bootInfo.js';
import { efiCall, efiLoadFileEntry } from '../boot/efiCalls.js';
import { initrdDevicePath, initrdHandle } from '../boot/efiDevicePath.js';
import { bootServices, guidAt, protocolOf, result, resultAt } from '../boot/efiServices.js';
import { DEVICE_PATH_HIGH, DEVICE_PATH_LOW, EFI_SUCCESS, LOAD_FILE2_HIGH, LOAD_FILE2_LOW } from '../boot/efiTables.js';
import { fail } from '../report/fail.js';

const Initrd = struct(
  'Initrd',
  { size: 40 },
  {
    /** The protocol: a function, and what it needs to know (runtime-c/efi.asm). */
    loadFile: at(0, U64),
    start: at(8, HPA),
    bytes: at(16, U64),
    /** Who offered an initrd before, and by which protocol; 0: nobody. */
    handle: at(24, U64),
    former: at(32, HPA),
  },
);
const initrd = instance(Initrd, { align: 8 });

/** Of an interface: a function of this processor's own kind. */
const NATIVE = 0n;

/** Offers it, instead of what the firmware may offer already: that is the bundle. */
export function offerInitrd(): void {
  const part = bootInfo.parts.at(GuestPart.initrd);
  const start = part.start;
  initrd.start = start;
  initrd.bytes = u64(part.end - start);
  initrd.loadFile = efiLoadFileEntry();
  initrd.handle = initrdHandle();
  initrd.former = initrd.handle === 0n ? hpa(0n) : protocolOf(initrd.handle, LOAD_FILE2_LOW, LOAD_FILE2_HIGH);
  const offered = initrd.former === 0n ? install() : replace(initrd.former, addressOf(initrd));
  if (!offered) fail("the firmware does not let the guest's initrd be offered");
}

/** Undoes that, before this image and its memory go away. */
export function withdrawInitrd(): void {
  if (initrd.former !== 0n) {
    replace(addressOf(initrd), initrd.former);
    return;
  }
  uninstall(LOAD_FILE2_LOW, LOAD_FILE2_HIGH, addressOf(initrd));
  uninstall(DEVICE_PATH_LOW, DEVICE_PATH_HIGH, initrdDevicePath());
}

function install(): boolean {
  const service = bootServices().installProtocol;
  const path = u64(initrdDevicePath());
  const place = resultAt(0n);
  const named = efiCall(service, place, guidAt(DEVICE_PATH_LOW, DEVICE_PATH_HIGH), NATIVE, path, 0n, 0n, 0n);
  if (named !== EFI_SUCCESS) return false;
  initrd.handle = result();
  const protocol = u64(addressOf(initrd));
  return efiCall(service, place, guidAt(LOAD_FILE2_LOW, LOAD_FILE2_HIGH), NATIVE, protocol, 0n, 0n, 0n) === EFI_SUCCESS;
}

function replace(former: Hpa, protocol: Hpa): boolean {
  const service = bootServices().reinstallProtocol;
  const guid = guidAt(LOAD_FILE2_LOW, LOAD_FILE2_HIGH);
  return efiCall(service, initrd.handle, guid, u64(former), u64(protocol), 0n, 0n, 0n) === EFI_SUCCESS;
}

function uninstall(guidLow: u64, guidHigh: u64, protocol: Hpa): void {
  efiCall(bootServices().uninstallProtocol, initrd.handle, guidAt(guidLow, guidHigh), u64(protocol), 0n, 0n, 0n, 0n);
}
