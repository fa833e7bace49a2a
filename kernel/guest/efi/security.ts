/**
 * Has the firmware load the kernel of the bundle though no certificate that the firmware knows has signed it: the signature of
 * this image covers the bundle. So the firmware's db needs the certificate of this image alone, and the kernel without this
 * image starts on no node. While one image is loaded, the Security2 Architectural Protocol (PI Specification 1.7, volume 2,
 * 12.9.2) asks a function of this image first. Firmware without that protocol refuses the kernel, and start-up ends there.
 */
import { physical, u64, type Hpa } from '../../../transpiler/lib/index.js';
import { bootInfo } from '../../handover/bootInfo.js';
import { efiAuthenticationEntry, efiVouch } from '../../handover/efiCalls.js';
import { locateProtocol } from '../../handover/efiServices.js';
import { EfiSecurity2, SECURITY2_HIGH, SECURITY2_LOW } from '../../handover/efiTables.js';
import { loadImage } from './image.js';

/** loadImage() of a file in memory whose every byte this image's signature covers. */
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
