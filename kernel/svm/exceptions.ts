/**
 * Exceptions that are only intercepted so that a guest cannot nest them for ever. Injected, they
 * are what they were; what was in delivery is dropped, as the processor itself does.
 */
import type { Vcpu } from '../vcpu/vcpu.js';
import { Exception, injectException, injectExceptionWithCode } from './inject.js';
import type { Vmcb } from './vmcb.js';

/** #DB. The processor has already put its cause into DR6. */
export function onDebugException(vcpu: Vcpu, vmcb: Vmcb): void {
  injectException(vmcb, Exception.debug);
}

/** #AC. Its error code is always zero. */
export function onAlignmentCheck(vcpu: Vcpu, vmcb: Vmcb): void {
  injectExceptionWithCode(vmcb, Exception.alignmentCheck, 0);
}
