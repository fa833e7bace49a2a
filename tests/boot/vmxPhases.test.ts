import t from 'tap';
import { phasesOf } from '../../bench/linux.js';
import { bootInBochs } from './bochs.js';

/** VMX leaves for CPUID always; each program that starts asks what the processor has, those that count exits, too. */
const FORCED = 'cpuid';
const STEADY = ['idle', 'sha256', 'fork+exec', 'sleeps', 'cpuid'];

t.test(
  'while it idles, computes, starts programs and sleeps, a guest on VT-x leaves for nothing but CPUID',
  async (t) => {
    const { serial, ended } = await bootInBochs({ append: 'console=ttyS0,115200 quiet tsvm.run=bench-quick', seconds: 580 });
    const [first, ...phases] = phasesOf(serial);
    t.equal(first?.name, 'kernel entry to init');
    t.same(
      phases.map(({ name }) => name),
      STEADY,
    );
    for (const { name, exits } of phases) {
      t.same(
        Object.keys(exits ?? { none: 0 }).filter((reason) => reason !== FORCED),
        [],
        name,
      );
    }
    t.ok((phases.at(-1)?.exits?.[FORCED] ?? 0) >= 1000);
    t.equal(ended, 'off');
  },
);
