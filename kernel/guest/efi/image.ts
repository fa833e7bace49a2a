/** Makes the firmware load an image and start it (UEFI Specification 2.10, 7.4). */
import { hpa, u64, type Hpa } from '../../../transpiler/lib/index.js';
import { efiCall } from '../../handover/efiCalls.js';
import { bootServices, firmware, result, resultAt } from '../../handover/efiServices.js';
import { EFI_SUCCESS } from '../../handover/efiTables.js';
import { beginLine, print, printHex } from '../../report/console.js';
import { stop } from '../../report/fail.js';

/** BootPolicy of LoadImage: the firmware must not choose another file if none has this name. */
const NO_POLICY = 0n;

/**
 * Loads the image that `path` names, from the `bytes` bytes at `source`, or from the file if `source` is 0. Returns a
 * status, which loadedHandle() takes.
 */
export function loadImage(path: Hpa, source: Hpa, bytes: u64): u64 {
  const service = bootServices().loadImage;
  return efiCall(service, NO_POLICY, firmware.image, u64(path), u64(source), bytes, resultAt(0n), 0n);
}

/**
 * The handle of the image that loadImage() loaded with `status`. If that failed, ends start-up with a message that
 * calls the image `name`.
 */
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

/** Starts a loaded image. Returns the image's status when it ends. */
export function startImage(handle: u64): u64 {
  return efiCall(bootServices().startImage, handle, 0n, u64(hpa(0n)), 0n, 0n, 0n, 0n);
}
