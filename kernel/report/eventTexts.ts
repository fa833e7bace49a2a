/** The log's text for each event. `npm run docs` generates this file from the comments in observe/events.ts. */
import { list, STRING } from '../../transpiler/lib/index.js';

export const LAST_EVENT = 16;
export const eventTexts = list(STRING, [
  'the guest executed a virtualization instruction, exit code',
  'the guest wrote EFER.SVME, value',
  'the guest wrote VM_HSAVE_PA, value',
  'the guest reached for hidden memory at',
  'the guest tried to change what the firmware decides, MSR',
  'the guest tried to load microcode from',
  'the guest accessed its local APIC where or as no register is, address',
  'the guest tried to renumber its local APIC, register',
  'the guest wrote a message that resets or starts a processor to',
  'the guest accessed an MSR that it does not have,',
  'the guest tried to change bits that stay as they are, MSR',
  'the guest asked for a sleep state that it does not have, SLP_TYP and SLP_EN',
  'the guest used a string instruction on a port that is intercepted,',
  'an INIT came that the ICR did not send, and its processor stands still, number',
  'the guest accessed registers of a device by an instruction that is not known, first bytes',
  'the guest accessed registers of a device across the border of their page, address',
  'the guest executed registers of a device, address',
]);
