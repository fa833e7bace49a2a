/**
 * The rules of VMRUN (APM 2, 15.5.1 "Canonicalization and Consistency Checks", and 15.20). They explain why the
 * processor refused a VMCB: VMEXIT_INVALID says only that it did.
 */
import { cpuid, min64, u32, u64 } from '../../../transpiler/lib/index.js';
import { brokenRules, forgetFindings, has, rule } from '../../report/entryRules.js';
import { endLine, print } from '../../report/console.js';
import {
  CR0_CD,
  CR0_NW,
  CR0_PE,
  CR0_PG,
  CR0_WP,
  CR4_CET,
  CR4_PAE,
  EFER_LMA,
  EFER_LME,
  EFER_NXE,
} from '../../x86/registers.js';
import { checkInjectedEvent } from './entryChecksEvent.js';
import { VMRUN } from '../control/intercepts.js';
import { IO_MAP_BYTES, MSR_MAP_BYTES } from '../control/permissionMaps.js';
import {
  EFER_AIBRSE,
  EFER_FFXSR,
  EFER_INTWB,
  EFER_MCOMMIT,
  EFER_SCE,
  EFER_SVME,
  EFER_TCE,
  EFER_UAIE,
} from '../control/registers.js';
import type { Vmcb } from '../control/vmcb.js';
import { Leaf } from '../../x86/cpuid.js';

const EFER_LMSLE = 1n << 13n;
/** All bits that any processor has (APM 2, 3.1.7 and 3.1.3). */
const EFER_ALL =
  EFER_SCE |
  EFER_LME |
  EFER_LMA |
  EFER_NXE |
  EFER_SVME |
  EFER_LMSLE |
  EFER_FFXSR |
  EFER_TCE |
  EFER_MCOMMIT |
  EFER_INTWB;
const EFER_NEWER = EFER_UAIE | EFER_AIBRSE;
const CR4_ALL = 0x00f7_1fffn;

/** Bits of a segment's attributes (APM 2, 4.8.1): 64-bit code; else 32-bit code. */
const LONG = 1 << 9;
const DEFAULT_32 = 1 << 10;

/** CPUID 8000_0008H, EAX[7:0]: the width of a physical address (APM 3, E.4.7). */
const MOST_PHYSICAL_BITS = 52n;

/** Prints a line for each rule that `vmcb` breaks. At a VM exit EVENTINJ already holds the event of the next entry. */
export function explainEntryFailure(vmcb: Vmcb): void {
  forgetFindings();
  checkControls(vmcb);
  checkInjectedEvent(vmcb);
  checkControlRegisters(vmcb);
  checkMode(vmcb);
  if (brokenRules() !== 0) return;
  print('no rule for VMRUN is broken that this hypervisor knows, unless by the event that was to be injected');
  endLine();
}

function checkControls(vmcb: Vmcb): void {
  rule(u32(vmcb.interceptInstructions2 & VMRUN) !== 0, 'the intercept of VMRUN');
  rule(vmcb.asid !== 0, 'an ASID that is not 0');
  rule(isPhysical(u64(vmcb.msrPermissions + (MSR_MAP_BYTES - 1n))), 'an MSR permission map within physical memory');
  rule(isPhysical(u64(vmcb.ioPermissions + (IO_MAP_BYTES - 1n))), 'an I/O permission map within physical memory');
  rule(isPhysical(u64(vmcb.nestedCr3)), 'nested page tables within physical memory');
}

function checkControlRegisters(vmcb: Vmcb): void {
  rule(has(vmcb.efer, EFER_SVME), 'guest EFER.SVME');
  rule(!has(vmcb.efer, u64(~(EFER_ALL | EFER_NEWER))), 'guest EFER with no reserved bit');
  rule(vmcb.cr0 >> 32n === 0n, 'guest CR0 with bits 63:32 clear');
  rule(has(vmcb.cr0, CR0_CD) || !has(vmcb.cr0, CR0_NW), 'no guest CR0.NW without CR0.CD');
  rule(isPhysical(u64(vmcb.cr3)), 'guest CR3 within physical memory');
  rule(!has(vmcb.cr4, u64(~CR4_ALL)), 'guest CR4 with no reserved bit');
  rule(!has(vmcb.cr4, CR4_CET) || has(vmcb.cr0, CR0_WP), 'no guest CR4.CET without CR0.WP');
  rule(vmcb.dr6 >> 32n === 0n, 'guest DR6 with bits 63:32 clear');
  rule(vmcb.dr7 >> 32n === 0n, 'guest DR7 with bits 63:32 clear');
}

/** Checks the rules of long mode, which is active if EFER.LME and CR0.PG are set. */
function checkMode(vmcb: Vmcb): void {
  if (!has(vmcb.efer, EFER_LME) || !has(vmcb.cr0, CR0_PG)) return;
  rule(has(vmcb.cr4, CR4_PAE), 'guest CR4.PAE with EFER.LME and paging');
  rule(has(vmcb.cr0, CR0_PE), 'guest CR0.PE with EFER.LME and paging');
  const attributes = vmcb.cs.attributes;
  const isBoth = u32(attributes & LONG) !== 0 && u32(attributes & DEFAULT_32) !== 0;
  rule(!isBoth, 'guest CS.D clear in 64-bit code');
}

function isPhysical(address: u64): boolean {
  const sizes = cpuid(Leaf.addressSizes, 0);
  const bits = min64(u64(u32(sizes.eax & 0xff)), MOST_PHYSICAL_BITS);
  return address >> bits === 0n;
}
