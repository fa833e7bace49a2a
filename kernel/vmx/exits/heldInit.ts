/**
 * A fault of Bochs 2.7: an INIT that has left the guest stays pending, and leaves it again at each entry, until it resets
 * the processor. There it is allowed to, and the first processor, which looks for that as long as the machine runs, sends
 * a SIPI that leads to the hypervisor again.
 */
import {
  at,
  BOOL,
  haltForever,
  instance,
  pause,
  requires,
  struct,
  u64,
  type u32,
  window,
} from '../../../transpiler/lib/index.js';
import { rsdpAddress } from '../../machine/acpi.js';
import { sendStartup } from '../../machine/localApic.js';
import { MAX_PROCESSORS, processorCount } from '../../machine/madt.js';
import { isVirtualMachine } from '../../x86/virtualMachine.js';
import { countsOf, readClock } from '../../time/clock.js';
import { addTimer, Task } from '../../time/timerQueue.js';
import { vcpuOf } from '../../vcpu/processors.js';
import { trampolineVector } from '../../space/trampoline.js';
import type { Vcpu } from '../../vcpu/vcpu.js';
import { vmxoff } from '../control/operations.js';

/** "BOCHS ": who made the ACPI tables. */
const MAKER = 9;
const BOCHS = 0x4843_4f42;
const BOCHS_END = 0x2053;
const RSDP_BYTES = 20;

/** So long after the first SIPI the second one has come, which must not start the processor in the guest. */
const SECOND_SIPI_MICROSECONDS = 10_000;
/** Between two looks at who was reset: guests wait longer than two of these for a processor. */
const PERIOD_MICROSECONDS = 10_000;

const HeldInit = struct('HeldInit', { size: 1 }, { isHeld: at(0, BOOL) });
const fault = instance(HeldInit);

/** Finds out whether this machine has the fault, and processors to start. */
export function findHeldInit(): boolean {
  fault.isHeld = processorCount() > 1 && isBochs();
  return fault.isHeld;
}

/** Whether it has. */
export function holdsInits(): boolean {
  return fault.isHeld;
}

function isBochs(): boolean {
  const rsdp = window(rsdpAddress(), RSDP_BYTES);
  // Other emulators use its tables, too.
  return !isVirtualMachine() && rsdp.u32(MAKER) === BOCHS && rsdp.u16(MAKER + 4) === BOCHS_END;
}

/** Lets the INIT that is pending reset this processor, when the guest has sent the last SIPI of its start. */
export function takeHeldInit(vcpu: Vcpu): never {
  const end = u64(readClock() + countsOf(SECOND_SIPI_MICROSECONDS));
  while (readClock() < end) pause();
  vcpu.vmx.mailbox.wantsStart = 1;
  vmxoff();
  return haltForever();
}

/** Begins to look for processors that were reset. */
export function watchResets(): void {
  addTimer(Task.restart, u64(readClock() + countsOf(PERIOD_MICROSECONDS)));
}

/** Has them start, and looks again later. */
export function restartProcessors(now: u64): void {
  const count = processorCount();
  for (let number: u32 = 0; number < count; number++) restart(number);
  addTimer(Task.restart, u64(now + countsOf(PERIOD_MICROSECONDS)));
}

function restart(number: u32): void {
  requires(number < MAX_PROCESSORS);
  const vcpu = vcpuOf(number);
  if (vcpu.vmx.mailbox.wantsStart !== 0) sendStartup(vcpu.apicId, trampolineVector());
}
