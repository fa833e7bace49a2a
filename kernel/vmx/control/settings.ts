/**
 * The settings of the VM-execution, VM-exit and VM-entry controls: what the processor allows (SDM 3D, A.2 to A.5), and
 * what is chosen. The capability MSRs of the controls are read only here.
 */
import { arr, at, instance, list, rdmsr, requires, struct, U32, u32 } from '../../../transpiler/lib/index.js';
import { beginLine, print } from '../../report/console.js';
import { stop } from '../../report/fail.js';
import {
  VMX_BASIC,
  VMX_ENTRY,
  VMX_EXIT,
  VMX_PIN,
  VMX_PRIMARY,
  VMX_SECONDARY,
  VMX_TRUE_ENTRY,
  VMX_TRUE_EXIT,
  VMX_TRUE_PIN,
  VMX_TRUE_PRIMARY,
} from './registers.js';

/** The five words of controls. */
export const Controls = { pin: 0, primary: 1, exit: 2, entry: 3, secondary: 4 } as const;
export type Controls = (typeof Controls)[keyof typeof Controls];
const WORDS = 5;

const Setting = struct(
  'Setting',
  { size: 12 },
  {
    /** Bits that must be 1. */
    forced: at(0, U32),
    /** Bits that may be 1. */
    allowed: at(4, U32),
    chosen: at(8, U32),
  },
);
const settings = instance(arr(Setting, WORDS));

const capabilities = list(U32, [VMX_PIN, VMX_PRIMARY, VMX_EXIT, VMX_ENTRY, VMX_SECONDARY]);
/** Capability MSRs used if VMX_BASIC[55] is set: they also tell which controls may be 0 that once had to be 1. */
const trueCapabilities = list(U32, [VMX_TRUE_PIN, VMX_TRUE_PRIMARY, VMX_TRUE_EXIT, VMX_TRUE_ENTRY, VMX_SECONDARY]);
const HAS_TRUE_CAPABILITIES = 1n << 55n;
/** Primary control that activates the secondary controls. Without it their capability MSR does not exist. */
const ACTIVATE_SECONDARY = 0x8000_0000;

/** Reads what is allowed, and chooses only the bits that must be 1. */
export function readAllowedSettings(): void {
  const hasTrue = (rdmsr(VMX_BASIC) & HAS_TRUE_CAPABILITIES) !== 0n;
  for (let word: u32 = 0; word < Controls.secondary; word++) {
    readSetting(word, hasTrue ? trueCapabilities.get(word) : capabilities.get(word));
  }
  if (allows(Controls.primary, ACTIVATE_SECONDARY)) {
    readSetting(Controls.secondary, VMX_SECONDARY);
    want(Controls.primary, ACTIVATE_SECONDARY);
  }
}

/** Reads one capability MSR: the low half has the bits that must be 1, the high half those that may be 1. */
function readSetting(word: u32, capability: u32): void {
  requires(word < WORDS);
  const value = rdmsr(capability);
  const setting = settings.at(word);
  setting.forced = u32(value);
  setting.allowed = u32(value >> 32n);
  setting.chosen = u32(value);
}

/** Whether the control `bit` may be 1. */
export function allows(word: Controls, bit: u32): boolean {
  return u32(settings.at(word).allowed & bit) !== 0;
}

/** Sets `bit` if it may be 1. */
export function want(word: Controls, bit: u32): void {
  const setting = settings.at(word);
  setting.chosen = u32(setting.chosen | (setting.allowed & bit));
}

/** Sets `bit`. If it may not be 1, stops start-up with a message that names the feature. */
export function demand(word: Controls, bit: u32, feature: string): void {
  if (!allows(word, bit)) refuse('without ', feature);
  want(word, bit);
}

/** Stops start-up if `bit` must be 1, which would cause VM exits for `reason`. */
export function demandAbsent(word: Controls, bit: u32, reason: string): void {
  if (u32(settings.at(word).forced & bit) !== 0) refuse('that forces VM exits for ', reason);
}

/** Whether `bit` is chosen. */
export function isChosen(word: Controls, bit: u32): boolean {
  return u32(settings.at(word).chosen & bit) !== 0;
}

/** The chosen value of a word, for the VMCS. */
export function chosenSetting(word: Controls): u32 {
  return settings.at(word).chosen;
}

/** Stops start-up: tsvm cannot use this processor's VT-x. */
export function refuse(relation: string, feature: string): never {
  beginLine();
  print('this processor has Intel VT-x ');
  print(relation);
  print(feature);
  stop();
}
