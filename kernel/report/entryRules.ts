/** Rules that a processor has for entering the guest, told where they do not hold: for crash reports, and for tests. */
import { at, instance, struct, u32, U32, type u64 } from '../../transpiler/lib/index.js';
import { beginLine, endLine, print } from './console.js';

const Findings = struct('EntryFindings', { size: 4 }, { broken: at(0, U32) });
const findings = instance(Findings);

export function forgetFindings(): void {
  findings.broken = 0;
}

/** How many rules have not held since `forgetFindings`. */
export function brokenRules(): u32 {
  return findings.broken;
}

/** Prints `text`, which says what must be, where it is not so. */
export function rule(holds: boolean, text: string): void {
  if (holds) return;
  findings.broken = u32(findings.broken + 1);
  beginLine();
  print('VM entry needs: ');
  print(text);
  endLine();
}

/** Whether one of `bits` is 1. */
export function has(value: u64, bits: u64): boolean {
  return (value & bits) !== 0n;
}
