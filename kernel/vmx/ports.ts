import { u64 } from '../../transpiler/lib/index.js';
import type { Vcpu } from '../vcpu/vcpu.js';
import { USE_IO_BITMAPS } from './controls.js';
import { vmread, vmwrite } from './operations.js';
import { Field } from './vmcs.js';

/**
 * An access to ports that goes beyond FFFFH, which leaves the guest whatever the bitmaps say (SDM 3C 25.1.3). Nobody
 * watches a port, so the processor of this guest does without bitmaps from now on, and the guest does it again.
 */
export function onPort(_vcpu: Vcpu): void {
  vmwrite(Field.primaryControls, vmread(Field.primaryControls) & u64(~u64(USE_IO_BITMAPS)));
}
