import t from 'tap';
import { phasesOf } from '../../../bench/linux.js';
import { bootInBochs } from '../../support/machines/bochs.js';

/** CPUID always causes a VM exit. Each program executes it when it starts, also those that count the exits. */
const FORCED = 'cpuid';
const PHASES = ['nothing', 'idle', 'sha256', 'fork+exec', 'sleeps', 'cpuid'];
const CPUIDS = 1000;

t.test(
  'while it idles, computes, starts programs and sleeps, a guest on VT-x has no VM exits but for CPUID',
  async (t) => {
    const { serial, ended } = await bootInBochs({
      append: 'console=ttyS0,115200 quiet tsvm.run=bench-quick',
      seconds: 580,
    });
    const [first, ...phases] = phasesOf(serial);
    t.equal(first?.name, 'kernel entry to init');
    t.same(
      phases.map(({ name }) => name),
      PHASES,
    );
    for (const { name, exits } of phases) {
      t.same(
        Object.keys(exits ?? { none: 0 }).filter((reason) => reason !== FORCED),
        [],
        name,
      );
    }
    const counts = Object.fromEntries(phases.map(({ name, exits }) => [name, exits?.[FORCED] ?? 0]));
    const { nothing = NaN } = counts;
    t.equal(counts.idle, nothing, 'none but of the programs that count');
    t.equal(counts.sha256, nothing);
    t.equal(counts.sleeps, nothing);
    t.equal(counts.cpuid, nothing + CPUIDS);
    t.equal(ended, 'off');
  },
);
