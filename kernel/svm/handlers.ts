/** The handler of each VM exit (APM 2, appendix C). Events that are not intercepted do not exit. */
import { table } from '../../transpiler/lib/index.js';
import { EXIT_REASONS } from '../observe/counters.js';
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

/** Exit codes, the values of EXITCODE. */
export const ExitCode = {
  debugException: 0x41,
  alignmentCheck: 0x51,
  machineCheck: 0x52,
  nmi: 0x61,
  smi: 0x62,
  init: 0x63,
  iret: 0x74,
  invd: 0x76,
  pause: 0x77,
  halt: 0x78,
  invlpga: 0x7a,
  port: 0x7b,
  msr: 0x7c,
  shutdown: 0x7f,
  vmrun: 0x80,
  vmmcall: 0x81,
  vmload: 0x82,
  vmsave: 0x83,
  stgi: 0x84,
  clgi: 0x85,
  skinit: 0x86,
  nestedPageFault: 0x400,
} as const;

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
  [ExitCode.halt]: onHalt,
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
