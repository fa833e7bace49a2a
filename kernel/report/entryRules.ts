/** Reports which of the processor's rules for VM entry are broken, in crash reports and in tests. */
import { at, instance, struct, u32, U32, type u64 } from '../../transpiler/lib/index.js';
import { beginLine, endLine, print } from './console.js';

const Findings = struct('EntryFindings', { size: 4 }, { broken: at(0, U32) });
const findings = instance(Findings);

export function forgetFindings(): void {
  findings.broken = 0;
}

/** The number of broken rules since forgetFindings(). */
export function brokenRules(): u32 {
  return findings.broken;
}

/** Prints `text`, a rule of VM entry, if it does not hold. */
export function rule(holds: boolean, text: string): void {
  if (holds) return;
  findings.broken = u32(findings.broken + 1);
  beginLine();
  print('VM entry needs: ');
  print(text);
  endLine();
}

/** Whether at least one of `bits` is set in `value`. */
export function has(value: u64, bits: u64): boolean {
  return (value & bits) !== 0n;
}
