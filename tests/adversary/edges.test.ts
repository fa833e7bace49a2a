/** Whatever crosses from the guest's memory into hidden memory finds a page of ones there, as on a bare machine with such a page. */
import t from 'tap';
import { type Emulator, runAttack } from './attack.js';

t.setTimeout(600_000);

const EMULATORS: readonly Emulator[] = ['QEMU', 'AMD-V of Bochs', 'VT-x of Bochs'];
const PLACES = ['last page', 'fresh'];
/** There are more in each place. */
const FEWEST_ATTEMPTS = 90;

/**
 * Where INT cannot reach its gate without an exit, AMD-V of Bochs 2.7 reports the last exception as in delivery. So the
 * guest gets that: of the page table of ones.
 */
const STALE = { emulator: 'AMD-V of Bochs', attempt: 'fresh, gate of ones', outcome: /^0{14}0e 0{15}9 / };

/** What became of each attempt. */
async function outcomes(emulator: Emulator, image?: null): Promise<ReadonlyMap<string, string>> {
  // AMD-V watches the local APIC while there is a processor that has not started.
  const attack = { emulator, program: 'edges', cpus: 2, words: '' } as const;
  const { serial } = await runAttack(image === null ? { ...attack, image } : attack);
  const lines = [...serial.matchAll(/^edges: (.*) = ([0-9a-f ]*)$/gm)];
  return new Map(lines.map(([, name = '', outcome = '']) => [name, outcome]));
}

for (const emulator of EMULATORS) {
  t.test(`on ${emulator} what crosses into hidden memory finds ones`, async (t) => {
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
