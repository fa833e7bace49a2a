/** INIT and SIPI, which leave the guest on VT-x (SDM 3C 25.2). */
import { local, u32, u64 } from '../../transpiler/lib/index.js';
import { resetMachine } from '../report/reset.js';
import { ProcessorState, startAtVector } from '../vcpu/state.js';
import type { Vcpu } from '../vcpu/vcpu.js';
import { setGuestState } from './guestState.js';
import { forgetNmi } from './nmi.js';
import { vmread, vmwrite } from './operations.js';
import { Activity, Field } from './vmcs.js';

/** Exit qualification of a SIPI. */
const VECTOR = 0xffn;
/** Interruptibility (SDM 3C, table 24-3): Bochs 2.7 sets it at exits for INIT, and no entry may follow with it. */
const BLOCKED_BY_SMI = 1n << 2n;

/**
 * The first processor starts at the reset vector on the bare machine. Any other one waits for a SIPI from now on, and
 * soon: one that comes before is lost. What else an INIT resets can wait for the SIPI, too.
 */
export function onInit(vcpu: Vcpu): void {
  if (vcpu.number === 0) resetMachine();
  if (isLate(vcpu)) {
    vmwrite(Field.guestInterruptibility, vmread(Field.guestInterruptibility) & u64(~BLOCKED_BY_SMI));
    return;
  }
  forgetNmi(vcpu);
  vcpu.mailbox.runsGuest = 0;
  vmwrite(Field.guestInterruptibility, 0n);
  vmwrite(Field.guestPendingDebug, 0n);
  vmwrite(Field.guestActivity, Activity.waitsForSipi);
}

/** Bochs 2.7 holds back an INIT that came while the processor waited for a SIPI, and lets it follow that. */
function isLate(vcpu: Vcpu): boolean {
  const isFirst = vcpu.justStarted;
  vcpu.justStarted = false;
  return isFirst && vmread(Field.guestRip) === 0n;
}

/** The processor starts, as after an INIT, at the page that the SIPI names. */
export function onSipi(vcpu: Vcpu): void {
  const state = local(ProcessorState);
  startAtVector(state, vcpu.registers, u32(vmread(Field.exitQualification) & VECTOR));
  setGuestState(state);
  vcpu.justStarted = true;
  vcpu.mailbox.runsGuest = 1;
}
