/**
 * Rules for the guest's registers other than segment registers: control and debug registers and MSRs (SDM 3C 26.3.1.1),
 * descriptor tables (26.3.1.3), RIP and RFLAGS (26.3.1.4), and PDPTEs (26.3.1.6).
 */
import { cpuid, list, rdmsr, u32, U32, u64 } from '../../../transpiler/lib/index.js';
import { has, rule } from '../../report/entryRules.js';
import { areFixed, isCanonical, isPat, isPhysical, isWithinLinear } from './entryCheck.js';
import { isUnrestrictedGuest, usesExtendedTables } from './entryChecksControls.js';
import { injectsExternalInterrupt } from './entryChecksEvent.js';
import { EFER_RESERVED } from './entryChecksHost.js';
import { checkOptionalGuestState } from './entryChecksOptional.js';
import { vmread } from '../control/operations.js';
import {
  CR0_CD,
  CR0_NW,
  CR0_PE,
  CR0_PG,
  CR0_WP,
  CR4_CET,
  CR4_PAE,
  CR4_PCIDE,
  EFER_LMA,
  EFER_LME,
  RFLAGS_RESERVED_ONE,
} from '../../x86/registers.js';
import { VMX_CR0_FIXED0, VMX_CR0_FIXED1, VMX_CR4_FIXED0, VMX_CR4_FIXED1 } from '../control/registers.js';
import { Field, GUEST_RIGHTS, Segment } from '../control/vmcs.js';
import { Leaf } from '../../x86/cpuid.js';

const RFLAGS_VM = 1n << 17n;
export const RFLAGS_IF = 1n << 9n;
/** Reserved bits of RFLAGS: 63:22, 15, 5 and 3. */
const RFLAGS_RESERVED = 0xffff_ffff_ffc0_8028n;
const DEBUGCTL_RESERVED = 0xffff_ffff_ffff_0038n;
/** IA32_DEBUGCTL: #DB for bus locks, if CPUID.07H:ECX[24] is set. */
const DEBUGCTL_BUS_LOCK = 1n << 2n;
const ECX_BUS_LOCK = 1 << 24;

// VM-entry controls (table 24-15).
const LOAD_DEBUG_CONTROLS = 1n << 2n;
const GUEST_IS_64_BIT = 1n << 9n;
const LOAD_PAT = 1n << 14n;
const LOAD_EFER = 1n << 15n;

const CODE_IS_64_BIT = 1n << 13n;
const TABLE_LIMIT_MOST = 0xffffn;

/** The four PDPTEs, and reserved bits of a present one (SDM 3A, table 4-8). */
const pageDirectories = list(U32, [Field.guestPdpte0, Field.guestPdpte1, Field.guestPdpte2, Field.guestPdpte3]);
const PDPTE_PRESENT = 1n << 0n;
const PDPTE_RESERVED = 0x1e6n;

/** Whether the guest is in IA-32e mode, according to the VM-entry control. */
export function isLongModeGuest(): boolean {
  return has(vmread(Field.entryControls), GUEST_IS_64_BIT);
}

export function isVirtual8086(): boolean {
  return has(vmread(Field.guestRflags), RFLAGS_VM);
}

export function checkGuestRegisters(): void {
  checkCr0();
  checkCr4();
  checkDebugControls();
  rule(isPhysical(vmread(Field.guestCr3)), 'guest CR3 within physical memory');
  rule(isCanonical(vmread(Field.guestSysenterEsp)), 'a canonical guest IA32_SYSENTER_ESP');
  rule(isCanonical(vmread(Field.guestSysenterEip)), 'a canonical guest IA32_SYSENTER_EIP');
  checkLoadedMsrs();
  checkOptionalGuestState();
  checkDescriptorTables();
  checkRip();
  checkRflags();
  checkPageDirectories();
}

function checkCr0(): void {
  const cr0 = vmread(Field.guestCr0);
  // VMX never fixes CD and NW.
  const free = isUnrestrictedGuest() ? CR0_CD | CR0_NW | CR0_PE | CR0_PG : CR0_CD | CR0_NW;
  const fixedToOne = rdmsr(VMX_CR0_FIXED0) & u64(~free);
  rule(areFixed(cr0, fixedToOne, rdmsr(VMX_CR0_FIXED1) | free), 'guest CR0 with the bits that VMX fixes');
  rule(!has(cr0, CR0_PG) || has(cr0, CR0_PE), 'no guest CR0.PG without CR0.PE');
  if (isLongModeGuest()) rule(has(cr0, CR0_PG), 'guest CR0.PG in IA-32e mode');
}

function checkCr4(): void {
  const cr4 = vmread(Field.guestCr4);
  rule(areFixed(cr4, rdmsr(VMX_CR4_FIXED0), rdmsr(VMX_CR4_FIXED1)), 'guest CR4 with the bits that VMX fixes');
  rule(!has(cr4, CR4_CET) || has(vmread(Field.guestCr0), CR0_WP), 'no guest CR4.CET without CR0.WP');
  if (isLongModeGuest()) rule(has(cr4, CR4_PAE), 'guest CR4.PAE in IA-32e mode');
  else rule(!has(cr4, CR4_PCIDE), 'no guest CR4.PCIDE outside of IA-32e mode');
}

function checkDebugControls(): void {
  if (!has(vmread(Field.entryControls), LOAD_DEBUG_CONTROLS)) return;
  const features = cpuid(Leaf.structuredFeatures, 0);
  const reserved: u64 = DEBUGCTL_RESERVED | (u32(features.ecx & ECX_BUS_LOCK) === 0 ? DEBUGCTL_BUS_LOCK : 0n);
  rule(!has(vmread(Field.guestDebugControl), reserved), 'guest IA32_DEBUGCTL with no reserved bit');
  rule(vmread(Field.guestDr7) >> 32n === 0n, 'guest DR7 with bits 63:32 clear');
}

function checkLoadedMsrs(): void {
  const entry = vmread(Field.entryControls);
  if (has(entry, LOAD_PAT)) rule(isPat(vmread(Field.guestPat)), 'a guest PAT of memory types that exist');
  if (!has(entry, LOAD_EFER)) return;
  const efer = vmread(Field.guestEfer);
  const isPaged = has(vmread(Field.guestCr0), CR0_PG);
  rule(!has(efer, EFER_RESERVED), 'guest EFER with no reserved bit');
  rule(has(efer, EFER_LMA) === isLongModeGuest(), 'guest EFER.LMA as the entry control of IA-32e mode');
  if (isPaged) rule(has(efer, EFER_LMA) === has(efer, EFER_LME), 'guest EFER.LME as LMA while there is paging');
}

function checkDescriptorTables(): void {
  rule(isCanonical(vmread(Field.guestGdtrBase)), 'a canonical guest GDTR base');
  rule(isCanonical(vmread(Field.guestIdtrBase)), 'a canonical guest IDTR base');
  rule(vmread(Field.guestGdtrLimit) <= TABLE_LIMIT_MOST, 'a guest GDTR limit of 16 bits');
  rule(vmread(Field.guestIdtrLimit) <= TABLE_LIMIT_MOST, 'a guest IDTR limit of 16 bits');
}

function checkRip(): void {
  const rip = vmread(Field.guestRip);
  const is64Bit = isLongModeGuest() && has(vmread(GUEST_RIGHTS + 2 * Segment.cs), CODE_IS_64_BIT);
  if (is64Bit) rule(isWithinLinear(rip), 'guest RIP with equal bits beyond the linear addresses');
  else rule(rip >> 32n === 0n, 'guest RIP with bits 63:32 clear outside of 64-bit code');
}

function checkRflags(): void {
  const rflags = vmread(Field.guestRflags);
  const isProtected = has(vmread(Field.guestCr0), CR0_PE);
  rule(!has(rflags, RFLAGS_RESERVED) && has(rflags, RFLAGS_RESERVED_ONE), 'guest RFLAGS with its reserved bits');
  rule(!has(rflags, RFLAGS_VM) || (isProtected && !isLongModeGuest()), 'guest RFLAGS.VM in protected mode only');
  if (injectsExternalInterrupt()) rule(has(rflags, RFLAGS_IF), 'guest RFLAGS.IF for an injected interrupt');
}

/** Checks the PDPTEs. The VMCS holds them only with EPT; otherwise they are loaded from memory. */
function checkPageDirectories(): void {
  const isPaged = has(vmread(Field.guestCr0), CR0_PG) && has(vmread(Field.guestCr4), CR4_PAE);
  if (!usesExtendedTables() || !isPaged || isLongModeGuest()) return;
  for (let i: u32 = 0; i < 4; i++) {
    const entry = vmread(pageDirectories.get(i));
    const isValid = !has(entry, PDPTE_PRESENT) || (!has(entry, PDPTE_RESERVED) && isPhysical(entry));
    rule(isValid, 'guest PDPTEs with no reserved bit');
  }
}
