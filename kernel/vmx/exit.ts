/** The function that the world switch calls at each VM exit. */
import { effects, min32, u32 } from '../../transpiler/lib/index.js';
import { countExit } from '../observe/counters.js';
import type { Vcpu } from '../vcpu/vcpu.js';
import { BASIC_REASON, ENTRY_FAILED, ExitReason, LAST_VMX_REASON } from './control/exitReason.js';
import { exitHandlers } from './handlers.js';
import { keepNmiDue } from './exits/nmi.js';
import { reloadPreemptionTimer } from './exits/preemptionTimer.js';

/** Handles a VM exit of the guest of `vcpu` with the exit reason `number`. */
export function onVmxExit(vcpu: Vcpu, number: u32): void {
  effects('no-alloc');
  const hasFailed = u32(number & ENTRY_FAILED) !== 0;
  const reason: u32 = hasFailed ? ExitReason.other : min32(number & BASIC_REASON, LAST_VMX_REASON);
  countExit(vcpu.counters, reason);
  exitHandlers.get(reason)(vcpu);
  if (vcpu.vmx.timerEnd !== 0n) reloadPreemptionTimer(vcpu);
  if (vcpu.vmx.holdsNmi || vcpu.vmx.holdsMachineCheck) keepNmiDue(vcpu);
}
