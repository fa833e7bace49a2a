/**
 * Rules for the controls (SDM 3C 26.2.1). Controls that tsvm never sets, such as TPR shadow, VMCS shadowing and posted
 * interrupts, have further rules, which are not checked here.
 */
import { rdmsr, u64 } from '../../../transpiler/lib/index.js';
import { has, rule } from '../../report/entryRules.js';
import { areFixed, isAllowed, isPage, isPhysical } from './entryCheck.js';
import { vmread } from '../control/operations.js';
import {
  VMX_BASIC,
  VMX_ENTRY,
  VMX_EPT_VPID,
  VMX_EXIT,
  VMX_MISC,
  VMX_PIN,
  VMX_PRIMARY,
  VMX_SECONDARY,
  VMX_TRUE_ENTRY,
  VMX_TRUE_EXIT,
  VMX_TRUE_PIN,
  VMX_TRUE_PRIMARY,
} from '../control/registers.js';
import { Field } from '../control/vmcs.js';

const HAS_TRUE_CAPABILITIES = 1n << 55n;

// Pin-based controls (table 24-5).
const EXTERNAL_INTERRUPT_EXITING = 1n << 0n;
const NMI_EXITING = 1n << 3n;
const VIRTUAL_NMIS = 1n << 5n;
const PREEMPTION_TIMER = 1n << 6n;
const POSTED_INTERRUPTS = 1n << 7n;

// Primary processor-based controls (table 24-6).
const TPR_SHADOW = 1n << 21n;
const NMI_WINDOW_EXITING = 1n << 22n;
const USE_IO_BITMAPS = 1n << 25n;
const USE_MSR_BITMAPS = 1n << 28n;
const ACTIVATE_SECONDARY = 1n << 31n;

// Secondary processor-based controls (table 24-7).
const VIRTUAL_APIC_ACCESSES = 1n << 0n;
const ENABLE_EPT = 1n << 1n;
const VIRTUAL_X2APIC = 1n << 4n;
const ENABLE_VPID = 1n << 5n;
const UNRESTRICTED_GUEST = 1n << 7n;
const VIRTUAL_APIC_REGISTERS = 1n << 8n;
const VIRTUAL_INTERRUPTS = 1n << 9n;
const PAGE_MODIFICATION_LOG = 1n << 17n;
const MODE_BASED_EXECUTE = 1n << 22n;

const EXIT_SAVES_PREEMPTION_TIMER = 1n << 22n;
const ENTRY_TO_SMM = 1n << 10n;
const ENTRY_ENDS_DUAL_MONITOR = 1n << 11n;

/** IA32_VMX_MISC: the number of CR3 targets (SDM 3D, A.6). */
const CR3_TARGETS_SHIFT = 16n;
const CR3_TARGETS_MASK = 0x1ffn;

/** Fields of the EPT pointer (table 24-8), each with its bit in IA32_VMX_EPT_VPID_CAP (SDM 3D, A.10). */
const EPT_MEMORY_TYPE = 7n;
const UNCACHED = 0n;
const CAN_UNCACHED = 1n << 8n;
const WRITE_BACK = 6n;
const CAN_WRITE_BACK = 1n << 14n;
const EPT_WALK = 7n << 3n;
const FOUR_LEVELS = 3n << 3n;
const EPT_ACCESSED_AND_DIRTY = 1n << 6n;
const CAN_ACCESSED_AND_DIRTY = 1n << 21n;
const EPT_RESERVED = 0xf80n;

/** Areas of MSRs to load or store are aligned to 16 bytes. */
const AREA_OFFSET = 0xfn;

/** The active secondary controls. */
export function secondaryControls(): u64 {
  return has(vmread(Field.primaryControls), ACTIVATE_SECONDARY) ? vmread(Field.secondaryControls) : 0n;
}

export function isUnrestrictedGuest(): boolean {
  return has(secondaryControls(), UNRESTRICTED_GUEST);
}

export function usesExtendedTables(): boolean {
  return has(secondaryControls(), ENABLE_EPT);
}

export function checkControls(): void {
  const hasTrue = has(rdmsr(VMX_BASIC), HAS_TRUE_CAPABILITIES);
  checkPinAndPrimary(hasTrue);
  checkBitmaps();
  checkSecondary();
  if (usesExtendedTables()) checkExtendedTables();
  checkExitControls(hasTrue);
  checkEntryControls(hasTrue);
}

function checkPinAndPrimary(hasTrue: boolean): void {
  const pin = vmread(Field.pinControls);
  const primary = vmread(Field.primaryControls);
  rule(isAllowed(pin, hasTrue ? VMX_TRUE_PIN : VMX_PIN), 'pin-based controls as IA32_VMX_PINBASED_CTLS allows');
  rule(
    isAllowed(primary, hasTrue ? VMX_TRUE_PRIMARY : VMX_PRIMARY),
    'primary controls as IA32_VMX_PROCBASED_CTLS allows',
  );
  rule(has(pin, NMI_EXITING) || !has(pin, VIRTUAL_NMIS), 'no virtual NMIs without NMI exiting');
  rule(has(pin, VIRTUAL_NMIS) || !has(primary, NMI_WINDOW_EXITING), 'no NMI-window exiting without virtual NMIs');
  const targets = (rdmsr(VMX_MISC) >> CR3_TARGETS_SHIFT) & CR3_TARGETS_MASK;
  rule(vmread(Field.cr3TargetCount) <= targets, 'no more CR3 targets than IA32_VMX_MISC allows');
}

function checkBitmaps(): void {
  const primary = vmread(Field.primaryControls);
  if (has(primary, USE_IO_BITMAPS)) {
    rule(isPage(vmread(Field.ioBitmapA)), 'a physical page as I/O bitmap A');
    rule(isPage(vmread(Field.ioBitmapB)), 'a physical page as I/O bitmap B');
  }
  if (has(primary, USE_MSR_BITMAPS)) rule(isPage(vmread(Field.msrBitmap)), 'a physical page as MSR bitmap');
}

function checkSecondary(): void {
  const pin = vmread(Field.pinControls);
  const secondary = secondaryControls();
  const hasShadow = has(vmread(Field.primaryControls), TPR_SHADOW);
  const hasTables = has(secondary, ENABLE_EPT);
  const needShadow = VIRTUAL_X2APIC | VIRTUAL_APIC_REGISTERS | VIRTUAL_INTERRUPTS;
  if (secondary !== 0n) {
    rule(isAllowed(secondary, VMX_SECONDARY), 'secondary controls as IA32_VMX_PROCBASED_CTLS2 allows');
  }
  rule(hasShadow || !has(secondary, needShadow), 'no APIC virtualization without a TPR shadow');
  rule(
    !has(secondary, VIRTUAL_X2APIC) || !has(secondary, VIRTUAL_APIC_ACCESSES),
    'not both virtual x2APIC mode and virtual APIC accesses',
  );
  rule(
    !has(secondary, VIRTUAL_INTERRUPTS) || has(pin, EXTERNAL_INTERRUPT_EXITING),
    'no virtual-interrupt delivery without external-interrupt exiting',
  );
  rule(
    !has(pin, POSTED_INTERRUPTS) || has(secondary, VIRTUAL_INTERRUPTS),
    'no posted interrupts without virtual-interrupt delivery',
  );
  if (has(secondary, ENABLE_VPID)) rule(vmread(Field.vpid) !== 0n, 'a VPID that is not 0');
  rule(hasTables || !has(secondary, UNRESTRICTED_GUEST), 'no unrestricted guest without EPT');
  rule(hasTables || !has(secondary, PAGE_MODIFICATION_LOG), 'no page-modification log without EPT');
  rule(hasTables || !has(secondary, MODE_BASED_EXECUTE), 'no mode-based execute control without EPT');
}

function checkExtendedTables(): void {
  const pointer = vmread(Field.eptPointer);
  const can = rdmsr(VMX_EPT_VPID);
  const type = pointer & EPT_MEMORY_TYPE;
  const canType = (type === UNCACHED && has(can, CAN_UNCACHED)) || (type === WRITE_BACK && has(can, CAN_WRITE_BACK));
  rule(canType, 'an EPT pointer with a memory type that the processor has');
  rule((pointer & EPT_WALK) === FOUR_LEVELS, 'an EPT pointer to tables of four levels');
  rule(
    !has(pointer, EPT_ACCESSED_AND_DIRTY) || has(can, CAN_ACCESSED_AND_DIRTY),
    'no accessed and dirty flags in EPT where the processor has none',
  );
  rule(!has(pointer, EPT_RESERVED), 'an EPT pointer with bits 11:7 clear');
  rule(isPhysical(pointer), 'an EPT pointer within physical memory');
}

function checkExitControls(hasTrue: boolean): void {
  const exit = vmread(Field.exitControls);
  rule(isAllowed(exit, hasTrue ? VMX_TRUE_EXIT : VMX_EXIT), 'VM-exit controls as IA32_VMX_EXIT_CTLS allows');
  rule(
    has(vmread(Field.pinControls), PREEMPTION_TIMER) || !has(exit, EXIT_SAVES_PREEMPTION_TIMER),
    'no saving of a preemption timer that is not active',
  );
  if (vmread(Field.exitMsrStoreCount) !== 0n) checkArea(vmread(Field.exitMsrStoreAddress));
  if (vmread(Field.exitMsrLoadCount) !== 0n) checkArea(vmread(Field.exitMsrLoadAddress));
}

function checkEntryControls(hasTrue: boolean): void {
  const entry = vmread(Field.entryControls);
  rule(isAllowed(entry, hasTrue ? VMX_TRUE_ENTRY : VMX_ENTRY), 'VM-entry controls as IA32_VMX_ENTRY_CTLS allows');
  rule(
    areFixed(entry, 0n, u64(~(ENTRY_TO_SMM | ENTRY_ENDS_DUAL_MONITOR))),
    'no entry to SMM, and no end of dual-monitor treatment, outside of SMM',
  );
  if (vmread(Field.entryMsrLoadCount) !== 0n) checkArea(vmread(Field.entryMsrLoadAddress));
}

function checkArea(address: u64): void {
  rule(!has(address, AREA_OFFSET) && isPhysical(address), 'areas of MSRs in physical memory, aligned to 16 bytes');
}
