import { join } from 'node:path';
import t, { type Test } from 'tap';
import { assembleBareProgram } from '../../../images/bare.js';
import { MsrOwner } from '../../../kernel/access/msrOwner.js';
import { ownerOf } from '../../../kernel/access/msrOwners.js';
import { startGuest } from '../../kernel/support/guest.js';
import { startIntelGuest } from '../../kernel/support/intel.js';
import { AMD_MODEL, bootInBochs } from '../../support/machines/bochs.js';
import { root } from '../../../linker/paths.js';
import { temporaryFolder } from '../../support/machines/harness.js';

/** The ranges that msrs.asm sweeps. */
const RANGES = [0, 0xc000_0000, 0xc001_0000];
const READ_FAULTS = 1;
const WRITE_FAULTS = 2;
/** Writes that msrs.asm leaves out. */
const MICROCODE = [0x79, 0xc001_0020];

async function program(t: Test) {
  const kernel = join(await temporaryFolder(t), 'msrs');
  await assembleBareProgram(root, 'msrs', kernel);
  return { kernel, initrd: null, append: '', seconds: 240, ignoreUnknownMsrs: false };
}

/** The outcome of each MSR, from the lines printed whenever it changes. */
function outcomes(serial: string): Map<number, number> {
  const changes = new Map<number, number>();
  for (const [, msr = '', outcome = ''] of serial.matchAll(/^msrs: ([0-9a-f]{8}) = 0x([0-9a-f]+)$/gm)) {
    changes.set(parseInt(msr, 16), parseInt(outcome, 16));
  }
  const all = new Map<number, number>();
  for (const start of RANGES) {
    let outcome = -1;
    for (let msr = start; msr < start + 0x2000; msr++) {
      outcome = changes.get(msr) ?? outcome;
      all.set(msr, outcome);
    }
  }
  return all;
}

/** The expected outcome of an MSR under tsvm if the bare machine gives `bare`. */
function expected(msr: number, bare: number): number {
  switch (ownerOf(msr)) {
    case MsrOwner.refused:
    case MsrOwner.absent:
      return MICROCODE.includes(msr) ? READ_FAULTS : READ_FAULTS | WRITE_FAULTS;
    case MsrOwner.efer:
    case MsrOwner.virtualization:
    case MsrOwner.hostSave:
      return 0;
    case MsrOwner.fixed:
    case MsrOwner.partly:
      return (bare & READ_FAULTS) !== 0 ? bare : 0;
    default:
      return bare;
  }
}

/** The program's lines about memory types, whose registers must read as written. */
function memoryTypes(serial: string): string[] {
  return [...serial.matchAll(/^msrs: ((?:types|base|mask|fixed) .*)$/gm)].map(([, line = '']) => line);
}

for (const { name, model, start } of [
  { name: 'VT-x', model: 'corei7_haswell_4770', start: startIntelGuest },
  { name: 'AMD-V', model: AMD_MODEL, start: startGuest },
]) {
  t.test(`on ${name} each MSR behaves as on the bare machine, or as its owner in the lists decides`, async (t) => {
    const options = { ...(await program(t)), model };
    const bare = await bootInBochs({ ...options, image: null });
    const guest = await bootInBochs(options);
    start();
    const there = outcomes(bare.serial);
    t.ok([...there.values()].filter((outcome) => outcome === 0).length > 40, 'the processor has MSRs');
    const seen = outcomes(guest.serial);
    const wrong = [...there].filter(([msr, outcome]) => seen.get(msr) !== expected(msr, outcome));
    t.same(
      wrong.map(([msr, outcome]) => `${msr.toString(16)}: bare ${outcome}, under tsvm ${seen.get(msr)}`),
      [],
    );
    const types = memoryTypes(guest.serial);
    t.equal(types.length, 10);
    t.match(types.join('\n'), /types off done\ntypes off then = 0x0\nbase over hidden memory done\n/);
    t.match(types.join('\n'), /mask over hidden memory then = 0xfffe00800\n/);
    t.match(types.join('\n'), /fixed range uncached then = 0x0\n/);
    t.match(guest.serial, /^msrs: hidden memory is kept = 0x[1-9a-f]/m);
  });
}
