/** Instructions of what the guest's processor does not have. */
import type { Vcpu } from '../../vcpu/vcpu.js';
import { Exception, injectException, injectExceptionWithCode } from '../control/inject.js';

/** One that CPUID does not show, or that is newer than this hypervisor: to the guest it does not exist. */
export function onUnknownInstruction(_vcpu: Vcpu): void {
  injectException(Exception.invalidOpcode);
}

/**
 * XSAVES or XRSTORS of a state that XSS_EXITING names: as if IA32_XSS did not have it, for which XRSTORS raises #GP
 * (SDM 2D, XRSTORS).
 */
export function onStateInstruction(_vcpu: Vcpu): void {
  injectExceptionWithCode(Exception.generalProtection, 0);
}
