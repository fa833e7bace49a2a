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
    /** The protocol: the address of its function, and the data for it (runtime-c/efi.asm). */
    loadFile: at(0, U64),
    start: at(8, HPA),
    bytes: at(16, U64),
    handle: at(24, U64),
  },
);
const initrd = instance(Initrd, { align: 8 });

/** InterfaceType of a protocol: native code. */
const NATIVE = 0n;
/** Upper bound of offers by others; more than plausible. */
const OFFERS_MOST = 16;

/**
 * Withdraws every initrd that others offer under Linux's path, because it is not part of the bundle. The kernel would
 * take it, so this is needed even if the bundle has no initrd.
 */
export function withdrawOthers(): void {
  for (let i: u32 = 0; i < OFFERS_MOST; i++) {
    const handle = initrdHandle();
    if (handle === 0n) return;
    uninstall(handle, LOAD_FILE2_LOW, LOAD_FILE2_HIGH, protocolOf(handle, LOAD_FILE2_LOW, LOAD_FILE2_HIGH));
  }
  fail('the firmware does not withdraw an initrd that is not of the bundle');
}

/** Offers the initrd of the bundle. */
export function offerInitrd(): void {
  const part = bootInfo.parts.at(GuestPart.initrd);
  const start = part.start;
  initrd.start = start;
  initrd.bytes = u64(part.end - start);
  initrd.loadFile = efiLoadFileEntry();
  if (!install()) fail("the firmware does not let the guest's initrd be offered");
}

/** Withdraws the bundle's initrd, before this image and its memory disappear. */
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
