/** Instructions that exit and are done for the guest by handlers which both vendors share. */
import { wbinvd } from '../../transpiler/lib/index.js';
import { isHypercall, onHypercall } from '../exits/hypercall.js';
import { setExtendedControl } from '../exits/xsetbv.js';
import type { Vcpu } from '../vcpu/vcpu.js';
import { Exception, injectException } from './inject.js';
import { finishInstruction, skipInstruction } from './instruction.js';

/** VMCALL is a hypercall where RAX says so; to all others it does not exist. */
export function onVmcall(vcpu: Vcpu): void {
  if (isHypercall(vcpu)) {
    onHypercall(vcpu);
    skipInstruction();
  } else injectException(Exception.invalidOpcode);
}

/** XSETBV always exits (SDM 3C 25.1.2), but only from privilege level 0 and with OSXSAVE on. */
export function onXsetbv(vcpu: Vcpu): void {
  finishInstruction(setExtendedControl(vcpu.registers));
}

/** INVD would drop what the hypervisor, too, has in the caches but not yet in memory. */
export function onInvd(_vcpu: Vcpu): void {
  wbinvd();
  skipInstruction();
}
