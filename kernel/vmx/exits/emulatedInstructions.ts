/** Intercepted instructions that handlers common to both vendors emulate. */
import { wbinvd } from '../../../transpiler/lib/index.js';
import { Answer } from '../../access/answer.js';
import { isHypercall, onHypercall } from '../../exits/hypercall.js';
import { setExtendedControl } from '../../exits/xsetbv.js';
import type { Vcpu } from '../../vcpu/vcpu.js';
import { Exception, injectException } from '../control/inject.js';
import { privilegeLevel } from '../control/guestCode.js';
import { finishInstruction, skipInstruction } from '../control/finishInstruction.js';

/** Handles VMCALL, a hypercall if RAX says so; otherwise it raises #UD. */
export function onVmcall(vcpu: Vcpu): void {
  if (isHypercall(vcpu)) {
    onHypercall(vcpu, privilegeLevel());
    skipInstruction();
  } else injectException(Exception.invalidOpcode);
}

/**
 * Handles XSETBV, which always exits if OSXSAVE is set (SDM 3C 25.1.2). A privilege level above 0 raises #GP before the
 * exit (25.1.1), but Bochs 2.7 exits at any level.
 */
export function onXsetbv(vcpu: Vcpu): void {
  finishInstruction(privilegeLevel() === 0 ? setExtendedControl(vcpu.registers) : Answer.generalProtection);
}

/** Emulates INVD by WBINVD, which writes the caches to memory first: they may hold data of the hypervisor. */
export function onInvd(_vcpu: Vcpu): void {
  wbinvd();
  skipInstruction();
}
