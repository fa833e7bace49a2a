import { isGuestsMachineCheck, printBanks } from '../../crash/machineChecks.js';
import { endLine, print } from '../../report/console.js';
import { beginCrash, endCrash } from '../../crash/crash.js';
import type { Vcpu } from '../../vcpu/vcpu.js';
import { Exception, injectException } from '../control/inject.js';
import { isInParkingGuest } from '../reset/parkingGuest.js';
import type { Vmcb } from '../control/vmcb.js';

/**
 * #MC. With GIF clear it is pending until the guest runs (APM 2, 15.17), so one that hit the hypervisor cannot be told from one of the
 * guest's, and both are judged alike.
 */
export function onMachineCheck(vcpu: Vcpu, vmcb: Vmcb): void {
  if (isGuestsMachineCheck()) {
    if (isInParkingGuest(vcpu)) return; // a guest that waits for a SIPI cannot be told
    injectException(vmcb, Exception.machineCheck);
    return;
  }
  beginCrash();
  print('a machine check that the node cannot go on after');
  endLine();
  printBanks();
  endCrash();
}

/** In the host the processor takes a machine check only while GIF is set, which it is where nothing can be resumed. */
export function svmKeepMachineCheck(_vcpu: Vcpu): boolean {
  return false;
}
