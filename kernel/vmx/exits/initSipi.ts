/** INIT and SIPI, which cause VM exits on VT-x (SDM 3C 25.2). */
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

/** Exit qualification of a SIPI: its vector. */
const VECTOR = 0xffn;

/**
 * Handles an INIT. The BSP resets the machine: on the bare machine it would start at the reset vector. Any other
 * processor waits for a SIPI, as soon as possible, because a SIPI that arrives earlier is lost. The rest of what an
 * INIT resets can wait until the SIPI.
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

/** Starts the processor as after an INIT, at the page that the SIPI names. */
export function onSipi(vcpu: Vcpu): void {
  standStillIfEnded();
  const vector = u32(vmread(Field.exitQualification) & VECTOR);
  forgetNmi(vcpu);
  vcpu.vmx.startVector = vector;
  startGuestAt(vcpu, vector);
  vcpu.vmx.justStarted = true;
}

/** Restarts the guest of `vcpu`, whose VMCS is current, at page `vector`. */
export function startGuestAt(vcpu: Vcpu, vector: u32): void {
  const state = local(ProcessorState);
  startAtVector(state, vcpu.registers, vector);
  state.cr0 = state.cr0 | (vmread(Field.guestCr0) & (CR0_CD | CR0_NW)); // an INIT keeps them (SDM 3A, table 9-1)
  setGuestState(state);
}
