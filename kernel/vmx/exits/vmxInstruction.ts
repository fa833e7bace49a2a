import { Event, recordEvent } from '../../report/events.js';
import type { Vcpu } from '../../vcpu/vcpu.js';
import { Exception, injectException } from '../control/inject.js';
import { vmread } from '../control/operations.js';
import { Field } from '../control/vmcs.js';

/** To the guest VMX does not exist, nor does SMX, so their instructions raise #UD. */
export function onVmxInstruction(_vcpu: Vcpu): void {
  recordEvent(Event.virtualizationInstruction, vmread(Field.exitReason), vmread(Field.guestRip));
  injectException(Exception.invalidOpcode);
}
