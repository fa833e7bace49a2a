/**
 * CR0 and CR4 of the guest (SDM 3C 24.6.6 and 25.3). The hypervisor owns only the bits that VMX fixes: CR0.NE and
 * CR4.VMXE. The guest writes all other bits without a VM exit.
 */
import { rdmsr, u64 } from '../../../transpiler/lib/index.js';
import type { Vcpu } from '../../vcpu/vcpu.js';
import { isIn64BitCode } from '../control/codeMode.js';
import { generalRegister } from '../control/generalRegister.js';
import { Exception, injectExceptionWithCode } from '../control/inject.js';
import { vmread, vmwrite } from '../control/operations.js';
import { loadPaeEntries } from '../control/paeEntries.js';
import {
  CR0_CD,
  CR0_NW,
  CR0_PE,
  CR0_PG,
  CR0_WP,
  CR4_CET,
  CR4_PAE,
  CR4_PCIDE,
  EFER_LME,
  RFLAGS_RF,
} from '../../x86/registers.js';
import { CR4_VMXE, VMX_CR0_FIXED0, VMX_CR4_FIXED0 } from '../control/registers.js';
import { Field, GUEST_RIGHTS, Segment } from '../control/vmcs.js';

/** Exit qualification of a control-register access (SDM 3C, table 27-3). */
const NUMBER_MASK = 0xfn;
const SOURCE_SHIFT = 8n;
const CR4 = 4n;

const HIGH_HALF = 32n;
const LOW_HALF = 0xffff_ffffn;

/** Access rights (SDM 3C, table 24-2): 64-bit code, and the TSS type that IA-32e mode lacks. */
const CODE_IS_64_BIT = 1n << 13n;
const TYPE = 0xfn;
const TASK_16_BUSY = 3n;

/**
 * Sets the guest's CR0 and CR4. The owned bits get the values that VMX requires; the guest reads its own from the
 * shadows.
 */
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
 * Handles a MOV that would change an owned bit. Only the shadow changes here, so that the guest reads its own value of
 * the bit. When the same MOV is executed again, it changes no owned bit, and the processor does the rest. VMXE cannot
 * be set, because the guest has no VMX.
 */
export function onControlRegister(vcpu: Vcpu): void {
  const qualification = vmread(Field.exitQualification);
  const given = generalRegister(vcpu.registers, (qualification >> SOURCE_SHIFT) & 0xfn);
  const value = isIn64BitCode() ? given : given & LOW_HALF;
  const isCr4 = (qualification & NUMBER_MASK) === CR4;
  if (isCr4 ? (value & CR4_VMXE) !== 0n : !canBeCr0(value)) {
    injectExceptionWithCode(Exception.generalProtection, 0);
    return;
  }
  vmwrite(isCr4 ? Field.cr4Shadow : Field.cr0Shadow, value);
  // Any breakpoint at the MOV was hit before the VM exit, which clears RF (SDM 3C 27.3.3).
  vmwrite(Field.guestRflags, vmread(Field.guestRflags) | RFLAGS_RF);
}

/** Whether MOV to CR0 accepts `value` (SDM 2B, MOV CR). If not, nothing may change, not even the shadow. */
function canBeCr0(value: u64): boolean {
  if (value >> HIGH_HALF !== 0n) return false;
  const cr4 = vmread(Field.guestCr4);
  if ((value & CR0_PG) !== 0n && (value & CR0_PE) === 0n) return false;
  if ((value & CR0_NW) !== 0n && (value & CR0_CD) === 0n) return false;
  if ((value & CR0_WP) === 0n && (cr4 & CR4_CET) !== 0n) return false;
  const changed = value ^ vmread(Field.guestCr0);
  if ((value & CR0_PG) === 0n) return (changed & CR0_PG) === 0n || canEndPaging(cr4);
  const isLong = (vmread(Field.guestEfer) & EFER_LME) !== 0n;
  if (isLong) return (changed & CR0_PG) === 0n || canBeginLongMode(cr4);
  const loadsEntries = (cr4 & CR4_PAE) !== 0n && (changed & (CR0_PG | CR0_CD | CR0_NW)) !== 0n;
  return !loadsEntries || loadPaeEntries(vmread(Field.guestCr3));
}

function canEndPaging(cr4: u64): boolean {
  return !isIn64BitCode() && (cr4 & CR4_PCIDE) === 0n;
}

function canBeginLongMode(cr4: u64): boolean {
  const isCode64 = (vmread(GUEST_RIGHTS + 2 * Segment.cs) & CODE_IS_64_BIT) !== 0n;
  const isTask16 = (vmread(GUEST_RIGHTS + 2 * Segment.tr) & TYPE) === TASK_16_BUSY;
  return (cr4 & CR4_PAE) !== 0n && !isCode64 && !isTask16;
}
