import { Event, recordEvent } from '../../report/events.js';
import type { Vcpu } from '../../vcpu/vcpu.js';
import { Exception, injectException } from '../control/inject.js';
import { vmread } from '../control/operations.js';
import { Field } from '../control/vmcs.js';

/** Raises #UD for an instruction of VMX or SMX, which do not exist for the guest. */
export function onVmxInstruction(_vcpu: Vcpu): void {
  recordEvent(Event.virtualizationInstruction, vmread(Field.exitReason), vmread(Field.guestRip));
  injectException(Exception.invalidOpcode);
}
