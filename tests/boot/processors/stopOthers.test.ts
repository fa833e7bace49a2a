/** If the hypervisor crashes or the guest cannot go on, all other processors are stopped before the report. */
import { join } from 'node:path';
import t from 'tap';
import { assembleBareProgram } from '../../../images/bare.js';
import { patchedImage, type Patch } from '../../support/machines/patchedImage.js';
import { AMD_MODEL, bootInBochs } from '../../support/machines/bochs.js';
import { root } from '../../../linker/paths.js';
import { boot, temporaryFolder } from '../../support/machines/harness.js';

t.setTimeout(900_000);

/** Makes the hypercall of images/bare/crash.asm write to an unmapped address. */
const CRASH: Patch = {
  file: 'exits/hypercall.c',
  functionStart: /static void exits_hypercall_noSuchFunction\(struct Registers \*registers\) \{/,
  then: '  if (registers->rcx == 0xdead) *(volatile char *)platform_physical(0x600000000000) = 1;',
};
const STOP_NOBODY: Patch = {
  file: 'crash/stopOthers.c',
  functionStart: /static void crash_stopOthers_stopOthers\(void\) \{/,
  then: '  return;',
};
const image = await patchedImage(t, 'crash', [CRASH]);
const withoutStop = await patchedImage(t, 'crash-alone', [CRASH, STOP_NOBODY]);
const kernel = join(await temporaryFolder(t), 'crash');
await assembleBareProgram(root, 'crash', kernel);

/** The sign of life that the other processors print, also between the letters of the report. */
const LIFE = '+';
const ENOUGH = 20;
const REPORT = /^tsvm: crash: exception 14 \(page fault\)[^]*^tsvm: halted\n/m;

/** The number of signs of life after the report's end; null if there is no report. */
function livesAfterReport(serial: string): number | null {
  const end = REPORT.exec(serial.replaceAll(LIFE, ''));
  if (end === null) return null;
  let left = end.index + end[0].length;
  let position = 0;
  while (left > 0) if (serial[position++] !== LIFE) left--;
  return serial.slice(position).split(LIFE).length - 1;
}

/** Matches the report's end, with signs of life between its letters. */
const ENDED = new RegExp([...'tsvm: halted\n'].map((letter) => `${letter}\\+*`).join(''));
const GOES_ON = new RegExp(`${ENDED.source}(\\+[^]*){${ENOUGH}}`);

interface Setting {
  readonly name: string;
  readonly word: string;
  run(chosen: { image: string; until: RegExp; append: string }): Promise<{ serial: string }>;
}

const common = { kernel, initrd: null, options: 'apic=trap', seconds: 240 };
const settings: readonly Setting[] = [
  {
    name: 'QEMU, 2 processors whose TLBs are empty',
    word: 'c',
    run: (chosen) => boot({ ...common, machine: 'pc', memory: '512M', cpus: 2, ...chosen }),
  },
  {
    name: 'QEMU, 4 processors whose TLBs are empty',
    word: 'c',
    run: (chosen) => boot({ ...common, machine: 'q35', memory: '512M', cpus: 4, ...chosen }),
  },
  {
    name: 'AMD-V of Bochs',
    word: 'p',
    run: (chosen) => bootInBochs({ ...common, model: AMD_MODEL, cpus: 2, ...chosen }),
  },
  {
    name: 'AMD-V of Bochs, in a handler of NMIs',
    word: 'n',
    run: (chosen) => bootInBochs({ ...common, model: AMD_MODEL, cpus: 2, ...chosen }),
  },
  { name: 'VT-x of Bochs', word: 'p', run: (chosen) => bootInBochs({ ...common, options: '', cpus: 2, ...chosen }) },
  {
    name: 'VT-x of Bochs, in a handler of NMIs',
    word: 'n',
    run: (chosen) => bootInBochs({ ...common, options: '', cpus: 2, ...chosen }),
  },
];

for (const { name, word, run } of settings) {
  t.test(`${name}: the guest prints nothing after the report`, async (t) => {
    const { serial } = await run({ image, until: ENDED, append: word });
    t.match(serial, LIFE, 'the others ran');
    t.equal(livesAfterReport(serial), 0, 'nothing follows it');
  });
}

for (const { name, word, run } of settings.filter(({ word }) => word !== 'n')) {
  t.test(`control, ${name}: if no processor is stopped, the others go on`, async (t) => {
    const { serial } = await run({ image: withoutStop, until: GOES_ON, append: word });
    t.ok((livesAfterReport(serial) ?? 0) >= ENOUGH, 'they do');
  });
}
