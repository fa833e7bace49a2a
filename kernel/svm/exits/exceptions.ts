/**
 * Exceptions that are only intercepted so that a guest cannot nest them for ever. Injected, they
 * are what they were; what was in delivery is dropped, as the processor itself does.
 */
import type { Vcpu } from '../../vcpu/vcpu.js';
import { Exception, injectException, injectExceptionWithCode } from '../control/inject.js';
import type { Vmcb } from '../control/vmcb.js';

/** DR7: any access to a debug register raises #DB. Its handler finds that switched off (APM 2, 13.1.1.4). */
const GENERAL_DETECT = 1n << 13n;

/** #DB. The processor has already put its cause into DR6; Bochs leaves the switching off to us, too. */
export function onDebugException(vcpu: Vcpu, vmcb: Vmcb): void {
  vmcb.dr7 = vmcb.dr7 & ~GENERAL_DETECT;
  injectException(vmcb, Exception.debug);
}

/** #AC. Its error code is always zero. */
export function onAlignmentCheck(vcpu: Vcpu, vmcb: Vmcb): void {
  injectExceptionWithCode(vmcb, Exception.alignmentCheck, 0);
}
