/** Enables VMX (SDM 3C 23.7 and 23.8). */
import {
  at,
  cpuid,
  physical,
  rdmsr,
  readCr0,
  readCr4,
  struct,
  u32,
  U32,
  writeCr0,
  writeCr4,
  wrmsr,
  type Hpa,
  type u64,
} from '../../../transpiler/lib/index.js';
import { fail } from '../../report/fail.js';
import { invept, invvpid, vmxon } from './operations.js';
import { CR4_OSXSAVE, CR4_PKE } from '../../x86/registers.js';
import { SWITCHED_OFF } from './capability.js';
import {
  CR4_VMXE,
  FEATURE_CONTROL,
  FEATURE_CONTROL_LOCKED,
  FEATURE_CONTROL_VMX,
  VMX_BASIC,
  VMX_CR0_FIXED0,
  VMX_CR0_FIXED1,
  VMX_EPT_VPID,
} from './registers.js';
import { Leaf } from '../../x86/cpuid.js';

/** The first word of a VMXON region or a VMCS (SDM 3C 24.2). */
const VmxPage = struct('VmxPage', { size: 0x1000 }, { revision: at(0, U32) });
const REVISION_MASK = 0x7fff_ffffn;

/** CPUID.01H:ECX[26]: the processor has XSAVE and the extended control registers. */
const ECX_XSAVE = 1 << 26;
/** CPUID.07H:ECX[3]: the processor has protection keys. */
const ECX_PKU = 1 << 3;

/** IA32_VMX_EPT_VPID_CAP: INVEPT and INVVPID exist, with their type that invalidates everything (SDM 3D, A.10). */
const HAS_INVEPT_ALL = (1n << 20n) | (1n << 26n);
const INVEPT_ALL = 2n;
const HAS_INVVPID_ALL = (1n << 32n) | (1n << 42n);
const INVVPID_ALL = 2n;

/** Enters VMX root operation on this processor, which then uses the page at `region`. */
export function vmxEnable(region: Hpa): void {
  allowVmx();
  fixControlRegisters();
  stampRevision(region);
  if (!vmxon(region)) fail('the processor refused VMXON');
  dropStaleTranslations();
}

/** Writes this processor's VMCS revision identifier into a zeroed page. */
export function stampRevision(page: Hpa): void {
  physical(VmxPage, page).revision = u32(rdmsr(VMX_BASIC) & REVISION_MASK);
}

/**
 * Enables VMX in IA32_FEATURE_CONTROL and locks the register, if the firmware left it unlocked. Each processor has its
 * own.
 */
function allowVmx(): void {
  const control = rdmsr(FEATURE_CONTROL);
  const isLocked = (control & FEATURE_CONTROL_LOCKED) !== 0n;
  if (isLocked && (control & FEATURE_CONTROL_VMX) === 0n) fail(SWITCHED_OFF);
  if (!isLocked) wrmsr(FEATURE_CONTROL, control | FEATURE_CONTROL_VMX | FEATURE_CONTROL_LOCKED);
}

/**
 * Sets the bits of CR0 and CR4 that VMX requires (SDM 3D, A.7 and A.8), and two bits of CR4 that CPUID mirrors, in case
 * the guest sets them: OSXSAVE, also needed for emulating XSETBV, and PKE, which has no effect on supervisor pages.
 */
function fixControlRegisters(): void {
  const mirrored: u64 = (hasXsave() ? CR4_OSXSAVE : 0n) | (hasProtectionKeys() ? CR4_PKE : 0n);
  writeCr0((readCr0() | rdmsr(VMX_CR0_FIXED0)) & rdmsr(VMX_CR0_FIXED1));
  writeCr4(readCr4() | CR4_VMXE | mirrored);
}

function hasXsave(): boolean {
  const features = cpuid(Leaf.features, 0);
  return u32(features.ecx & ECX_XSAVE) !== 0;
}

function hasProtectionKeys(): boolean {
  const last = cpuid(Leaf.vendor, 0);
  if (last.eax < Leaf.structuredFeatures) return false;
  const features = cpuid(Leaf.structuredFeatures, 0);
  return u32(features.ecx & ECX_PKU) !== 0;
}

/** Invalidates TLB entries that an earlier hypervisor may have left (SDM 3C 28.4.3). */
function dropStaleTranslations(): void {
  const capability = rdmsr(VMX_EPT_VPID);
  if ((capability & HAS_INVEPT_ALL) === HAS_INVEPT_ALL) invept(INVEPT_ALL, 0n);
  if ((capability & HAS_INVVPID_ALL) === HAS_INVVPID_ALL) invvpid(INVVPID_ALL, 0);
}
