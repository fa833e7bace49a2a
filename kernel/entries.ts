/** Where assembly enters TypeScript. */
import { entryPoints } from '../transpiler/lib/index.js';
import { start } from './main.js';
import { onVirtualize, startEfi } from './mainEfi.js';
import { onException } from './crash/exception.js';
import { onSvmExit } from './svm/exit.js';
import { onSecurityException } from './svm/reset/initRedirection.js';
import { onSvmCalled } from './svm/reset/parking.js';
import { onMachineCheck } from './run/machineCheck.js';
import { onNmi } from './run/nmi.js';
import { onProcessorStart } from './run/start.js';
import { onQuickCpuid } from './vmx/exits/cpuid.js';
import { onVmxEntryRefused } from './vmx/entry/entryFailure.js';
import { onVmxExit } from './vmx/exit.js';

export const entries = entryPoints({
  /** From runtime-c/boot.asm, once. */
  tsvm_start: start,
  /** From runtime-c/efi.asm, once; and once for each processor. */
  tsvm_start_efi: startEfi,
  tsvm_virtualize: onVirtualize,
  /** From runtime-c/trampoline.asm, on each processor but the first. */
  tsvm_processor_start: onProcessorStart,
  /** From runtime-c/exceptions.asm. */
  tsvm_exception: onException,
  /** From there, too: whether it was taken care of. */
  tsvm_nmi: onNmi,
  tsvm_machine_check: onMachineCheck,
  tsvm_security: onSecurityException,
  /** From runtime-c/svm.asm. */
  tsvm_svm_exit: onSvmExit,
  tsvm_svm_called: onSvmCalled,
  /** From runtime-c/vmx.asm. */
  tsvm_vmx_cpuid: onQuickCpuid,
  tsvm_vmx_exit: onVmxExit,
  tsvm_vmx_entry_refused: onVmxEntryRefused,
});
