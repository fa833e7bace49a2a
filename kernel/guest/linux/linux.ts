/** Starts Linux directly, by its 64-bit boot protocol, or the 32-bit one (Linux, Documentation/arch/x86/boot.rst). */
import { addressOf, copyMemory, gpa, gva, u32, u64 } from '../../../transpiler/lib/index.js';
import { bootInfo, GuestPart, isGiven } from '../../handover/bootInfo.js';
import { setTable, startInLongMode, startInProtectedMode, type ProcessorState } from '../../vcpu/state.js';
import type { Registers } from '../../vcpu/vcpu.js';
import { writeBootBlock } from './bootBlock.js';
import { linuxImage, readLinuxImage } from './linuxImage.js';
import { choosePlaces, places } from './placement.js';

/** Offset of the 64-bit entry from the start of the protected-mode part. */
const LONG_MODE_ENTRY = 0x200n;
/** Limit of a table of four descriptors: null, unused, code and data. */
const DESCRIPTOR_TABLE_LIMIT = 31;
const STACK_BYTES = 0x800n;

/**
 * Loads the guest's kernel and its initrd, if any, where Linux expects them, and sets in `state` and `registers` how
 * the guest starts. Stops start-up if that is not possible.
 */
export function loadLinux(state: ProcessorState, registers: Registers): void {
  readLinuxImage();
  choosePlaces();
  const block = writeBootBlock(places.bootBlock);
  moveInitrd();
  copyMemory(places.kernel, linuxImage.source, linuxImage.bytes);
  if (linuxImage.hasLongModeEntry)
    startInLongMode(state, gva(places.kernel + LONG_MODE_ENTRY), gpa(addressOf(block.rootTable)));
  else startInProtectedMode(state, u32(places.kernel));
  state.rsp = gva(addressOf(block.stack) + STACK_BYTES);
  setTable(state.gdt, gva(addressOf(block.descriptors)), DESCRIPTOR_TABLE_LIMIT);
  registers.rsi = u64(addressOf(block.zeroPage));
}

/**
 * Moves the initrd. This comes before moving the kernel, which may overwrite the place where the boot loader put the
 * initrd.
 */
function moveInitrd(): void {
  if (!isGiven(GuestPart.initrd)) return;
  copyMemory(places.initrd, bootInfo.parts.at(GuestPart.initrd).start, places.initrdBytes);
}
