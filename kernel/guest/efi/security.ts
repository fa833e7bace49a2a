/**
 * Loads the kernel of the bundle under Secure Boot. The firmware knows no certificate for that kernel; the signature of
 * this image covers the whole bundle instead. So the firmware's db needs only the certificate of this image, and the
 * kernel starts on no node without this image. While the kernel is loaded, the Security2 Architectural Protocol (PI
 * Specification 1.7, volume 2, 12.9.2) calls a function of this image first. Firmware without that protocol refuses the
 * kernel, which ends start-up.
 */
import { physical, u64, type Hpa } from '../../../transpiler/lib/index.js';
import { bootInfo } from '../../handover/bootInfo.js';
import { efiAuthenticationEntry, efiVouch } from '../../handover/efiCalls.js';
import { locateProtocol } from '../../handover/efiServices.js';
import { EfiSecurity2, SECURITY2_HIGH, SECURITY2_LOW } from '../../handover/efiTables.js';
import { loadImage } from './image.js';

/** Loads a file in memory, as loadImage() does. This image's signature must cover all of the file. */
export function loadCovered(path: Hpa, source: Hpa, bytes: u64): u64 {
  const security = bootInfo.isSecure ? locateProtocol(SECURITY2_LOW, SECURITY2_HIGH) : 0n;
  if (security === 0n) return loadImage(path, source, bytes);
  const protocol = physical(EfiSecurity2, security);
  const former = protocol.fileAuthentication;
  efiVouch(u64(source), bytes, former);
  protocol.fileAuthentication = efiAuthenticationEntry();
  const status = loadImage(path, source, bytes);
  protocol.fileAuthentication = former;
  efiVouch(0n, 0n, former);
  return status;
}
