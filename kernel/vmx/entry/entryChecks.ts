/** Explains why a VM entry failed. The processor itself gives a number at best, and none for the guest state. */
import { endLine, print } from '../../report/console.js';
import { brokenRules, forgetFindings } from '../../report/entryRules.js';
import { checkActivity } from './entryChecksActivity.js';
import { checkControls } from './entryChecksControls.js';
import { checkEvent } from './entryChecksEvent.js';
import { checkGuestRegisters } from './entryChecksGuest.js';
import { checkHostState } from './entryChecksHost.js';
import { checkSegments } from './entryChecksSegments.js';

/**
 * Prints a line for each rule of SDM 3C 26.2 and 26.3 that the current VMCS breaks, in an order in which the processor
 * may check them.
 */
export function explainEntryFailure(): void {
  forgetFindings();
  checkControls();
  checkEvent();
  checkHostState();
  checkGuestRegisters();
  checkSegments();
  checkActivity();
  if (brokenRules() !== 0) return;
  print('no rule for VM entries is broken that this hypervisor knows');
  endLine();
}
