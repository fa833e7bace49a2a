/** Gives the guest's kernel its initrd when it asks the firmware for one (UEFI Specification 2.10, 13.2). */
import { addressOf, at, HPA, instance, struct, U64, u64, type Hpa, type u32 } from '../../../transpiler/lib/index.js';
import { bootInfo, GuestPart } from '../../handover/bootInfo.js';
import { efiCall, efiLoadFileEntry } from '../../handover/efiCalls.js';
import { initrdDevicePath, initrdHandle } from '../../boot/efi/devicePath.js';
import { bootServices, guidAt, protocolOf, result, resultAt } from '../../handover/efiServices.js';
import {
  DEVICE_PATH_HIGH,
  DEVICE_PATH_LOW,
  EFI_SUCCESS,
  LOAD_FILE2_HIGH,
  LOAD_FILE2_LOW,
} from '../../handover/efiTables.js';
import { fail } from '../../report/fail.js';

const Initrd = struct(
  'Initrd',
  { size: 32 },
  {
    /** The protocol: a function, and what it needs to know (runtime-c/efi.asm). */
    loadFile: at(0, U64),
    start: at(8, HPA),
    bytes: at(16, U64),
    handle: at(24, U64),
  },
);
const initrd = instance(Initrd, { align: 8 });

/** Of an interface: a function of this processor's own kind. */
const NATIVE = 0n;
/** More than there are reasons to offer one. */
const OFFERS_MOST = 16;

/**
 * Withdraws what others offer under the path of Linux's initrd: it is no part of the bundle. The kernel takes what it finds
 * there, so this is needed also where the bundle has no initrd.
 */
export function withdrawOthers(): void {
  for (let i: u32 = 0; i < OFFERS_MOST; i++) {
    const handle = initrdHandle();
    if (handle === 0n) return;
    uninstall(handle, LOAD_FILE2_LOW, LOAD_FILE2_HIGH, protocolOf(handle, LOAD_FILE2_LOW, LOAD_FILE2_HIGH));
  }
  fail('the firmware does not withdraw an initrd that is not of the bundle');
}

/** Offers that of the bundle. */
export function offerInitrd(): void {
  const part = bootInfo.parts.at(GuestPart.initrd);
  const start = part.start;
  initrd.start = start;
  initrd.bytes = u64(part.end - start);
  initrd.loadFile = efiLoadFileEntry();
  if (!install()) fail("the firmware does not let the guest's initrd be offered");
}

/** Undoes that, before this image and its memory go away. */
export function withdrawInitrd(): void {
  uninstall(initrd.handle, LOAD_FILE2_LOW, LOAD_FILE2_HIGH, addressOf(initrd));
  uninstall(initrd.handle, DEVICE_PATH_LOW, DEVICE_PATH_HIGH, initrdDevicePath());
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

function uninstall(handle: u64, guidLow: u64, guidHigh: u64, protocol: Hpa): void {
  efiCall(bootServices().uninstallProtocol, handle, guidAt(guidLow, guidHigh), u64(protocol), 0n, 0n, 0n, 0n);
}
