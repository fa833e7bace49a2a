/** Machine checks that arrive while the hypervisor runs. */
import { isGuestsMachineCheck, isOfInstruction } from '../crash/machineChecks.js';
import { standStillIfEnded } from '../x86/end.js';
import { currentVcpu } from '../vcpu/processors.js';
import { keepMachineCheck } from './vendor.js';

/**
 * From runtime-c/exceptions.asm, at any moment, so it takes no lock. True where the guest will be told, and the hypervisor goes on. One that belongs to the very
 * instruction of the hypervisor's that it has interrupted would come again.
 */
export function onMachineCheck(): boolean {
  standStillIfEnded();
  const vcpu = currentVcpu();
  if (vcpu === null || !vcpu.takesNmis || isOfInstruction() || !isGuestsMachineCheck()) return false;
  return keepMachineCheck(vcpu);
}
