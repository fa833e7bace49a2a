import t from 'tap';
import { bootInBochs } from '../../support/machines/bochs.js';
import { exitCounts } from '../../support/machines/exits.js';

/** Arrandale, a Westmere, has no 1 GiB pages and no accessed and dirty flags in EPT. */
const MODELS = ['corei7_haswell_4770', 'broadwell_ult', 'corei5_arrandale_m520', 'corei7_sandy_bridge_2600k'];

/**
 * The exits that VMX forces (SDM 3C 25.1.2 and 25.1.3), and the hypercalls of tsvm-stat. Linux reads C001_1029H, an MSR of AMD's
 * for which no bitmap has a bit. It writes MISC_ENABLE, and MTRR_DEF_TYPE twice each time it sets the PAT. To check whether ACPI
 * is on, it accesses the port of PM1 control, which also requests sleep, and for its clock it selects bytes of CMOS memory.
 */
const FORCED = ['cpuid', 'xsetbv', 'vmcall', 'rdmsr', 'wrmsr', 'port'];
const MOST_MSRS = 12;
const MOST_PORTS = 120;

for (const model of MODELS) {
  t.test(`Linux reaches its init on ${model} with forced exits only, and powers off`, async (t) => {
    const { serial, ended, messages } = await bootInBochs({ model, append: 'console=ttyS0 quiet tsvm.run=poweroff' });
    t.match(serial, /^guest: ready$/m);
    const exits = exitCounts(serial);
    t.ok((exits.get('cpuid') ?? 0) > 0);
    const msrs = (exits.get('rdmsr') ?? 0) + (exits.get('wrmsr') ?? 0);
    t.ok(msrs <= MOST_MSRS, `${msrs} accesses to MSRs`);
    t.ok((exits.get('port') ?? 0) <= MOST_PORTS, `${exits.get('port')} accesses to ports`);
    t.same(
      [...exits].filter(([reason]) => !FORCED.includes(reason)),
      [],
    );
    t.same(messages, []);
    t.equal(ended, 'off');
  });
}
