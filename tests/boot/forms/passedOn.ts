/**
 * An image in which a page of video memory and a port have an owner that lets all accesses pass, so that tsvm does each of them for
 * the guest. The page is that of Bochs's or of QEMU's graphics card (images/bare/include/video.inc).
 */
import { type Replacement, undoneImage } from '../../support/machines/undone.js';

const OWNER = 'kernel/access/owner.ts';
const MAIN = 'kernel/main.ts';

/** What the image has beyond the kernel's sources: an owner without a mediator, and what it owns. */
const CHANGES: readonly Replacement[] = [
  { file: OWNER, from: '  cmosIndex: 4,\n', to: '  cmosIndex: 4,\n  device: 5,\n' },
  { file: OWNER, from: 'OWNERS = 5;', to: 'OWNERS = 6;' },
  { file: OWNER, from: "'the index of CMOS memory'", to: "'the index of CMOS memory', 'the device'" },
  {
    file: MAIN,
    from: 'import { hpa, local,',
    to: `import { ownPort } from './access/ports.js';
import { Owner } from './access/owner.js';
import { ownRegion } from './access/regions.js';
import { announceRanges } from './space/pageRights.js';
import { gpa, hpa, local,`,
  },
  { file: MAIN, from: '  ownSleep();\n', to: '  ownSleep();\n  ownPort(0x80, Owner.device);\n' },
  { file: MAIN, from: '  announceApic();\n', to: '  announceApic();\n  announceRanges(2);\n' },
  {
    file: MAIN,
    from: '  interceptApic();\n',
    to: `  interceptApic();
  ownRegion(gpa(0xe000_0000n), 0x1000n, 0, Owner.device);
  ownRegion(gpa(0xfd00_0000n), 0x1000n, 0, Owner.device);
`,
  },
];

/** Builds the image and returns its path. Each test file has one of its own `name`, since they run at the same time. */
export function passedOnImage(name: string, more: readonly Replacement[] = []): Promise<string> {
  return undoneImage(name, [...CHANGES, ...more]);
}
