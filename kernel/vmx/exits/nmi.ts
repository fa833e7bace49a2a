/**
 * NMIs and machine checks that arrive while the hypervisor runs, and belong to the guest. They become pending, and the
 * preemption timer causes a VM exit right after the next VM entry (SDM 3C 25.5.1), at which they are injected. So it
 * does not matter what the hypervisor was doing when they arrived, up to the VM entry itself.
 */
import type { u64 } from '../../../transpiler/lib/index.js';
import { standStillIfEnded } from '../../x86/end.js';
import type { Vcpu } from '../../vcpu/vcpu.js';
import { NO_REASON } from '../control/exitReason.js';
import { Exception, injectException, injectNmi, isNmiHeldBack } from '../control/inject.js';
import { vmread, vmwrite } from '../control/operations.js';
import { Field } from '../control/vmcs.js';

/** Pin-based control (SDM 3C, table 24-5). */
const ACTIVATE_TIMER = 1n << 6n;
/** Timer value that lasts, at any rate, until the guest has left the state that blocks NMIs. */
const SHORT_WAIT = 0x400n;

/** Makes an NMI pending; called by the host's NMI handler. */
export function vmxKeepNmi(vcpu: Vcpu): void {
  standStillIfEnded();
  vcpu.vmx.holdsNmi = true;
  endGuestSoon(vcpu, 0n);
}

/** Makes a machine check pending that the guest may get; called by the host's machine-check handler. */
export function vmxKeepMachineCheck(vcpu: Vcpu): boolean {
  vcpu.vmx.holdsMachineCheck = true;
  endGuestSoon(vcpu, 0n);
  return true;
}

/**
 * Injects the pending machine check, or else the pending NMI if the guest can take it, at the exit that the preemption
 * timer caused.
 */
export function deliverNmi(vcpu: Vcpu): void {
  if (vcpu.vmx.holdsMachineCheck) {
    vcpu.vmx.holdsMachineCheck = false;
    injectException(Exception.machineCheck);
    return;
  }
  if (!vcpu.vmx.holdsNmi || isNmiHeldBack()) return;
  vcpu.vmx.holdsNmi = false;
  injectNmi();
}

/** Sets the timer for a pending event again, after it was set for something else: the event comes first. */
export function keepNmiDue(vcpu: Vcpu): void {
  if (vcpu.vmx.holdsMachineCheck) endGuestSoon(vcpu, 0n);
  else if (vcpu.vmx.holdsNmi) endGuestSoon(vcpu, isNmiHeldBack() ? SHORT_WAIT : 0n);
}

/** Drops what is pending, because the guest starts anew. */
export function forgetNmi(vcpu: Vcpu): void {
  vcpu.vmx.holdsNmi = false;
  vcpu.vmx.holdsMachineCheck = false;
}

/**
 * Causes a VM exit after `counts` of the timer. Also disables the quick path of CPUID, which does not check whether the
 * guest can take the NMI by now.
 */
function endGuestSoon(vcpu: Vcpu, counts: u64): void {
  vcpu.vmx.quickReason = NO_REASON;
  vmwrite(Field.preemptionTimer, counts);
  vmwrite(Field.pinControls, vmread(Field.pinControls) | ACTIVATE_TIMER);
}
