/** The handler of each VM exit (APM 2, appendix C). Events that are not intercepted do not exit. */
import { table } from '../../transpiler/lib/index.js';
import { EXIT_REASONS } from '../observe/counters.js';
import { ExitCode } from './control/exitCode.js';
import { onAlignmentCheck, onDebugException } from './exits/exceptions.js';
import type { ExitHandler } from './control/exitHandler.js';
import { onInvd } from './exits/invd.js';
import { onMachineCheck } from './exits/machineCheck.js';
import { onMsr } from './exits/msr.js';
import { onNestedPageFault } from './exits/nestedPageFault.js';
import { onHalt, onIret, onNmi, onPause } from './exits/nmi.js';
import { onPort } from './exits/ports.js';
import { onSmi } from './control/smi.js';
import { onInit, onShutdown, onUnexpected } from './exits/stops.js';
import { onSvmInstruction } from './exits/svmInstruction.js';
import { onVmmcall } from './exits/vmmcall.js';

export const exitHandlers = table<ExitHandler>(EXIT_REASONS, onUnexpected, {
  [ExitCode.debugException]: onDebugException,
  [ExitCode.alignmentCheck]: onAlignmentCheck,
  [ExitCode.machineCheck]: onMachineCheck,
  [ExitCode.nmi]: onNmi,
  [ExitCode.smi]: onSmi,
  [ExitCode.init]: onInit,
  [ExitCode.iret]: onIret,
  [ExitCode.invd]: onInvd,
  [ExitCode.pause]: onPause,
  [ExitCode.hlt]: onHalt,
  [ExitCode.invlpga]: onSvmInstruction,
  [ExitCode.port]: onPort,
  [ExitCode.msr]: onMsr,
  [ExitCode.shutdown]: onShutdown,
  [ExitCode.vmrun]: onSvmInstruction,
  [ExitCode.vmmcall]: onVmmcall,
  [ExitCode.vmload]: onSvmInstruction,
  [ExitCode.vmsave]: onSvmInstruction,
  [ExitCode.stgi]: onSvmInstruction,
  [ExitCode.clgi]: onSvmInstruction,
  [ExitCode.skinit]: onSvmInstruction,
  [ExitCode.nestedPageFault]: onNestedPageFault,
});
