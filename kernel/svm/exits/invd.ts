import { wbinvd } from '../../../transpiler/lib/index.js';
import type { Vcpu } from '../../vcpu/vcpu.js';
import { instructionLength, Opcode, skipInstruction } from '../control/instruction.js';
import type { Vmcb } from '../control/vmcb.js';

/** INVD. What the caches hold is written to memory before it is dropped: the hypervisor's is among it. */
export function onInvd(_vcpu: Vcpu, vmcb: Vmcb): void {
  const length = instructionLength(vmcb, Opcode.invd);
  if (length === 0) return;
  wbinvd();
  skipInstruction(vmcb, length);
}
