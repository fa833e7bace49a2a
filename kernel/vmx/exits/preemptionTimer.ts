/**
 * The VMX-preemption timer (SDM 3C 25.5.1): causes a VM exit when the first task of the timer queue is due. It counts
 * down in the guest only and restarts at each VM entry, so while it is armed each VM exit sets it to the remaining
 * time. It stops in sleep states deeper than C2.
 */
import { at, instance, min64, rdmsr, struct, subSat64, u32, U64, u64 } from '../../../transpiler/lib/index.js';
import { measureTscFrequency } from '../../time/calibration.js';
import { clockFrequency, clockRound, clockSource, ClockSource, MOST_FREQUENCY, readClock } from '../../time/clock.js';
import { nextDeadline, NEVER } from '../../time/timerQueue.js';
import { readTimestamp } from '../../time/timestamp.js';
import { runDueTimers, startTasks } from './timers.js';
import type { Vcpu } from '../../vcpu/vcpu.js';
import { ExitReason, NO_REASON } from '../control/exitReason.js';
import { deliverNmi } from './nmi.js';
import { vmwrite } from '../control/operations.js';
import { VMX_MISC } from '../control/registers.js';
import { chosenSetting, Controls } from '../control/settings.js';
import { Field } from '../control/vmcs.js';

/** Pin-based control (SDM 3C, table 24-5). */
const ACTIVATE_TIMER = 1 << 6;
/** VMX_MISC[4:0], the timer's rate: it counts down when this bit of the time-stamp counter changes. */
const RATE = 0x1fn;
const MOST_COUNTS = 0xffff_ffffn;
/** Longest wait in counts of a clock other than the time-stamp counter (2 minutes), so that products fit in 64 bits. */
const LONGEST_WAIT = 0x1fff_ffffn;

const PreemptionTimer = struct(
  'PreemptionTimer',
  { size: 16 },
  {
    /** Rate of the time-stamp counter, measured if that is not the clock. */
    tscFrequency: at(0, U64),
    rate: at(8, U64),
  },
);
const timer = instance(PreemptionTimer);

/** Starts the tasks that the options ask for, before the first VM entry. */
export function startPreemptionTimer(vcpu: Vcpu): void {
  timer.rate = rdmsr(VMX_MISC) & RATE;
  if (clockSource() !== ClockSource.tsc) timer.tscFrequency = measureTscFrequency();
  startTasks();
  armPreemptionTimer(vcpu);
  reloadPreemptionTimer(vcpu);
}

/** Arms the timer for the first task that is due, or switches it off if there is none. */
export function armPreemptionTimer(vcpu: Vcpu): void {
  const deadline = nextDeadline();
  if (deadline === NEVER) {
    stopPreemptionTimer(vcpu);
    return;
  }
  const wait = min64(subSat64(deadline, readClock()), clockRound() / 2n);
  vcpu.vmx.quickReason = NO_REASON;
  vcpu.vmx.timerEnd = u64(readTimestamp() + tscCounts(wait));
  vmwrite(Field.pinControls, u64(u32(chosenSetting(Controls.pin) | ACTIVATE_TIMER)));
}

function stopPreemptionTimer(vcpu: Vcpu): void {
  vcpu.vmx.timerEnd = 0n;
  vcpu.vmx.quickReason = ExitReason.cpuid;
  vmwrite(Field.pinControls, u64(chosenSetting(Controls.pin)));
}

/**
 * Sets the timer to the remaining time before a VM entry, slightly more so that it never ends early. Tasks that are
 * already due run at once: a guest that exits again before it has executed anything would never reach the timer's end.
 */
export function reloadPreemptionTimer(vcpu: Vcpu): void {
  if (readTimestamp() >= vcpu.vmx.timerEnd) {
    runDueTimers();
    armPreemptionTimer(vcpu);
  }
  const left = subSat64(vcpu.vmx.timerEnd, readTimestamp());
  const rate = timer.rate & RATE;
  vmwrite(Field.preemptionTimer, min64(u64((left >> rate) + 1n), MOST_COUNTS));
}

/** Handles the end of the timer, for a task or for an NMI. The task runs when the timer is set again. */
export function onPreemptionTimer(vcpu: Vcpu): void {
  if (vcpu.vmx.timerEnd === 0n) stopPreemptionTimer(vcpu);
  deliverNmi(vcpu);
}

/** Converts `counts` of the clock, at most the longest wait, to counts of the time-stamp counter. */
function tscCounts(counts: u64): u64 {
  if (clockSource() === ClockSource.tsc) return counts;
  const frequency = clockFrequency();
  return frequency === 0n ? 0n : (min64(counts, LONGEST_WAIT) * min64(timer.tscFrequency, MOST_FREQUENCY)) / frequency;
}
