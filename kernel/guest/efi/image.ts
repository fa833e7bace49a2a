/** Has the firmware load an image and start it (UEFI Specification 2.10, 7.4). */
import { hpa, u64, type Hpa } from '../../../transpiler/lib/index.js';
import { efiCall } from '../../handover/efiCalls.js';
import { bootServices, firmware, result, resultAt } from '../../handover/efiServices.js';
import { EFI_SUCCESS } from '../../handover/efiTables.js';
import { beginLine, print, printHex } from '../../report/console.js';
import { stop } from '../../report/fail.js';

/** The firmware is not asked to choose another file where there is none with this name. */
const NO_POLICY = 0n;

/**
 * Loads the image that `path` names: the `bytes` bytes at `source`, or the file where `source` is 0. Returns a status;
 * loadedHandle() tells of it.
 */
export function loadImage(path: Hpa, source: Hpa, bytes: u64): u64 {
  const service = bootServices().loadImage;
  return efiCall(service, NO_POLICY, firmware.image, u64(path), u64(source), bytes, resultAt(0n), 0n);
}

/** The handle of the image that was loaded with this status. `name` is what to call it where it was not, which ends start-up. */
export function loadedHandle(status: u64, name: string): u64 {
  const handle = result();
  if (status === EFI_SUCCESS) return handle;
  if (handle !== 0n) efiCall(bootServices().unloadImage, handle, 0n, 0n, 0n, 0n, 0n, 0n);
  beginLine();
  print('the firmware does not load ');
  print(name);
  print(': status ');
  printHex(status);
  stop();
}

/** Starts it. Returns, with its status, when the image does. */
export function startImage(handle: u64): u64 {
  return efiCall(bootServices().startImage, handle, 0n, u64(hpa(0n)), 0n, 0n, 0n, 0n);
}
