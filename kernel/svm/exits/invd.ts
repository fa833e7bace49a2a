import { wbinvd } from '../../../transpiler/lib/index.js';
import type { Vcpu } from '../../vcpu/vcpu.js';
import { instructionLength, Opcode, skipInstruction } from '../control/instruction.js';
import type { Vmcb } from '../control/vmcb.js';

/** Emulates INVD by WBINVD, which writes the caches to memory first: they may hold data of the hypervisor. */
export function onInvd(_vcpu: Vcpu, vmcb: Vmcb): void {
  const length = instructionLength(vmcb, Opcode.invd);
  if (length === 0) return;
  wbinvd();
  skipInstruction(vmcb, length);
}
