/** Rules for the event that VM entry injects (SDM 3C 26.2.1.3). */
import { rdmsr, type u64 } from '../../../transpiler/lib/index.js';
import { has, rule } from '../../report/entryRules.js';
import { isUnrestrictedGuest } from './entryChecksControls.js';
import { vmread } from '../control/operations.js';
import { CR0_PE } from '../../x86/registers.js';
import { VMX_BASIC, VMX_MISC } from '../control/registers.js';
import { Activity, Field } from '../control/vmcs.js';

/** VM-entry interruption information (table 24-16). */
const VALID = 1n << 31n;
const VECTOR = 0xffn;
const TYPE_SHIFT = 8n;
const TYPE_MASK = 7n;
const DELIVERS_ERROR_CODE = 1n << 11n;
const RESERVED = 0x7fff_f000n;
/**
 * Reserved bits of the error code. Editions of the manual before 2020 include bit 15, which processors accept
 * (inject.ts).
 */
const ERROR_CODE_RESERVED = 0xffff_0000n;

const Type = {
  externalInterrupt: 0n,
  reserved: 1n,
  nmi: 2n,
  hardwareException: 3n,
  softwareInterrupt: 4n,
  softwareException: 6n,
  other: 7n,
} as const;

const DEBUG = 1n;
const NMI_VECTOR = 2n;
const MACHINE_CHECK = 18n;
const LAST_EXCEPTION = 31n;
/** #DF, #TS, #NP, #SS, #GP, #PF and #AC have an error code. */
const WITH_ERROR_CODE = 0x0002_7d00n;
/** IA32_VMX_BASIC[56]: any exception may be injected with or without an error code. */
const ERROR_CODES_ARE_FREE = 1n << 56n;

/** IA32_VMX_MISC[30]: an instruction length of 0 is allowed for injection (SDM 3D, A.6). */
const ZERO_LENGTH_ALLOWED = 1n << 30n;
const MOST_LENGTH = 15n;

/** The type of the injected event, or `reserved` if there is none. */
export function injectedType(): u64 {
  const event = vmread(Field.entryInterruptionInformation);
  return has(event, VALID) ? (event >> TYPE_SHIFT) & TYPE_MASK : Type.reserved;
}

export function injectsExternalInterrupt(): boolean {
  return injectedType() === Type.externalInterrupt;
}

export function injectsNmi(): boolean {
  return injectedType() === Type.nmi;
}

/** Whether a guest in this activity state may receive the injected event, if any (SDM 3C 26.3.1.5). */
export function canWake(activity: u64): boolean {
  const vector = vmread(Field.entryInterruptionInformation) & VECTOR;
  const type = injectedType();
  if (type === Type.reserved) return true;
  const isMachineCheck = type === Type.hardwareException && vector === MACHINE_CHECK;
  if (activity === Activity.shutDown) return type === Type.nmi || isMachineCheck;
  if (activity !== Activity.halted) return false;
  const isDebug = type === Type.hardwareException && vector === DEBUG;
  return isMachineCheck || isDebug || type === Type.externalInterrupt || type === Type.nmi || type === Type.other;
}

export function checkEvent(): void {
  const event = vmread(Field.entryInterruptionInformation);
  if (!has(event, VALID)) return;
  const type = (event >> TYPE_SHIFT) & TYPE_MASK;
  const vector = event & VECTOR;
  rule(type !== Type.reserved, 'an event of a type that exists');
  if (type === Type.nmi) rule(vector === NMI_VECTOR, 'vector 2 for an NMI');
  if (type === Type.hardwareException) rule(vector <= LAST_EXCEPTION, 'a vector below 32 for an exception');
  if (type === Type.other) rule(vector === 0n, 'vector 0 for an event of type 7');
  rule(!has(event, RESERVED), 'an event with bits 30:12 clear');
  checkErrorCode(event, type, vector);
  if (type >= Type.softwareInterrupt && type <= Type.softwareException) checkLength();
}

/**
 * Checks the error code. In real mode no exception has one. Newer processors allow any other exception with or without
 * one (SDM 3D, A.1).
 */
function checkErrorCode(event: u64, type: u64, vector: u64): void {
  const inRealMode = isUnrestrictedGuest() && !has(vmread(Field.guestCr0), CR0_PE);
  const hasCode = vector <= LAST_EXCEPTION && has(WITH_ERROR_CODE >> (vector & LAST_EXCEPTION), 1n);
  const delivers = has(event, DELIVERS_ERROR_CODE);
  const should = type === Type.hardwareException && hasCode && !inRealMode;
  const isFree = type === Type.hardwareException && !inRealMode && has(rdmsr(VMX_BASIC), ERROR_CODES_ARE_FREE);
  rule(delivers || !should || isFree, 'an error code for an exception that has one');
  rule(!delivers || should || isFree, 'no error code for an event that has none');
  if (delivers) rule(!has(vmread(Field.entryErrorCode), ERROR_CODE_RESERVED), 'an error code with bits 31:16 clear');
}

function checkLength(): void {
  const length = vmread(Field.entryInstructionLength);
  const least = has(rdmsr(VMX_MISC), ZERO_LENGTH_ALLOWED) ? 0n : 1n;
  rule(length >= least && length <= MOST_LENGTH, 'an instruction length of 1 to 15 for a software event');
}
