import { ensures, u16, u32, type u64 } from '../../../transpiler/lib/index.js';
import type { Answer } from '../../access/answer.js';
import { readPort, refuseString, writePort } from '../../exits/ports.js';
import type { Vcpu } from '../../vcpu/vcpu.js';
import { finishInstruction } from '../control/instruction.js';
import type { Vmcb } from '../control/vmcb.js';

/** EXITINFO1 of a port access (APM 2, 15.10.2, figure 15-2). */
const IS_IN = 1n << 0n;
const IS_STRING = 1n << 2n;
/** SZ8, SZ16 and SZ32: the value of the field is the width in bytes. */
const WIDTH_SHIFT = 4n;
const WIDTH_MASK = 7;
const PORT_SHIFT = 16n;

/** Handles an access to an intercepted port. EXITINFO2 is the RIP of the next instruction. */
export function onPort(vcpu: Vcpu, vmcb: Vmcb): void {
  const answer = access(vcpu, vmcb);
  finishInstruction(vmcb, u32(vmcb.exitInfo2 - vmcb.rip), answer);
}

function access(vcpu: Vcpu, vmcb: Vmcb): Answer {
  const info = vmcb.exitInfo1;
  const port = u16(info >> PORT_SHIFT);
  if ((info & IS_STRING) !== 0n) return refuseString(port, vmcb.rip);
  const width = widthOf(info);
  return (info & IS_IN) !== 0n ? readPort(vcpu, port, width, vmcb.rip) : writePort(vcpu, port, width, vmcb.rip);
}

function widthOf(info: u64): u32 {
  const size = u32(info >> WIDTH_SHIFT) & WIDTH_MASK;
  const width: u32 = size === 1 ? 1 : size === 2 ? 2 : 4;
  ensures(width <= 4);
  return width;
}
