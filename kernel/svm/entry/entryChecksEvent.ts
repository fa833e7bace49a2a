/** The rules for the event that VMRUN injects (APM 2, 15.20). */
import type { u64 } from '../../../transpiler/lib/index.js';
import { has, rule } from '../../report/entryRules.js';
import { CR0_PE } from '../../x86/registers.js';
import { EVENT_VALID, Exception, isException } from '../control/inject.js';
import { CodeSize } from '../../instruction/code.js';
import { codeSize } from '../control/guestCode.js';
import type { Vmcb } from '../control/vmcb.js';

const VECTOR = 0xffn;
const TYPE_SHIFT = 8n;
const TYPE_MASK = 7n;
const Type = { interrupt: 0n, nmi: 2n, exception: 3n, software: 4n } as const;
const HAS_ERROR_CODE = 1n << 11n;
const RESERVED = 0x7fff_f000n;
/** #DF, #TS, #NP, #SS, #GP, #PF, #AC, #CP, #VC and #SX have an error code (APM 2, 8.2). */
const WITH_ERROR_CODE = 0x6022_7d00n;
const BOUND_RANGE = 5n;

export function checkInjectedEvent(vmcb: Vmcb): void {
  const event = vmcb.eventInj;
  if (!has(event, EVENT_VALID)) return;
  const type = (event >> TYPE_SHIFT) & TYPE_MASK;
  const isKnown = type === Type.interrupt || type === Type.nmi || type === Type.exception || type === Type.software;
  rule(isKnown, 'an event of a type that exists');
  rule(!has(event, RESERVED), 'an event with bits 30:12 clear');
  checkErrorCode(vmcb, event, type);
  if (type === Type.exception) checkException(vmcb, event & VECTOR);
}

/** Checks the error code. Real mode has none, and a processor may refuse an event that the guest's mode lacks. */
function checkErrorCode(vmcb: Vmcb, event: u64, type: u64): void {
  if (!has(event, HAS_ERROR_CODE)) return;
  rule(has(vmcb.cr0, CR0_PE), 'no error code in real mode');
  const hasCode = isException(event & VECTOR) && has(WITH_ERROR_CODE >> (event & 31n), 1n);
  rule(type === Type.exception && hasCode, 'no error code for an event that has none');
}

function checkException(vmcb: Vmcb, vector: u64): void {
  rule(isException(vector), 'the vector of an exception for one');
  const isAbsent = vector === Exception.overflow || vector === BOUND_RANGE;
  rule(!isAbsent || codeSize(vmcb) !== CodeSize.bits64, 'no #OF or #BR in 64-bit code');
}
