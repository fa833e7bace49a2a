/**
 * Exceptions that are intercepted only so that a guest cannot nest them for ever. They are injected unchanged. An event
 * that was in delivery is dropped, as the processor itself does.
 */
import type { Vcpu } from '../../vcpu/vcpu.js';
import { Exception, injectException, injectExceptionWithCode } from '../control/inject.js';
import type { Vmcb } from '../control/vmcb.js';

/**
 * DR7.GD: any access to a debug register raises #DB. The processor clears the bit before the handler runs (APM 2,
 * 13.1.1.4).
 */
const GENERAL_DETECT = 1n << 13n;

/** Handles #DB. The processor has already put the cause into DR6. Bochs leaves clearing DR7.GD to the hypervisor. */
export function onDebugException(vcpu: Vcpu, vmcb: Vmcb): void {
  vmcb.dr7 = vmcb.dr7 & ~GENERAL_DETECT;
  injectException(vmcb, Exception.debug);
}

/** Handles #AC, whose error code is always zero. */
export function onAlignmentCheck(vcpu: Vcpu, vmcb: Vmcb): void {
  injectExceptionWithCode(vmcb, Exception.alignmentCheck, 0);
}
