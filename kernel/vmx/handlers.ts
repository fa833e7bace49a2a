/** The handler of each VM exit. */
import { table } from '../../transpiler/lib/index.js';
import { onControlRegister } from './exits/controlRegisters.js';
import { onCpuid } from './exits/cpuid.js';
import { onOtherReason } from './entry/entryFailure.js';
import { onEptViolation } from './exits/eptViolation.js';
import { onException } from './exits/exceptions.js';
import type { ExitHandler } from './control/exitHandler.js';
import { ExitReason, VMX_REASONS } from './control/exitReason.js';
import { onInit, onSipi } from './exits/initSipi.js';
import { onInvd, onVmcall, onXsetbv } from './exits/emulatedInstructions.js';
import { onReadMsr, onWriteMsr } from './exits/msr.js';
import { onPort } from './exits/ports.js';
import { onPreemptionTimer } from './exits/preemptionTimer.js';
import { onTripleFault, onUnexpected } from './exits/stops.js';
import { onStateInstruction, onUnknownInstruction, onVmxInstruction } from './exits/refusedInstructions.js';
import { onTaskSwitch } from './tasks/taskSwitch.js';

export const exitHandlers = table<ExitHandler>(VMX_REASONS, onUnexpected, {
  [ExitReason.exception]: onException,
  [ExitReason.tripleFault]: onTripleFault,
  [ExitReason.init]: onInit,
  [ExitReason.sipi]: onSipi,
  [ExitReason.taskSwitch]: onTaskSwitch,
  [ExitReason.cpuid]: onCpuid,
  [ExitReason.getsec]: onVmxInstruction,
  [ExitReason.invd]: onInvd,
  [ExitReason.vmcall]: onVmcall,
  [ExitReason.vmclear]: onVmxInstruction,
  [ExitReason.vmlaunch]: onVmxInstruction,
  [ExitReason.vmptrld]: onVmxInstruction,
  [ExitReason.vmptrst]: onVmxInstruction,
  [ExitReason.vmread]: onVmxInstruction,
  [ExitReason.vmresume]: onVmxInstruction,
  [ExitReason.vmwrite]: onVmxInstruction,
  [ExitReason.vmxoff]: onVmxInstruction,
  [ExitReason.vmxon]: onVmxInstruction,
  [ExitReason.controlRegister]: onControlRegister,
  [ExitReason.port]: onPort,
  [ExitReason.rdmsr]: onReadMsr,
  [ExitReason.wrmsr]: onWriteMsr,
  [ExitReason.eptViolation]: onEptViolation,
  [ExitReason.invept]: onVmxInstruction,
  [ExitReason.preemptionTimer]: onPreemptionTimer,
  [ExitReason.invvpid]: onVmxInstruction,
  [ExitReason.xsetbv]: onXsetbv,
  [ExitReason.vmfunc]: onVmxInstruction,
  [ExitReason.xsaves]: onStateInstruction,
  [ExitReason.xrstors]: onStateInstruction,
  [ExitReason.seamcall]: onVmxInstruction,
  [ExitReason.tdcall]: onVmxInstruction,
  [ExitReason.readMsrImmediate]: onUnknownInstruction,
  [ExitReason.writeMsrImmediate]: onUnknownInstruction,
  [ExitReason.other]: onOtherReason,
});
