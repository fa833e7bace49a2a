/**
 * The defences against escapes on AMD-V, each undone in a copy of the sources: controls of the races in
 * images/adversary/races.asm. No emulator redirects INITs, so an INIT that the host takes with GIF set resets the processor.
 */
import type { Replacement } from '../support/machines/undone.js';

export interface Undoing {
  /** Name of the image's folder. */
  readonly name: string;
  readonly what: string;
  /** The race that must find the fault, by its letter. */
  readonly race: 'n' | 'i' | 'c';
  readonly replacements: readonly Replacement[];
}

const PARKING = 'kernel/svm/reset/parking.ts';
const NMI = 'kernel/svm/exits/nmi.ts';
const INTERCEPTS = 'kernel/svm/control/intercepts.ts';

const IMPORT_IN_PARKING: Replacement = {
  file: PARKING,
  from: "import { TlbControl, Vmcb } from '../control/vmcb.js';",
  to: "import { clgi, stgi } from '../control/operations.js';\nimport { TlbControl, Vmcb } from '../control/vmcb.js';",
};

export const WAITS_IN_HARDWARE: Undoing = {
  name: 'waits-in-hardware',
  what: 'a processor waits for a SIPI in hardware, not in the parking guest',
  race: 'n',
  replacements: [
    IMPORT_IN_PARKING,
    { file: PARKING, from: 'import { sendNmiToSelf }', to: 'import { sendInit, sendNmiToSelf }' },
    {
      file: PARKING,
      from: 'export function park(vcpu: Vcpu): void {',
      to: 'export function park(vcpu: Vcpu): void {\n  sendInit(vcpu.apicId);\n  stgi();\n  clgi();',
    },
  ],
};

export const UNDOINGS: readonly Undoing[] = [
  WAITS_IN_HARDWARE,
  {
    name: 'sends-init',
    what: "the guest's INIT is sent, and the host takes it",
    race: 'i',
    replacements: [
      {
        file: 'kernel/devices/localApic/commands.ts',
        from: '  ask(number, command, rip);\n  unlockStartup();\n  return false;',
        to: '  ask(number, command, rip);\n  unlockStartup();\n  return isInit(command);',
      },
      {
        file: 'kernel/svm/exits/stops.ts',
        from: 'if (!redirectsInit()) standStill',
        to: 'if (!redirectsInit() && vcpu.number === 0) standStill',
      },
    ],
  },
  {
    name: 'start-with-gif',
    what: 'GIF is set when a processor starts that is noted as running already',
    race: 'c',
    replacements: [
      IMPORT_IN_PARKING,
      {
        file: PARKING,
        from: '  if (goesOn && vcpu.svm.haltsForGood)',
        to: '  stgi();\n  clgi();\n  if (goesOn && vcpu.svm.haltsForGood)',
      },
    ],
  },
  {
    name: 'call-with-gif',
    what: 'the host takes the NMI of a call, with GIF set',
    race: 'c',
    replacements: [
      {
        file: NMI,
        from: "import { clgi } from '../control/operations.js';",
        to: "import { clgi, stgi } from '../control/operations.js';\nimport { onNmiTaken } from '../reset/parking.js';",
      },
      {
        file: NMI,
        from: 'if (vcpu.svm.call.isPending !== 0) enterParkingGuest(vcpu);',
        to: `if (vcpu.svm.call.isPending !== 0) {
    enterParkingGuest(vcpu);
    vcpu.svm.init.isPending = 1;
    stgi();
    clgi();
    vcpu.svm.init.isPending = 0;
    vcpu.svm.init.hasNmi = 0;
    onNmiTaken(vcpu);
  }`,
      },
    ],
  },
  {
    name: 'parking-takes-init',
    what: 'the parking guest takes INITs',
    race: 'c',
    replacements: [
      {
        file: INTERCEPTS,
        from: 'u32((takesSmis() ? SMI : 0) | INIT | SHUTDOWN)',
        to: 'u32((takesSmis() ? SMI : 0) | SHUTDOWN)',
      },
    ],
  },
  {
    name: 'guest-takes-init',
    what: 'the guest takes INITs',
    race: 'c',
    replacements: [
      {
        file: INTERCEPTS,
        from: 'u32((takesSmis() ? SMI : 0) | INIT | INVD',
        to: 'u32((takesSmis() ? SMI : 0) | INVD',
      },
    ],
  },
];
