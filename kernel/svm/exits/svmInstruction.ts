import { Event } from '../../observe/events.js';
import { recordEvent } from '../../report/events.js';
import type { Vcpu } from '../../vcpu/vcpu.js';
import { Exception, injectException } from '../control/inject.js';
import type { Vmcb } from '../control/vmcb.js';

/** Raises #UD for an SVM instruction, because SVM is disabled for the guest (APM 2, 15.4). */
export function onSvmInstruction(vcpu: Vcpu, vmcb: Vmcb): void {
  recordEvent(Event.virtualizationInstruction, vmcb.exitCode, vmcb.rip);
  injectException(vmcb, Exception.invalidOpcode);
}
