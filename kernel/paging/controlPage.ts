/** Pages in which the processor keeps what it needs to run a guest. */
import { local, u64, type Hpa } from '../../transpiler/lib/index.js';
import { beginLine, print, printHex } from '../report/console.js';
import { stop } from '../report/fail.js';
import { allocatePages } from './allocator.js';
import { copyFirmwareMtrrs, MemoryType, memoryTypeIn, MtrrChange, Mtrrs, readMtrrsWith } from './mtrr.js';

/**
 * A zeroed page for a VMCB or a VMCS. The processor may keep it in a cache of its own, as it does with ordinary memory
 * only (APM 2, 15.5.1; SDM 3C 24.2), so start-up stops where the firmware does not let the first processor cache it. Later
 * the guest cannot change that (mtrrShadow.ts).
 */
export function allocateControlPage(): Hpa {
  const page = allocatePages(1);
  if (!isWriteBack(page)) copyFirmwareMtrrs();
  if (isWriteBack(page)) return page;
  beginLine();
  print('the firmware does not let memory at ');
  printHex(u64(page));
  print(' be cached (MTRRs)');
  stop();
}

/** By this processor's own MTRRs, which the firmware, or the INIT by which QEMU starts it, may have left off. */
function isWriteBack(page: Hpa): boolean {
  const mtrrs = local(Mtrrs);
  const unchanged = local(MtrrChange);
  readMtrrsWith(mtrrs, unchanged);
  return memoryTypeIn(mtrrs, page) === MemoryType.writeBack;
}
