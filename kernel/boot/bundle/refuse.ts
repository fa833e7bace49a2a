/** Ends start-up with a line that names the faulty part of the guest. */
import { list, requires, STRING, type u32 } from '../../../transpiler/lib/index.js';
import { beginLine, print } from '../../report/console.js';
import { fail, stop } from '../../report/fail.js';
import { GUEST_PARTS } from '../../handover/bootInfo.js';

/** The names of the parts in messages. */
const NAMES = list(STRING, ['kernel', 'initrd']);

/** Ends start-up with `the guest's kernel: reason`. */
export function refusePart(part: u32, reason: string): never {
  requires(part < GUEST_PARTS);
  beginPartLine(part);
  print(reason);
  stop();
}

/** Ends start-up because a boot loader gives a guest under Secure Boot: no signature would cover that guest. */
export function refuseFromOutside(): never {
  fail(
    'a bundle from outside is not covered by a signature, so under Secure Boot it is refused: use tsvm pack, and sign',
  );
}

/** Ends start-up with `the guest's kernel and its initrd overlap`. */
export function refuseOverlap(one: u32, other: u32): never {
  requires(one < GUEST_PARTS && other < GUEST_PARTS);
  beginLine();
  print("the guest's ");
  print(NAMES.get(one));
  print(' and its ');
  print(NAMES.get(other));
  print(' overlap');
  stop();
}

/** Begins a line with `the guest's kernel: `. */
export function beginPartLine(part: u32): void {
  requires(part < GUEST_PARTS);
  beginLine();
  print("the guest's ");
  print(NAMES.get(part));
  print(': ');
}
