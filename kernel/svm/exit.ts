/** The function that the world switch calls at each VM exit. */
import { effects, min64, physical, u32 } from '../../transpiler/lib/index.js';
import { countExit, LAST_EXIT_REASON } from '../observe/counters.js';
import type { Vcpu } from '../vcpu/vcpu.js';
import { exitHandlers } from './handlers.js';
import { eventToRepeat } from './control/inject.js';
import { repeatLostInterrupts } from './control/lostInterrupts.js';
import { TlbControl, Vmcb } from './control/vmcb.js';

/** Handles a VM exit of the guest of `vcpu`, or of its parking guest. */
export function onSvmExit(vcpu: Vcpu): void {
  effects('no-alloc');
  const vmcb = physical(Vmcb, vcpu.controlPage);
  const reason = u32(min64(vmcb.exitCode, LAST_EXIT_REASON));
  countExit(vcpu.counters, reason);
  vmcb.eventInj = eventToRepeat(vmcb);
  vmcb.tlbControl = TlbControl.keep;
  repeatLostInterrupts();
  exitHandlers.get(reason)(vcpu, vmcb);
}
