/** Pages in which the processor keeps what it needs to run a guest. */
import { u64, type Hpa } from '../../transpiler/lib/index.js';
import { beginLine, print, printHex } from '../report/console.js';
import { stop } from '../report/fail.js';
import { allocatePages } from './allocator.js';
import { memoryTypeAt, MemoryType } from './mtrr.js';

/**
 * A zeroed page for a VMCB or a VMCS. The processor may keep it in a cache of its own, as it does with ordinary memory
 * only (APM 2, 15.5.1; SDM 3C 24.2), so start-up stops where the firmware does not let it be cached.
 */
export function allocateControlPage(): Hpa {
  const page = allocatePages(1);
  if (memoryTypeAt(page) === MemoryType.writeBack) return page;
  beginLine();
  print('the firmware does not let memory at ');
  printHex(u64(page));
  print(' be cached (MTRRs)');
  stop();
}
