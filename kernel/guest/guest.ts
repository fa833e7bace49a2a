/** How the guest starts. */
import type { ProcessorState } from '../vcpu/state.js';
import type { Registers } from '../vcpu/vcpu.js';
import { loadLinux } from './linux.js';

/** Puts the guest into memory, and says in `state` and `registers` how its first processor starts. */
export function loadGuest(state: ProcessorState, registers: Registers): void {
  loadLinux(state, registers);
}
