/** Whether this image is started again, as the guest of a hypervisor that it became before. */
import { cpuid } from '../../transpiler/lib/index.js';
import { endLine, print } from '../report/console.js';
import { hypercallAnswers } from '../handover/efiCalls.js';

/** CPUID Fn0000_0000: the part of the vendor's name in EBX, "Auth" of AMD and "Hygo" of Hygon, whose guests have VMMCALL. */
const AMD = 0x6874_7541;
const HYGON = 0x6f67_7948;

/**
 * Whether a hypervisor of this kind runs already, which is said: nothing is left to do. It proves itself by the answer to a
 * hypercall (docs/hypercall.md, function 0), where a machine without one raises #UD. Anything that a program could leave in
 * memory or with the firmware, such as a protocol, would be no proof: whoever left it would keep the hypervisor out.
 */
export function isPresent(): boolean {
  const name = cpuid(0, 0).ebx;
  if (!hypercallAnswers(name === AMD || name === HYGON)) return false;
  print('this is the guest of a tsvm that runs already: the firmware goes on with its next boot option');
  endLine();
  return true;
}
