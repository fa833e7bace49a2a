/** Checks whether this processor can run a guest on VT-x. */
import { cpuid, tryRdmsr, u32 } from '../../../transpiler/lib/index.js';
import { fail } from '../../report/fail.js';
import { chooseControls } from './controls.js';
import { checkEntryFormat } from './entryFormat.js';
import { FEATURE_CONTROL, FEATURE_CONTROL_LOCKED, FEATURE_CONTROL_VMX } from './registers.js';
import { Leaf } from '../../x86/cpuid.js';

/** CPUID 1 (SDM 2A, CPUID). */
const ECX_VMX = 1 << 5;

/** Message for a processor on which the firmware has disabled VT-x. */
export const SWITCHED_OFF = 'Intel VT-x is switched off by the firmware (IA32_FEATURE_CONTROL): enable it in the setup';

/** Whether the processor has VMX. */
export function vmxExists(): boolean {
  const features = cpuid(Leaf.features, 0);
  return u32(features.ecx & ECX_VMX) !== 0;
}

/** Stops start-up with a message if the firmware has disabled VMX, or if a feature that a guest needs is missing. */
export function vmxCheck(): void {
  const control = tryRdmsr(FEATURE_CONTROL);
  const setting = control.value & (FEATURE_CONTROL_LOCKED | FEATURE_CONTROL_VMX);
  if (setting === FEATURE_CONTROL_LOCKED) {
    fail(SWITCHED_OFF);
  }
  chooseControls();
  checkEntryFormat();
}
