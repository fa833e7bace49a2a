import { tryXsetbv, u32, u64 } from '../../transpiler/lib/index.js';
import type { Registers } from '../vcpu/vcpu.js';
import { Answer } from '../access/answer.js';

/**
 * XSETBV (SDM 2D). The register is the guest's all the time, and the processor itself knows which values it allows:
 * which states depend on which others differs from model to model.
 */
export function setExtendedControl(registers: Registers): Answer {
  const value = u64((registers.rdx << 32n) | (registers.rax & 0xffff_ffffn));
  return tryXsetbv(u32(registers.rcx), value) ? Answer.done : Answer.generalProtection;
}
