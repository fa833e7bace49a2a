/** Reads what the boot loader handed over. A magic number in a register tells which protocol the loader used. */
import { hpa, u32, u64, window, type Hpa } from '../../transpiler/lib/index.js';
import { imageBounds } from '../x86/platform.js';
import { fail } from '../report/fail.js';
import { bootInfo, GUEST_PARTS, type Part } from '../handover/bootInfo.js';
import { readPackedBundle } from './bundle/bundle.js';
import { isMappedEarly } from './loaders/earlyMap.js';
import { LINUX_MAGIC, readLinuxBoot } from './loaders/linuxBoot.js';
import { MULTIBOOT_MAGIC, readMultiboot } from './loaders/multiboot.js';
import { MULTIBOOT2_MAGIC, readMultiboot2 } from './loaders/multiboot2.js';
import { refuseOverlap, refusePart } from './bundle/refuse.js';

const LONGEST_BUNDLE = 0xffff_ffffn;

/** Copies the boot loader's information at `info` into `bootInfo`. Stops start-up if it is malformed. */
export function readBootInfo(magic: u32, info: Hpa): void {
  switch (magic) {
    case MULTIBOOT_MAGIC:
      readMultiboot(info);
      break;
    case MULTIBOOT2_MAGIC:
      readMultiboot2(info);
      break;
    case LINUX_MAGIC:
      readLinuxBoot(info);
      break;
    default:
      fail('not started by a boot loader that it knows: Multiboot, Multiboot 2, Linux or EFI');
  }
  readEmbeddedBundle();
  checkPlaces();
}

/**
 * Reads the bundle inside the image. Its guest is used only if the boot loader gave none; everything else in it always
 * counts.
 */
export function readEmbeddedBundle(): void {
  const bounds = imageBounds();
  const bytes = bounds.bundleBytes;
  const start = u64(bounds.physical + u64(bounds.end - bounds.text));
  if (bytes === 0n) return;
  if (bytes > LONGEST_BUNDLE || !isMappedEarly(start, bytes))
    fail('the bundle in the image cannot be read: it lies too high up');
  readPackedBundle(window(hpa(start), u32(bytes)));
}

/** Stops start-up if a part of the guest overlaps another part or the hypervisor's image. */
export function checkPlaces(): void {
  const bounds = imageBounds();
  const imageEnd = hpa(u64(bounds.physical + u64(bounds.end - bounds.text)));
  for (let i: u32 = 0; i < GUEST_PARTS; i++) {
    const part = bootInfo.parts.at(i);
    if (overlaps(part, bounds.physical, imageEnd)) refusePart(i, "it overlaps the hypervisor's image");
    for (let other: u32 = 0; other < i; other++) {
      const before = bootInfo.parts.at(other);
      if (overlaps(part, before.start, before.end)) refuseOverlap(other, i);
    }
  }
}

function overlaps(part: Part, start: Hpa, end: Hpa): boolean {
  return part.start < end && part.end > start;
}
