/** Records the parts of the guest as a loader gives them one by one. */
import { requires, type Hpa, type u32 } from '../../../transpiler/lib/index.js';
import { bootInfo, GUEST_PARTS } from '../../handover/bootInfo.js';
import { refusePart } from './refuse.js';

/** Records where a part of the guest lies. Stops start-up if the part is empty or was given before. */
export function givePart(number: u32, start: Hpa, end: Hpa): void {
  requires(number < GUEST_PARTS);
  const part = bootInfo.parts.at(number);
  if (part.end !== 0n) refusePart(number, 'it is given twice');
  if (end <= start) refusePart(number, 'it is empty');
  part.start = start;
  part.end = end;
}
