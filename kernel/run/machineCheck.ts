/** Handles machine checks that arrive while the hypervisor runs. */
import { isGuestsMachineCheck, isOfInstruction } from '../crash/machineChecks.js';
import { standStillIfEnded } from '../x86/end.js';
import { currentVcpu } from '../vcpu/processors.js';
import { keepMachineCheck } from './vendor.js';

/**
 * Called from runtime-c/exceptions.asm at any moment, so it takes no lock. Returns true if the guest will get the
 * machine check and the hypervisor can continue. If the error belongs to the interrupted instruction of the hypervisor,
 * it would recur there, so the result is false.
 */
export function onMachineCheck(): boolean {
  standStillIfEnded();
  const vcpu = currentVcpu();
  if (vcpu === null || !vcpu.takesNmis || isOfInstruction() || !isGuestsMachineCheck()) return false;
  return keepMachineCheck(vcpu);
}
