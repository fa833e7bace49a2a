/** How start-up ends where it cannot go on: one line that says why, then a halt. */
import { haltForever } from '../../transpiler/lib/index.js';
import { beginLine, endLine, print } from './console.js';

/** Prints `text` as a line of its own and halts. */
export function fail(text: string): never {
  beginLine();
  print(text);
  stop();
}

/** Ends the line that says why, and halts. For reasons that are printed in parts. */
export function stop(): never {
  endLine();
  return haltForever();
}
