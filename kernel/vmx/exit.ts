/** Where the world switch calls at each exit. */
import { effects, min64, u32, u64 } from '../../transpiler/lib/index.js';
import type { Vcpu } from '../vcpu/vcpu.js';
import { exitHandlers, LAST_VMX_REASON } from './handlers.js';
import { vmread } from './operations.js';
import { reloadPreemptionTimer } from './preemptionTimer.js';
import { Field } from './vmcs.js';

/** Handles the exit of the guest of `vcpu`. */
export function onVmxExit(vcpu: Vcpu): void {
  effects('no-alloc');
  const reason = u32(min64(vmread(Field.exitReason), LAST_VMX_REASON));
  vcpu.exits.set(reason, u64(vcpu.exits.get(reason) + 1n));
  exitHandlers.get(reason)(vcpu);
  if (vcpu.timerEnd !== 0n) reloadPreemptionTimer(vcpu);
}
