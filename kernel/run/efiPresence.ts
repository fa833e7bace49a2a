/** Detects that a tsvm already runs, and has started this image again as its guest. */
import { cpuid } from '../../transpiler/lib/index.js';
import { endLine, print } from '../report/console.js';
import { hypercallAnswers } from '../handover/efiCalls.js';
import { Leaf } from '../x86/cpuid.js';

/** CPUID Fn0000_0000 EBX: "Auth" of AMD and "Hygo" of Hygon, whose guests use VMMCALL. */
const AMD = 0x6874_7541;
const HYGON = 0x6f67_7948;

/**
 * Whether a hypervisor of this kind already runs; if so, prints it. The proof is the answer to a hypercall
 * (docs/hypercall.md, function 0), which raises #UD on a machine without a hypervisor. A mark in memory, or a protocol
 * of the firmware, would be no proof: any program could leave one and so keep the hypervisor out.
 */
export function isPresent(): boolean {
  const name = cpuid(Leaf.vendor, 0).ebx;
  if (!hypercallAnswers(name === AMD || name === HYGON)) return false;
  print('this is the guest of a tsvm that runs already: the firmware goes on with its next boot option');
  endLine();
  return true;
}
