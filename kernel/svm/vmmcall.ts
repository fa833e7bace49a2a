import { isHypercall, onHypercall } from '../exits/hypercall.js';
import type { Vcpu } from '../vcpu/vcpu.js';
import { Exception, injectException } from './inject.js';
import { instructionLength, Opcode, skipInstruction } from './instruction.js';
import type { Vmcb } from './vmcb.js';

/** VMMCALL is a hypercall where RAX says so; to all others it does not exist. */
export function onVmmcall(vcpu: Vcpu, vmcb: Vmcb): void {
  if (!isHypercall(vcpu)) {
    injectException(vmcb, Exception.invalidOpcode);
    return;
  }
  const length = instructionLength(vmcb, Opcode.vmmcall);
  if (length === 0) return;
  onHypercall(vcpu, vmcb.cpl);
  skipInstruction(vmcb, length);
}
