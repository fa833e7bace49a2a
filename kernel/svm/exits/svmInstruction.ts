import { Event, recordEvent } from '../../report/events.js';
import type { Vcpu } from '../../vcpu/vcpu.js';
import { Exception, injectException } from '../control/inject.js';
import type { Vmcb } from '../control/vmcb.js';

/** To the guest SVM is switched off, so the SVM instructions raise #UD (APM 2, 15.4). */
export function onSvmInstruction(vcpu: Vcpu, vmcb: Vmcb): void {
  recordEvent(Event.virtualizationInstruction, vmcb.exitCode, vmcb.rip);
  injectException(vmcb, Exception.invalidOpcode);
}
