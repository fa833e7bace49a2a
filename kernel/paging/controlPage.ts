/** Pages that control a guest: VMCBs and VMCSs. */
import { local, u64, type Hpa } from '../../transpiler/lib/index.js';
import { beginLine, print, printHex } from '../report/console.js';
import { stop } from '../report/fail.js';
import { allocatePages } from './allocator.js';
import { copyFirmwareMtrrs, MemoryType, memoryTypeIn, MtrrChange, Mtrrs, readMtrrsWith } from './mtrr.js';

/**
 * Allocates a zeroed page for a VMCB or a VMCS. The processor may cache it internally, but only write-back memory (APM
 * 2, 15.5.1; SDM 3C 24.2). So start-up stops if the firmware's MTRRs on the BSP do not make it write-back. The guest
 * cannot change that later (mtrrShadow.ts).
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

/**
 * Whether this processor's own MTRRs make the page write-back. The firmware, or the INIT by which QEMU starts the
 * processor, may have left them disabled.
 */
function isWriteBack(page: Hpa): boolean {
  const mtrrs = local(Mtrrs);
  const unchanged = local(MtrrChange);
  readMtrrsWith(mtrrs, unchanged);
  return memoryTypeIn(mtrrs, page) === MemoryType.writeBack;
}
