/** A protocol of the hypervisor's own. It tells who starts the image again, as a guest, that the hypervisor runs. */
import { u64 } from '../../transpiler/lib/index.js';
import { region } from '../memory/region.js';
import { endLine, print } from '../report/console.js';
import { efiCall } from './efiCalls.js';
import { bootServices, guidAt, locateProtocol, resultAt } from './efiServices.js';
import { PRESENCE_HIGH, PRESENCE_LOW } from './efiTables.js';

/** Of an interface: a function of this processor's own kind. */
const NATIVE = 0n;

/** Has the firmware, which is a guest now, know it. It has no functions; what stays of the hypervisor is its region. */
export function announcePresence(): void {
  const place = u64(region.start);
  const guid = guidAt(PRESENCE_LOW, PRESENCE_HIGH);
  efiCall(bootServices().installProtocol, resultAt(0n), guid, NATIVE, place, 0n, 0n, 0n);
}

/** Whether a hypervisor runs already, which is said: nothing is left to do. */
export function isPresent(): boolean {
  if (locateProtocol(PRESENCE_LOW, PRESENCE_HIGH) === 0n) return false;
  print('this is the guest of a tsvm that runs already: the firmware goes on with its next boot option');
  endLine();
  return true;
}
