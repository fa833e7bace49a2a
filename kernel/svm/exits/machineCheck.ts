import { isGuestsMachineCheck, printBanks } from '../../crash/machineChecks.js';
import { endLine, print } from '../../report/console.js';
import { beginCrash, endCrash } from '../../crash/crash.js';
import type { Vcpu } from '../../vcpu/vcpu.js';
import { Exception, injectException } from '../control/inject.js';
import { isInParkingGuest } from '../reset/parkingGuest.js';
import type { Vmcb } from '../control/vmcb.js';

/**
 * Handles an intercepted #MC. With GIF clear a machine check stays pending until the guest runs (APM 2, 15.17), so one
 * that hit the hypervisor looks like one of the guest's; both are judged by the same rules.
 */
export function onMachineCheck(vcpu: Vcpu, vmcb: Vmcb): void {
  if (isGuestsMachineCheck()) {
    if (isInParkingGuest(vcpu)) return; // a guest that waits for a SIPI cannot be told
    injectException(vmcb, Exception.machineCheck);
    return;
  }
  beginCrash();
  print('a machine check after which the node cannot continue');
  endLine();
  printBanks();
  endCrash();
}

/**
 * Returns false: in the host the processor takes a machine check only while GIF is set, and nothing can be resumed
 * there.
 */
export function svmKeepMachineCheck(_vcpu: Vcpu): boolean {
  return false;
}
