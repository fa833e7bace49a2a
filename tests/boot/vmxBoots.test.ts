import t from 'tap';
import { bootInBochs } from './bochs.js';

/** Arrandale, like the Westmere of the report that tsvm follows, has no 1 GiB pages and no EPT flags. */
const MODELS = ['corei7_haswell_4770', 'broadwell_ult', 'corei5_arrandale_m520', 'corei7_sandy_bridge_2600k'];

/** What VMX forces (SDM 3C 25.1.2), and the hypercalls that tsvm-stat makes itself. */
const FORCED = ['cpuid', 'xsetbv', 'vmcall'];
/** Linux reads watched registers to learn what the firmware allows, such as IA32_FEATURE_CONTROL. */
const MOST_WATCHED_READS = 2;

/** The exits that tsvm-stat lists, by name. */
function exitCounts(serial: string): Map<string, number> {
  const lines = [...serial.matchAll(/^ +(\d+) {2}(\S+) /gm)];
  return new Map(lines.map(([, count, reason = '']) => [reason, Number(count)]));
}

for (const model of MODELS) {
  t.test(`Linux reaches its init on ${model} with hardly any but forced exits, and powers off`, async (t) => {
    const { serial, ended, messages } = await bootInBochs({ model, append: 'console=ttyS0 quiet tsvm.run=poweroff' });
    t.match(serial, /^guest: ready$/m);
    const { rdmsr = 0, ...others } = Object.fromEntries(exitCounts(serial));
    t.same(
      Object.keys(others).filter((reason) => !FORCED.includes(reason)),
      [],
    );
    t.ok('cpuid' in others && rdmsr <= MOST_WATCHED_READS, JSON.stringify({ rdmsr, ...others }));
    t.same(messages, []);
    t.equal(ended, 'off');
  });
}
