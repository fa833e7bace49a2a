import { u16, u32 } from '../../../transpiler/lib/index.js';
import type { Answer } from '../../access/answer.js';
import { readPort, refuseString, writePort } from '../../exits/ports.js';
import type { Vcpu } from '../../vcpu/vcpu.js';
import { finishInstruction } from '../control/finishInstruction.js';
import { vmread } from '../control/operations.js';
import { Field } from '../control/vmcs.js';

/** Exit qualification of a port access (SDM 3C, table 27-5). Its lowest bits are the width in bytes, minus 1. */
const WIDTH_MASK = 3;
const IS_IN = 1n << 3n;
const IS_STRING = 1n << 4n;
const PORT_SHIFT = 16n;

/** Handles an access to an intercepted port, or one that reaches beyond FFFFH, which always exits (SDM 3C 25.1.3). */
export function onPort(vcpu: Vcpu): void {
  finishInstruction(access(vcpu));
}

function access(vcpu: Vcpu): Answer {
  const qualification = vmread(Field.exitQualification);
  const port = u16(qualification >> PORT_SHIFT);
  if ((qualification & IS_STRING) !== 0n) return refuseString(port, vmread(Field.guestRip));
  const width = (u32(qualification) & WIDTH_MASK) + 1;
  return (qualification & IS_IN) !== 0n
    ? readPort(vcpu, port, width, vmread(Field.guestRip))
    : writePort(vcpu, port, width, vmread(Field.guestRip));
}
