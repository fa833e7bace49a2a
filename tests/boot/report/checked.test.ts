/** The image that checks each proof at run time: guests run without a failed check, and a failed check is reported. */
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { assembleBareProgram, type BareProgram } from '../../../images/bare.js';
import { CHECKED } from '../../../linker/toolchain/kinds.js';
import { patchedImage } from '../../support/machines/patchedImage.js';
import { bootInBochs } from '../../support/machines/bochs.js';
import { root } from '../../../linker/paths.js';
import { boot, freshImage, hypervisorLines, temporaryFolder } from '../../support/machines/harness.js';

t.setTimeout(900_000);

interface Guest {
  readonly name: string;
  /** The guest; default: Linux. */
  readonly program?: BareProgram;
  readonly append: string;
  readonly cpus?: number;
  /** The guest's output when it has succeeded. */
  readonly end: RegExp;
}

const GUESTS: readonly Guest[] = [
  { name: 'Linux', append: 'console=ttyS0 quiet tsvm.run=poweroff', end: /^guest: ready$/m },
  { name: 'a program in real mode', program: 'real', append: '', end: /^real: end$/m },
  { name: 'a hostile guest', program: 'hostile', append: '', cpus: 2, end: /^hostile: triple fault next done$/m },
];

const VENDORS = [
  { vendor: 'AMD-V', start: boot, on: / on AMD-V, / },
  { vendor: 'VT-x', start: bootInBochs, on: / on Intel VT-x, / },
] as const;

async function machineFor(t: Test, { program, append, cpus = 1 }: Guest) {
  const machine = { image: await freshImage(CHECKED), append, cpus };
  if (program === undefined) return machine;
  const kernel = join(await temporaryFolder(t), program);
  await assembleBareProgram(root, program, kernel);
  return { ...machine, kernel, initrd: null, options: 'triple-fault=reset' };
}

for (const { vendor, start, on } of VENDORS) {
  for (const guest of GUESTS) {
    t.test(`${guest.name} runs to its end on ${vendor}, and no check fails`, async (t) => {
      const { serial, ended } = await start(await machineFor(t, guest));
      t.match(serial, guest.end);
      if (guest.program === undefined) t.match(serial, on);
      t.notMatch(serial, /tsvm: crash/);
      t.match(ended, /^(off|reset)$/);
    });
  }
}

t.test(
  'a check that fails ends the node as a crash, with file, line and the condition that does not hold',
  async (t) => {
    const part = {
      file: 'handover/bootInfo.c',
      functionStart: /^static bool handover_bootInfo_isGiven\(uint32_t part\) \{$/m,
      then: 'part = 99;',
    };
    const image = await patchedImage(t, 'failing-check', [part], CHECKED);
    const { serial } = await boot({ image, until: /^tsvm: halted\n/m });
    const lines = hypervisorLines(serial);
    const crash = lines.findIndex((line) => line.startsWith('tsvm: crash'));
    t.match(lines[crash], /^tsvm: crash: kernel\/handover\/bootInfo\.ts:\d+:\d+: TSV2104 index may be out of bounds$/);
    t.match(lines[crash + 1], /^tsvm: {3}from \w+ \(/, 'the way there');
    t.equal(lines.at(-1), 'tsvm: halted');
  },
);
