/** The functions that assembly calls, by their symbols. */
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
  /** Called once, from runtime-c/boot.asm. */
  tsvm_start: start,
  /** Called from runtime-c/efi.asm: tsvm_start_efi once, tsvm_virtualize once for each processor. */
  tsvm_start_efi: startEfi,
  tsvm_virtualize: onVirtualize,
  /** Called from runtime-c/trampoline.asm, on each AP. */
  tsvm_processor_start: onProcessorStart,
  /** Called from runtime-c/exceptions.asm. */
  tsvm_exception: onException,
  /** Also called from runtime-c/exceptions.asm. Each returns whether the event was handled. */
  tsvm_nmi: onNmi,
  tsvm_machine_check: onMachineCheck,
  tsvm_security: onSecurityException,
  /** Called from runtime-c/svm.asm. */
  tsvm_svm_exit: onSvmExit,
  tsvm_svm_called: onSvmCalled,
  /** Called from runtime-c/vmx.asm. */
  tsvm_vmx_cpuid: onQuickCpuid,
  tsvm_vmx_exit: onVmxExit,
  tsvm_vmx_entry_refused: onVmxEntryRefused,
});
