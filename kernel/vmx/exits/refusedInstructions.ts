/** Instructions that do not exist for the guest. */
import { Event } from '../../observe/events.js';
import { recordEvent } from '../../report/events.js';
import type { Vcpu } from '../../vcpu/vcpu.js';
import { Exception, injectException, injectExceptionWithCode } from '../control/inject.js';
import { vmread } from '../control/operations.js';
import { Field } from '../control/vmcs.js';

/** Raises #UD for an instruction of VMX or SMX. */
export function onVmxInstruction(_vcpu: Vcpu): void {
  recordEvent(Event.virtualizationInstruction, vmread(Field.exitReason), vmread(Field.guestRip));
  injectException(Exception.invalidOpcode);
}

/** Raises #UD for an instruction that CPUID does not show, or that is newer than this hypervisor. */
export function onUnknownInstruction(_vcpu: Vcpu): void {
  injectException(Exception.invalidOpcode);
}

/**
 * Handles XSAVES or XRSTORS with a state in XSS_EXITING, as if IA32_XSS did not include it: XRSTORS raises #GP for that
 * (SDM 2D, XRSTORS).
 */
export function onStateInstruction(_vcpu: Vcpu): void {
  injectExceptionWithCode(Exception.generalProtection, 0);
}
