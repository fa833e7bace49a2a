/**
 * CR0 and CR4 as the guest has them (SDM 3C 24.6.6 and 25.3). The hypervisor owns only the bits that VMX fixes: NE of
 * CR0, VMXE of CR4. Writes of all others are the processor's.
 */
import { rdmsr, u64 } from '../../transpiler/lib/index.js';
import type { Vcpu } from '../vcpu/vcpu.js';
import { generalRegister } from './generalRegister.js';
import { Exception, injectExceptionWithCode } from './inject.js';
import { vmread, vmwrite } from './operations.js';
import { CR0_PE, CR0_PG, RFLAGS_RF } from '../vcpu/registers.js';
import { CR4_VMXE, VMX_CR0_FIXED0, VMX_CR4_FIXED0 } from './registers.js';
import { Field } from './vmcs.js';

/** Exit qualification of an access to a control register (SDM 3C, table 27-3). */
const NUMBER_MASK = 0xfn;
const SOURCE_SHIFT = 8n;
const CR4 = 4n;

/** Gives the guest these values, and the hypervisor its bits of them. */
export function setControlRegisters(cr0: u64, cr4: u64): void {
  const ownedOfCr0 = rdmsr(VMX_CR0_FIXED0) & u64(~(CR0_PE | CR0_PG)); // these two are free: unrestricted guest
  const ownedOfCr4 = rdmsr(VMX_CR4_FIXED0) | CR4_VMXE;
  vmwrite(Field.cr0Mask, ownedOfCr0);
  vmwrite(Field.cr4Mask, ownedOfCr4);
  vmwrite(Field.cr0Shadow, cr0);
  vmwrite(Field.cr4Shadow, cr4);
  vmwrite(Field.guestCr0, cr0 | ownedOfCr0);
  vmwrite(Field.guestCr4, cr4 | ownedOfCr4);
}

/**
 * A MOV that would change an owned bit. From now on the guest reads that bit as it wants it. The same MOV, executed
 * again, changes no owned bit then, so the processor does the rest of it; a code breakpoint there has already been taken,
 * which the exit forgets (SDM 3C 27.3.3). VMXE cannot be set: there is no VMX.
 */
export function onControlRegister(vcpu: Vcpu): void {
  const qualification = vmread(Field.exitQualification);
  vmwrite(Field.guestRflags, vmread(Field.guestRflags) | RFLAGS_RF);
  const value = generalRegister(vcpu.registers, (qualification >> SOURCE_SHIFT) & 0xfn);
  if ((qualification & NUMBER_MASK) !== CR4) vmwrite(Field.cr0Shadow, value);
  else if ((value & CR4_VMXE) !== 0n) injectExceptionWithCode(Exception.generalProtection, 0);
  else vmwrite(Field.cr4Shadow, value);
}
