/**
 * NMIs, and machine checks, that arrive while the hypervisor runs. They are the guest's: it gets them at an exit of their own, which
 * the preemption timer makes right after the next entry (SDM 3C 25.5.1). Whatever the hypervisor was doing when the NMI
 * came, up to the entry itself, it need not ask.
 */
import type { u64 } from '../../../transpiler/lib/index.js';
import { standStillIfEnded } from '../../x86/end.js';
import type { Vcpu } from '../../vcpu/vcpu.js';
import { ExitReason } from '../control/exitReason.js';
import { Exception, injectException, injectNmi, isNmiHeldBack } from '../control/inject.js';
import { vmread, vmwrite } from '../control/operations.js';
import { Field } from '../control/vmcs.js';

/** Pin-based control (SDM 3C, table 24-5). */
const ACTIVATE_TIMER = 1n << 6n;
/** Enough for the guest to come to the end of what holds NMIs back, with any rate of the timer. */
const SHORT_WAIT = 0x400n;

/** From the handler of NMIs. */
export function vmxKeepNmi(vcpu: Vcpu): void {
  standStillIfEnded();
  vcpu.vmx.holdsNmi = true;
  endGuestSoon(vcpu, 0n);
}

/** From the handler of machine checks, for one that the guest is to be told of. */
export function vmxKeepMachineCheck(vcpu: Vcpu): boolean {
  vcpu.vmx.holdsMachineCheck = true;
  endGuestSoon(vcpu, 0n);
  return true;
}

/** At the exit that the preemption timer made: gives the guest its machine check, or its NMI if it can take one now. */
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

/** After the timer was set for something else: what is still held comes first. */
export function keepNmiDue(vcpu: Vcpu): void {
  if (vcpu.vmx.holdsMachineCheck) endGuestSoon(vcpu, 0n);
  else if (vcpu.vmx.holdsNmi) endGuestSoon(vcpu, isNmiHeldBack() ? SHORT_WAIT : 0n);
}

/** The guest is to start anew: what it was to get before is forgotten. */
export function forgetNmi(vcpu: Vcpu): void {
  vcpu.vmx.holdsNmi = false;
  vcpu.vmx.holdsMachineCheck = false;
}

/** The quick way of CPUID would not look whether the guest can take the NMI by now. */
function endGuestSoon(vcpu: Vcpu, counts: u64): void {
  vcpu.vmx.quickReason = ExitReason.none;
  vmwrite(Field.preemptionTimer, counts);
  vmwrite(Field.pinControls, vmread(Field.pinControls) | ACTIVATE_TIMER);
}
