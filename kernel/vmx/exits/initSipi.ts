/** INIT and SIPI, which leave the guest on VT-x (SDM 3C 25.2). */
import { local, u32 } from '../../../transpiler/lib/index.js';
import { resetMachine } from '../../report/reset.js';
import { standStillIfEnded } from '../../x86/end.js';
import { CR0_CD, CR0_NW } from '../../x86/registers.js';
import { ProcessorState, startAtVector } from '../../vcpu/state.js';
import type { Vcpu } from '../../vcpu/vcpu.js';
import { setGuestState } from './guestState.js';
import { holdsInits, takeHeldInit } from './heldInit.js';
import { forgetNmi } from './nmi.js';
import { vmread, vmwrite } from '../control/operations.js';
import { Activity, Field } from '../control/vmcs.js';

/** Exit qualification of a SIPI. */
const VECTOR = 0xffn;

/**
 * The first processor starts at the reset vector on the bare machine. Any other one waits for a SIPI from now on, and
 * soon: one that comes before is lost. What else an INIT resets can wait for the SIPI, too.
 */
export function onInit(vcpu: Vcpu): void {
  standStillIfEnded();
  if (vcpu.number === 0) resetMachine();
  const isFirst = vcpu.vmx.justStarted;
  vcpu.vmx.justStarted = false;
  if (isFirst && holdsInits()) takeHeldInit(vcpu);
  forgetNmi(vcpu);
  vmwrite(Field.guestInterruptibility, 0n);
  vmwrite(Field.guestPendingDebug, 0n);
  vmwrite(Field.guestActivity, Activity.waitsForSipi);
}

/** The processor starts, as after an INIT, at the page that the SIPI names. */
export function onSipi(vcpu: Vcpu): void {
  standStillIfEnded();
  const vector = u32(vmread(Field.exitQualification) & VECTOR);
  forgetNmi(vcpu);
  vcpu.vmx.startVector = vector;
  startGuestAt(vcpu, vector);
  vcpu.vmx.justStarted = true;
}

/** The guest of `vcpu`, whose VMCS is current, starts anew at the page `vector`. */
export function startGuestAt(vcpu: Vcpu, vector: u32): void {
  const state = local(ProcessorState);
  startAtVector(state, vcpu.registers, vector);
  state.cr0 = state.cr0 | (vmread(Field.guestCr0) & (CR0_CD | CR0_NW)); // an INIT leaves them (SDM 3A, table 9-1)
  setGuestState(state);
}
