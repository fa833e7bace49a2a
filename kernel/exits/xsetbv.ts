import { tryXsetbv, u32, u64 } from '../../transpiler/lib/index.js';
import type { Registers } from '../vcpu/vcpu.js';
import { Answer } from '../access/answer.js';

/**
 * Emulates XSETBV (SDM 2D). The register always holds the guest's value, and the processor itself checks a new one:
 * which states depend on which others differs between models.
 */
export function setExtendedControl(registers: Registers): Answer {
  const value = u64((registers.rdx << 32n) | (registers.rax & 0xffff_ffffn));
  return tryXsetbv(u32(registers.rcx), value) ? Answer.done : Answer.generalProtection;
}
