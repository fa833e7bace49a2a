/**
 * Reads a bundle that the firmware or an earlier program offers by the protocol for Linux's initrd (UEFI Specification
 * 2.10, 13.2).
 */
import { at, hpa, physical, struct, U64, u32, u64, window, type Hpa } from '../../../transpiler/lib/index.js';
import { fail } from '../../report/fail.js';
import { bootInfo } from '../../handover/bootInfo.js';
import { readBundle } from '../bundle/bundle.js';
import { efiCall } from '../../handover/efiCalls.js';
import { initrdHandle, initrdPathEnd } from './devicePath.js';
import { EfiMemory, takePages } from '../../handover/efiMemory.js';
import { protocolOf, result, resultAt } from '../../handover/efiServices.js';
import { refuseFromOutside } from '../bundle/refuse.js';
import { EFI_BUFFER_TOO_SMALL, EFI_SUCCESS, LOAD_FILE2_HIGH, LOAD_FILE2_LOW } from '../../handover/efiTables.js';
import { FOUR_GIB, PAGE_BYTES } from '../../x86/pages.js';

const LoadFile = struct('EfiLoadFile', { size: 8 }, { loadFile: at(0, U64) });

/** BootPolicy of LoadFile: the call does not select a boot file. */
const NO_POLICY = 0n;

/** Reads the guest from the offered bundle, if there is one. Stops start-up if it cannot be read or is damaged. */
export function readOfferedBundle(): void {
  const handle = initrdHandle();
  if (handle === 0n) return;
  const protocol = protocolOf(handle, LOAD_FILE2_LOW, LOAD_FILE2_HIGH);
  if (protocol === 0n) return;
  if (load(protocol, 0n, hpa(0n)) !== EFI_BUFFER_TOO_SMALL) return;
  const bytes = result();
  if (bytes === 0n) return;
  if (bootInfo.isSecure) refuseFromOutside();
  if (bytes >= FOUR_GIB) fail('the initrd that the firmware offers is larger than 4 GiB');
  const place = takePages(EfiMemory.loaderData, (bytes + (PAGE_BYTES - 1n)) / PAGE_BYTES, FOUR_GIB);
  if (place === 0n) fail('too little memory: the firmware has none for the initrd that it offers');
  if (load(protocol, bytes, place) !== EFI_SUCCESS) fail('the firmware does not give the initrd that it offers');
  readBundle(window(place, u32(bytes)));
}

/** Loads the file, at most `bytes` bytes, to `place`. result() is then the file's size. */
function load(protocol: Hpa, bytes: u64, place: Hpa): u64 {
  const service = physical(LoadFile, protocol).loadFile;
  return efiCall(service, u64(protocol), u64(initrdPathEnd()), NO_POLICY, resultAt(bytes), u64(place), 0n, 0n);
}
