/** Instructions that may cause a VM exit have the same effects as on the bare machine, in each mode of the processor. */
import t from 'tap';
import { type Emulator, runAttack } from './attack.js';

t.setTimeout(600_000);

const MODES = ['64-bit', 'compatibility', 'PAE', 'virtual 8086', '32-bit paging', '32-bit', '16-bit', 'real'];
const GENERAL_PROTECTION = '0d';
const NMI = '02';

interface Difference {
  readonly attempts: RegExp;
  readonly why: string;
}

/** Known differences: attempts that raise #GP under tsvm, but not on the bare machine. */
const DIFFERENCES: Readonly<Record<Emulator, readonly Difference[]>> = {
  QEMU: [
    {
      attempts: / (0x40000000|RDMSR 0x480|RDMSR 0xffffffff|WRMSR as it is 0x3a)$/,
      why: 'there is none; QEMU lets everybody read and write MSRs that do not exist',
    },
    { attempts: /toggle 0xc0000080 edx 31$/, why: 'a reserved bit of EFER, which QEMU takes' },
    {
      attempts: /^virtual 8086, (VM(RUN|LOAD|SAVE)|STGI|CLGI|INVLPGA)$/,
      why: 'the privilege level comes first where EFER.SVME is set (APM 3), as it is under the guest',
    },
  ],
  'AMD-V of Bochs': [
    { attempts: / (RDMSR 0x480|WRMSR as it is 0x3a)$/, why: "Bochs gives AMD's processors these of Intel's, too" },
  ],
  'VT-x of Bochs': [
    { attempts: / RDMSR 0x480$/, why: 'the guest has no VMX' },
    { attempts: /, set CR4.VMXE$/, why: 'the guest has no VMX' },
  ],
};

/** The outcome of each attempt. The offset of an NMI is left out, since it depends on the delay of the local APIC. */
function outcomesOf(serial: string): Map<string, string> {
  const lines = [...serial.matchAll(/^modes: (.*) = (\S\S) (\S{4} \S\S \S{8} \S{8})$/gm)];
  return new Map(
    lines.map(([, name = '', vector = '', rest]) => [name, vector === NMI ? vector : `${vector} ${rest}`]),
  );
}

async function outcomes(emulator: Emulator, image?: null): Promise<Map<string, string>> {
  // An exit from virtual 8086 mode on AMD-V ends Bochs 2.7.
  const words = emulator === 'AMD-V of Bochs' ? 'v' : 'all';
  const { serial } = await runAttack({
    emulator,
    program: 'modes',
    cpus: 1,
    words,
    ...(image === null ? { image } : {}),
  });
  return outcomesOf(serial);
}

for (const emulator of Object.keys(DIFFERENCES) as Emulator[]) {
  t.test(`on ${emulator} each mode gives the outcomes of the bare machine`, async (t) => {
    const bare = await outcomes(emulator, null);
    const guest = await outcomes(emulator);
    const inMode = (mode: string) => [...bare.keys()].filter((name) => name.startsWith(`${mode}, `)).length;
    const omitted = emulator === 'AMD-V of Bochs' ? 'virtual 8086' : '';
    for (const mode of MODES) t.equal(inMode(mode), mode === omitted ? 0 : inMode('64-bit'), mode);
    t.ok(inMode('64-bit') > 80, 'attempts in each mode');
    t.same([...guest.keys()], [...bare.keys()]);
    for (const [name, outcome] of bare) {
      const difference = DIFFERENCES[emulator].find(({ attempts }) => attempts.test(name));
      const seen = guest.get(name) ?? '';
      if (seen === outcome) continue;
      if (difference === undefined) t.equal(seen, outcome, name);
      else t.match(seen, new RegExp(`^${GENERAL_PROTECTION} `), `${name}: ${difference.why}`);
    }
  });
}
