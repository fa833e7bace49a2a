import { isHypercall, onHypercall } from '../../exits/hypercall.js';
import type { Vcpu } from '../../vcpu/vcpu.js';
import { Exception, injectException } from '../control/inject.js';
import { instructionLength, Opcode, skipInstruction } from '../control/instruction.js';
import { onNmiTaken } from '../reset/parking.js';
import { isInParkingGuest } from '../reset/parkingGuest.js';
import type { Vmcb } from '../control/vmcb.js';

/**
 * Handles VMMCALL. In the parking guest it ends the NMI handler. In the guest it is a hypercall if RAX says so;
 * otherwise it raises #UD.
 */
export function onVmmcall(vcpu: Vcpu, vmcb: Vmcb): void {
  if (isInParkingGuest(vcpu)) {
    onNmiTaken(vcpu);
    return;
  }
  if (!isHypercall(vcpu)) {
    injectException(vmcb, Exception.invalidOpcode);
    return;
  }
  const length = instructionLength(vmcb, Opcode.vmmcall);
  if (length === 0) return;
  onHypercall(vcpu, vmcb.cpl);
  skipInstruction(vmcb, length);
}
