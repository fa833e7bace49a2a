/**
 * The settings of the VM-execution, exit and entry controls: which the processor allows (SDM 3D, A.2 to A.5), and
 * which are chosen of these. All that the hypervisor asks of the capability MSRs of the controls is asked here.
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
    /** These bits cannot be 0. */
    forced: at(0, U32),
    /** Only these bits can be 1. */
    allowed: at(4, U32),
    chosen: at(8, U32),
  },
);
const settings = instance(arr(Setting, WORDS));

const capabilities = list(U32, [VMX_PIN, VMX_PRIMARY, VMX_EXIT, VMX_ENTRY, VMX_SECONDARY]);
/** Where VMX_BASIC[55] is set, these tell of controls, too, that once had to be 1. */
const trueCapabilities = list(U32, [VMX_TRUE_PIN, VMX_TRUE_PRIMARY, VMX_TRUE_EXIT, VMX_TRUE_ENTRY, VMX_SECONDARY]);
const HAS_TRUE_CAPABILITIES = 1n << 55n;
/** Primary control: the secondary controls count. Without it their capability MSR does not exist. */
const ACTIVATE_SECONDARY = 0x8000_0000;

/** Reads what is allowed; chosen is what cannot be otherwise. */
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

/** The low half has the bits that must be 1, the high half those that may be. */
function readSetting(word: u32, capability: u32): void {
  requires(word < WORDS);
  const value = rdmsr(capability);
  const setting = settings.at(word);
  setting.forced = u32(value);
  setting.allowed = u32(value >> 32n);
  setting.chosen = u32(value);
}

/** Whether the control `bit` can be 1. */
export function allows(word: Controls, bit: u32): boolean {
  return u32(settings.at(word).allowed & bit) !== 0;
}

/** Sets `bit` where that is allowed. */
export function want(word: Controls, bit: u32): void {
  const setting = settings.at(word);
  setting.chosen = u32(setting.chosen | (setting.allowed & bit));
}

/** Sets `bit`; stops start-up where that is not allowed, with a line that names the feature. */
export function demand(word: Controls, bit: u32, feature: string): void {
  if (!allows(word, bit)) refuse('without ', feature);
  want(word, bit);
}

/** Stops start-up where `bit` has to be 1, which makes the guest leave for `reason`. */
export function demandAbsent(word: Controls, bit: u32, reason: string): void {
  if (u32(settings.at(word).forced & bit) !== 0) refuse('that leaves the guest for ', reason);
}

/** Whether `bit` is chosen. */
export function isChosen(word: Controls, bit: u32): boolean {
  return u32(settings.at(word).chosen & bit) !== 0;
}

/** What to write to the VMCS. */
export function chosenSetting(word: Controls): u32 {
  return settings.at(word).chosen;
}

/** Stops start-up: this is not the VT-x that tsvm can use. */
export function refuse(relation: string, feature: string): never {
  beginLine();
  print('this processor has Intel VT-x ');
  print(relation);
  print(feature);
  stop();
}
