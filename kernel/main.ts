/** The order of start-up. */
import type { Hpa, u32 } from '../transpiler/lib/index.js';
import { consoleStart } from './report/console.js';
import { fail } from './report/fail.js';
import { loadDescriptors } from './machine/descriptors.js';

/** `magic` and `info` are what the boot loader left in EAX and EBX. Does not return. */
export function start(magic: u32, info: Hpa): never {
  consoleStart();
  loadDescriptors();
  fail('start-up ends here');
}
