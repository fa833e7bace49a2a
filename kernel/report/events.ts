/** What the guest tried and was not allowed: counted, and the first of each kind are logged. */
import { arr, at, instance, list, STRING, struct, U64, u64 } from '../../transpiler/lib/index.js';
import { beginLine, endLine, print, printHex, releaseConsole, takeConsole } from './console.js';

export const Event = {
  virtualizationInstruction: 0,
  svmEnable: 1,
  hostSaveWrite: 2,
  hiddenMemory: 3,
  fixedMsr: 4,
  microcode: 5,
  apicAccess: 6,
  apicIdentity: 7,
  interruptMessage: 8,
  refusedMsr: 9,
  fixedMsrBits: 10,
  sleep: 11,
  portString: 12,
  heldInit: 13,
} as const;
export type Event = (typeof Event)[keyof typeof Event];

const EVENT_KINDS = 14;
/** A guest may repeat itself for ever; the log is for the first few. */
const LOGGED_OF_EACH_KIND = 8n;

const descriptions = list(STRING, [
  'the guest executed a virtualization instruction, exit code ',
  'the guest wrote EFER.SVME, value ',
  'the guest wrote VM_HSAVE_PA, value ',
  'the guest reached for hidden memory at ',
  'the guest tried to change what the firmware decides, MSR ',
  'the guest tried to load microcode from ',
  'the guest wrote to its local APIC by an instruction that is not known, address ',
  'the guest tried to renumber its local APIC, register ',
  'the guest wrote a message that resets or starts a processor to ',
  'the guest accessed an MSR that it does not have, ',
  'the guest tried to change bits that stay as they are, MSR ',
  'the guest asked for a sleep state that it does not have, SLP_TYP and SLP_EN ',
  'the guest used a string instruction on a port that is intercepted, ',
  'an INIT came that the ICR did not send, and its processor stands still, number ',
]);

const Events = struct('Events', { size: 112 }, { counts: at(0, arr(U64, EVENT_KINDS)) });
const events = instance(Events);

/** How often `event` happened. */
export function eventCount(event: Event): u64 {
  return events.counts.get(event);
}

/** Counts `event`; `detail` is what its description ends with, `rip` where the guest was. */
export function recordEvent(event: Event, detail: u64, rip: u64): void {
  takeConsole();
  const count = u64(events.counts.get(event) + 1n);
  events.counts.set(event, count);
  if (count <= LOGGED_OF_EACH_KIND) logEvent(event, count, detail, rip);
  releaseConsole();
}

function logEvent(event: Event, count: u64, detail: u64, rip: u64): void {
  beginLine();
  print('event: ');
  print(descriptions.get(event));
  printHex(detail);
  print(' at ');
  printHex(rip);
  if (count === LOGGED_OF_EACH_KIND) print('; more of these are not logged');
  endLine();
}
