/** The lines that name the part of the guest with which start-up cannot go on. */
import { beginLine, print } from '../report/console.js';
import { stop } from '../report/fail.js';
import { GuestPart } from './bootInfo.js';

/** Ends start-up with `the guest's kernel: reason`. */
export function refusePart(part: GuestPart, reason: string): never {
  beginPartLine(part);
  print(reason);
  stop();
}

/** Begins a line with `the guest's kernel: `. */
export function beginPartLine(part: GuestPart): void {
  beginLine();
  print("the guest's ");
  printPartName(part);
  print(': ');
}

/** Prints what the part is called. */
export function printPartName(part: GuestPart): void {
  switch (part) {
    case GuestPart.kernel:
      print('kernel');
      return;
    case GuestPart.initrd:
      print('initrd');
      return;
    default:
      print('policy');
  }
}
