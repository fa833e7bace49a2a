/** Who handles which exit (SDM 3D, appendix C). */
import { table } from '../../transpiler/lib/index.js';
import { onControlRegister } from './controlRegisters.js';
import { onCpuid } from './cpuid.js';
import { onOtherReason } from './entryFailure.js';
import { onEptViolation } from './eptViolation.js';
import { onException } from './exceptions.js';
import type { ExitHandler } from './exitHandler.js';
import { onInvd, onVmcall, onXsetbv } from './instructions.js';
import { onReadMsr, onWriteMsr } from './msr.js';
import { onPreemptionTimer } from './preemptionTimer.js';
import { onInit, onTripleFault, onUnexpected } from './stops.js';
import { onTaskSwitch } from './taskSwitch.js';
import { onVmxInstruction } from './vmxInstruction.js';

/** Basic exit reasons. The last stands for all numbers from it on, which those of failed entries are, too. */
export const ExitReason = {
  exception: 0,
  tripleFault: 2,
  init: 3,
  taskSwitch: 9,
  cpuid: 10,
  getsec: 11,
  invd: 13,
  vmcall: 18,
  vmclear: 19,
  vmlaunch: 20,
  vmptrld: 21,
  vmptrst: 22,
  vmread: 23,
  vmresume: 24,
  vmwrite: 25,
  vmxoff: 26,
  vmxon: 27,
  controlRegister: 28,
  rdmsr: 31,
  wrmsr: 32,
  eptViolation: 48,
  invept: 50,
  preemptionTimer: 52,
  invvpid: 53,
  xsetbv: 55,
  vmfunc: 59,
  other: 79,
} as const;

/** One more than the last. */
export const VMX_REASONS = 80;
export const LAST_VMX_REASON = 79n;

export const exitHandlers = table<ExitHandler>(VMX_REASONS, onUnexpected, {
  [ExitReason.exception]: onException,
  [ExitReason.tripleFault]: onTripleFault,
  [ExitReason.init]: onInit,
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
  [ExitReason.rdmsr]: onReadMsr,
  [ExitReason.wrmsr]: onWriteMsr,
  [ExitReason.eptViolation]: onEptViolation,
  [ExitReason.invept]: onVmxInstruction,
  [ExitReason.preemptionTimer]: onPreemptionTimer,
  [ExitReason.invvpid]: onVmxInstruction,
  [ExitReason.xsetbv]: onXsetbv,
  [ExitReason.vmfunc]: onVmxInstruction,
  [ExitReason.other]: onOtherReason,
});
