/** Rules for the host state (SDM 3C 26.2.2 to 26.2.4). */
import { rdmsr } from '../../../transpiler/lib/index.js';
import { has, rule } from '../../report/entryRules.js';
import { areFixed, isCanonical, isPat, isPhysical } from './entryCheck.js';
import { checkOptionalHostState } from './entryChecksOptional.js';
import { vmread } from '../control/operations.js';
import { CR4_PAE, EFER_LMA, EFER_LME } from '../../x86/registers.js';
import { VMX_CR0_FIXED0, VMX_CR0_FIXED1, VMX_CR4_FIXED0, VMX_CR4_FIXED1 } from '../control/registers.js';
import { Field } from '../control/vmcs.js';

const HOST_IS_64_BIT = 1n << 9n;
const LOAD_PAT = 1n << 19n;
const LOAD_EFER = 1n << 21n;

/** Reserved bits of EFER: all but SCE, LME, LMA and NXE. */
export const EFER_RESERVED = 0xffff_ffff_ffff_f2fen;

/** RPL and table indicator of a selector. */
const SELECTOR_LOW = 7n;

export function checkHostState(): void {
  const exit = vmread(Field.exitControls);
  checkControlRegisters();
  if (has(exit, LOAD_PAT)) rule(isPat(vmread(Field.hostPat)), 'a host PAT of memory types that exist');
  if (has(exit, LOAD_EFER)) checkEfer(has(exit, HOST_IS_64_BIT));
  checkOptionalHostState();
  checkSelectors();
  checkBases();
  // The hypervisor runs in 64-bit mode, so VM exits must return there.
  rule(has(exit, HOST_IS_64_BIT), 'the VM-exit control of a 64-bit host');
  rule(has(vmread(Field.hostCr4), CR4_PAE), 'host CR4.PAE, since the host is 64-bit');
  rule(isCanonical(vmread(Field.hostRip)), 'a canonical host RIP');
}

function checkControlRegisters(): void {
  const cr0 = vmread(Field.hostCr0);
  const cr4 = vmread(Field.hostCr4);
  rule(areFixed(cr0, rdmsr(VMX_CR0_FIXED0), rdmsr(VMX_CR0_FIXED1)), 'host CR0 with the bits that VMX fixes');
  rule(areFixed(cr4, rdmsr(VMX_CR4_FIXED0), rdmsr(VMX_CR4_FIXED1)), 'host CR4 with the bits that VMX fixes');
  rule(isPhysical(vmread(Field.hostCr3)), 'host CR3 within physical memory');
  rule(isCanonical(vmread(Field.hostSysenterEsp)), 'a canonical host IA32_SYSENTER_ESP');
  rule(isCanonical(vmread(Field.hostSysenterEip)), 'a canonical host IA32_SYSENTER_EIP');
}

function checkEfer(is64Bit: boolean): void {
  const efer = vmread(Field.hostEfer);
  rule(!has(efer, EFER_RESERVED), 'host EFER with no reserved bit');
  rule(has(efer, EFER_LMA) === is64Bit && has(efer, EFER_LME) === is64Bit, 'host EFER.LMA and LME as the host is');
}

function checkSelectors(): void {
  const all =
    vmread(Field.hostCsSelector) |
    vmread(Field.hostSsSelector) |
    vmread(Field.hostDsSelector) |
    vmread(Field.hostEsSelector) |
    vmread(Field.hostFsSelector) |
    vmread(Field.hostGsSelector) |
    vmread(Field.hostTrSelector);
  rule(!has(all, SELECTOR_LOW), 'host selectors with RPL and TI clear');
  rule(vmread(Field.hostCsSelector) !== 0n, 'a host CS selector that is not 0');
  rule(vmread(Field.hostTrSelector) !== 0n, 'a host TR selector that is not 0');
}

function checkBases(): void {
  rule(isCanonical(vmread(Field.hostFsBase)), 'a canonical host FS base');
  rule(isCanonical(vmread(Field.hostGsBase)), 'a canonical host GS base');
  rule(isCanonical(vmread(Field.hostTrBase)), 'a canonical host TR base');
  rule(isCanonical(vmread(Field.hostGdtrBase)), 'a canonical host GDTR base');
  rule(isCanonical(vmread(Field.hostIdtrBase)), 'a canonical host IDTR base');
}
