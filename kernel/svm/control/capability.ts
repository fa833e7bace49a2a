/** Checks whether this processor can run a guest on AMD-V. */
import { cpuid, tryRdmsr, u32 } from '../../../transpiler/lib/index.js';
import { options } from '../../machine/options.js';
import { fail } from '../../report/fail.js';
import { VM_CR, VM_CR_SVM_DISABLED } from './registers.js';
import { Leaf } from '../../x86/cpuid.js';

/** Feature bits of CPUID 8000_0001H and 8000_000AH (APM 3, appendix E.4). */
const ECX_SVM = 1 << 2;
const EDX_NESTED_PAGING = 1 << 0;

/** Whether the processor has SVM. */
export function svmExists(): boolean {
  const last = cpuid(Leaf.lastExtended, 0);
  const features = cpuid(Leaf.extendedFeatures, 0);
  return last.eax >= Leaf.svmFeatures && !lacks(features.ecx, ECX_SVM);
}

/**
 * Stops start-up with a message if the firmware has disabled SVM, if nested paging is missing, or if an option needs
 * VT-x.
 */
export function svmCheck(): void {
  const control = tryRdmsr(VM_CR);
  if ((control.value & VM_CR_SVM_DISABLED) !== 0n) {
    fail('AMD-V (SVM) is switched off by the firmware (VM_CR.SVMDIS): enable it in the setup');
  }
  const svm = cpuid(Leaf.svmFeatures, 0);
  if (lacks(svm.edx, EDX_NESTED_PAGING)) fail('this processor has AMD-V (SVM) without nested paging');
  if (options.testTimer !== 0) fail('the option test-timer= needs VT-x: AMD-V has no timer that causes VM exits');
}

function lacks(features: u32, bit: u32): boolean {
  return u32(features & bit) === 0;
}
