/** Whether this processor can run a guest. */
import { cpuid, tryRdmsr, u32 } from '../../../transpiler/lib/index.js';
import { fail } from '../../report/fail.js';
import { chooseControls } from './controls.js';
import { checkEntryFormat } from './entryFormat.js';
import { FEATURE_CONTROL, FEATURE_CONTROL_LOCKED, FEATURE_CONTROL_VMX } from './registers.js';

/** CPUID 1 (SDM 2A, CPUID). */
const FEATURES = 1;
const ECX_VMX = 1 << 5;

/** The line for a processor with which that is so. */
export const SWITCHED_OFF = 'Intel VT-x is switched off by the firmware (IA32_FEATURE_CONTROL): enable it in the setup';

/** Whether the processor has VMX at all. */
export function vmxExists(): boolean {
  const features = cpuid(FEATURES, 0);
  return u32(features.ecx & ECX_VMX) !== 0;
}

/** Stops with one line where the firmware has switched VMX off, or a feature is missing that a guest needs. */
export function vmxCheck(): void {
  const control = tryRdmsr(FEATURE_CONTROL);
  const setting = control.value & (FEATURE_CONTROL_LOCKED | FEATURE_CONTROL_VMX);
  if (setting === FEATURE_CONTROL_LOCKED) {
    fail(SWITCHED_OFF);
  }
  chooseControls();
  checkEntryFormat();
}
