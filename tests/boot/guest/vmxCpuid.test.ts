import { join } from 'node:path';
import t from 'tap';
import { assembleBareProgram } from '../../../images/bare.js';
import { bootInBochs } from '../../support/machines/bochs.js';
import { root } from '../../../linker/paths.js';
import { temporaryFolder } from '../../support/machines/harness.js';

/** The limit for a CPUID. In Bochs the time-stamp counter counts instructions. */
const MOST_INSTRUCTIONS = 60;
const ROUNDS = 1000;
/** Bits of leaf 1 that are hidden: VMX, SMX and debug store. */
const HIDDEN_ECX = (1 << 2) | (1 << 4) | (1 << 5) | (1 << 6);
const HIDDEN_EDX = 1 << 21;

type Line = Readonly<Record<'leaf' | 'subleaf' | 'ticks' | 'eax' | 'ebx' | 'ecx' | 'edx', number>>;

/** The lines of leaves.asm: seven values for each leaf. */
function linesOf(serial: string): Line[] {
  const values = [...serial.matchAll(/^leaves: (\w+) = (0x[0-9a-f]+)$/gm)];
  const starts = values.flatMap(([, name], index) => (name === 'leaf' ? [index] : []));
  return starts.map((start) => {
    const entries = values.slice(start, start + 7).map(([, name = '', value]) => [name, Number(value)]);
    return Object.fromEntries(entries) as Line;
  });
}

t.test('CPUID of any leaf takes at most 60 instructions, and shows the processor without VMX', async (t) => {
  const kernel = join(await temporaryFolder(t), 'leaves');
  await assembleBareProgram(root, 'leaves', kernel);
  const machine = { kernel, initrd: null, append: '', seconds: 120 };
  const bare = await bootInBochs({ ...machine, image: null });
  const guest = await bootInBochs(machine);
  t.equal(guest.ended, 'off');
  const expected = linesOf(bare.serial);
  const seen = linesOf(guest.serial);
  t.ok(expected.length > 70);
  const shown = (lines: Line[], hiddenEcx: number, hiddenEdx: number) =>
    lines.map(({ leaf, subleaf, eax, ebx, ecx, edx }) => {
      const [c, d] = leaf === 1 ? [(ecx & ~hiddenEcx) >>> 0, (edx & ~hiddenEdx) >>> 0] : [ecx, edx];
      return [leaf, subleaf, eax, ebx, c, d];
    });
  t.same(shown(seen, 0, 0), shown(expected, HIDDEN_ECX, HIDDEN_EDX));
  for (const [index, { leaf, subleaf, ticks }] of seen.entries()) {
    const instructions = (ticks - (expected[index]?.ticks ?? 0)) / ROUNDS;
    const name = `leaf ${leaf.toString(16)}, subleaf ${subleaf.toString(16)}: ${instructions} instructions`;
    t.ok(instructions > 0 && instructions <= MOST_INSTRUCTIONS, name);
  }
});
