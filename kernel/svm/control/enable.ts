/** Enables SVM. */
import { rdmsr, u64, wrmsr, type Hpa } from '../../../transpiler/lib/index.js';
import { EFER } from '../../x86/registers.js';
import { EFER_SVME, VM_HSAVE_PA } from './registers.js';
import { setVmCr, VM_CR_DIS_A20M } from './vmCr.js';

/** Enables SVM on this processor. VMRUN saves the host's state in the page at `hostSave`. */
export function svmEnable(hostSave: Hpa): void {
  setVmCr(VM_CR_DIS_A20M);
  wrmsr(EFER, rdmsr(EFER) | EFER_SVME);
  wrmsr(VM_HSAVE_PA, u64(hostSave));
}
