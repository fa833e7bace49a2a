/**
 * Rules for state that is loaded only with controls which tsvm does not set (SDM 3C 26.2.2, 26.3.1.1): shadow stacks
 * (CET), protection keys for supervisor pages (PKRS) and bounds (BNDCFGS). IA32_PERF_GLOBAL_CTRL and IA32_RTIT_CTL,
 * which can be loaded too, are not checked, since their reserved bits depend on the model.
 */
import type { u32, u64 } from '../../../transpiler/lib/index.js';
import { has, rule } from '../../report/entryRules.js';
import { isCanonical } from './entryCheck.js';
import { vmread } from '../control/operations.js';
import { Field } from '../control/vmcs.js';

// VM-exit controls (table 24-13).
const EXIT_LOADS_CET = 1n << 28n;
const EXIT_LOADS_PKRS = 1n << 29n;

// VM-entry controls (table 24-15).
const ENTRY_LOADS_BOUNDS = 1n << 16n;
const ENTRY_LOADS_CET = 1n << 20n;
const ENTRY_LOADS_PKRS = 1n << 22n;

/** IA32_S_CET: bits 9:6 are reserved, and bits 10 (suppress) and 11 (wait for ENDBRANCH) must not both be set. */
const CET_RESERVED = 0x3c0n;
const CET_SUPPRESSED_AND_AWAITED = 0xc00n;
const SHADOW_STACK_LOW = 3n;
const BOUNDS_RESERVED = 0xffcn;

/** Checks the host's part. */
export function checkOptionalHostState(): void {
  const exit = vmread(Field.exitControls);
  if (has(exit, EXIT_LOADS_CET)) checkCet(Field.hostSupervisorCet, 'a valid host IA32_S_CET');
  if (has(exit, EXIT_LOADS_CET)) checkStack(Field.hostSsp, Field.hostSspTable, 'canonical, aligned host shadow stacks');
  if (has(exit, EXIT_LOADS_PKRS)) rule(isShort(vmread(Field.hostPkrs)), 'host IA32_PKRS with bits 63:32 clear');
}

/** Checks the guest's part. */
export function checkOptionalGuestState(): void {
  const entry = vmread(Field.entryControls);
  if (has(entry, ENTRY_LOADS_CET)) checkCet(Field.guestSupervisorCet, 'a valid guest IA32_S_CET');
  if (has(entry, ENTRY_LOADS_CET))
    checkStack(Field.guestSsp, Field.guestSspTable, 'canonical, aligned guest shadow stacks');
  if (has(entry, ENTRY_LOADS_PKRS)) rule(isShort(vmread(Field.guestPkrs)), 'guest IA32_PKRS with bits 63:32 clear');
  if (!has(entry, ENTRY_LOADS_BOUNDS)) return;
  const bounds = vmread(Field.guestBndcfgs);
  rule(!has(bounds, BOUNDS_RESERVED) && isCanonical(bounds), 'a valid guest IA32_BNDCFGS');
}

function checkCet(field: u32, text: string): void {
  const value = vmread(field);
  const isClear = !has(value, CET_RESERVED) && (value & CET_SUPPRESSED_AND_AWAITED) !== CET_SUPPRESSED_AND_AWAITED;
  rule(isClear && isCanonical(value), text);
}

function checkStack(pointer: u32, table: u32, text: string): void {
  const top = vmread(pointer);
  rule(!has(top, SHADOW_STACK_LOW) && isCanonical(top) && isCanonical(vmread(table)), text);
}

function isShort(value: u64): boolean {
  return value >> 32n === 0n;
}
