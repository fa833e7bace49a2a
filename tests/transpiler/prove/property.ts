/** Properties that hold of generated values, as one assertion each. */
import fc from 'fast-check';
import type { Test as Tap } from 'tap';

export function always<T>(t: Tap, property: fc.IProperty<T>, numRuns = 500): void {
  const details = fc.check(property, { numRuns });
  t.notOk(details.failed, `${details.numRuns} runs`, { report: fc.defaultReportMessage(details) });
}
