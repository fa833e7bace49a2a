/** Accesses that cross from the guest's memory into hidden memory find a page of ones, as on a bare machine with such a page. */
import t from 'tap';
import { undoneImage } from '../support/machines/undone.js';
import { type Emulator, runAttack } from './attack.js';
import { READS_HIDDEN } from './otherUndoings.js';

t.setTimeout(600_000);

const EMULATORS: readonly Emulator[] = ['QEMU', 'AMD-V of Bochs', 'VT-x of Bochs'];
const PLACES = ['last page', 'fresh'];
/** A lower bound of the attempts in each place. */
const FEWEST_ATTEMPTS = 90;

/**
 * A known difference: if INT cannot read its gate without an exit, AMD-V of Bochs 2.7 reports the previous exception, that of
 * the page table of ones, as the event in delivery. So the guest gets that exception.
 */
const STALE = { emulator: 'AMD-V of Bochs', attempt: 'fresh, gate of ones', outcome: /^0{14}0e 0{15}9 / };

/** The outcome of each attempt, under `image`, by default that of the current kernel. */
async function outcomes(emulator: Emulator, image?: string | null): Promise<ReadonlyMap<string, string>> {
  // On AMD-V local-APIC writes are intercepted as long as a processor has not started.
  const attack = { emulator, program: 'edges', cpus: 2, words: '' } as const;
  const { serial } = await runAttack(image === undefined ? attack : { ...attack, image });
  const lines = [...serial.matchAll(/^edges: (.*) = ([0-9a-f ]*)$/gm)];
  return new Map(lines.map(([, name = '', outcome = '']) => [name, outcome]));
}

for (const emulator of EMULATORS) {
  t.test(`on ${emulator} accesses that cross into hidden memory find ones`, async (t) => {
    const bare = await outcomes(emulator, null);
    const guest = await outcomes(emulator);
    for (const place of PLACES) {
      const attempts = [...bare.keys()].filter((name) => name.startsWith(`${place}, `)).length;
      t.ok(attempts > FEWEST_ATTEMPTS, `${attempts} attempts: ${place}`);
    }
    t.same([...guest.keys()], [...bare.keys()]);
    for (const [name, outcome] of bare) {
      if (emulator === STALE.emulator && name === STALE.attempt) t.match(guest.get(name), STALE.outcome, name);
      else t.equal(guest.get(name), outcome, name);
    }
  });
}

t.test(`control: they find something else where ${READS_HIDDEN.what}`, async (t) => {
  const bare = await outcomes('QEMU', null);
  const guest = await outcomes('QEMU', await undoneImage(READS_HIDDEN.name, READS_HIDDEN.replacements));
  const found = [...bare.keys()].filter((name) => guest.get(name) !== bare.get(name));
  for (const place of PLACES) {
    t.ok(found.includes(`${place}, the APIC's priority behind 4 bytes`), `data: ${place}`);
    t.ok(found.includes(`${place}, the APIC's priority by code behind the edge`), `code: ${place}`);
  }
});
