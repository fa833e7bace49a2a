/** Runs images/bare/forms.asm on bare machines and under tsvm, and reads what it prints. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Test } from 'tap';
import { assembleBareProgram } from '../../../images/bare.js';
import type { Machine } from '../../../emulators/qemu.js';
import { root } from '../../../linker/paths.js';
import { AMD_MODEL, bootInBochs } from '../../support/machines/bochs.js';
import { boot, temporaryFolder } from '../../support/machines/harness.js';
import { type Case, groupsOf, initrdOf } from './cases.js';

/** The emulators. QEMU has AMD-V without decode assists. */
export const EMULATORS = ['QEMU', 'AMD-V of Bochs', 'VT-x of Bochs'] as const;
export type Emulator = (typeof EMULATORS)[number];

export interface Run {
  readonly serial: string;
  /** The checksums of the groups, by name. */
  readonly checksums: ReadonlyMap<string, string>;
  /** How many accesses tsvm did for the program. */
  readonly accesses: number;
  /** The states behind the cases of which it is printed. */
  readonly states: readonly string[];
}

const SECONDS = 280;

type Chosen = Pick<Machine, 'image' | 'kernel' | 'initrd' | 'append'> & { readonly seconds: number };

/** Runs `cases` under `image`, or on the bare machine. */
export async function runForms(
  t: Test,
  emulator: Emulator,
  image: string | null,
  cases: readonly Case[],
): Promise<Run> {
  const folder = await temporaryFolder(t);
  const kernel = join(folder, 'forms');
  const initrd = join(folder, 'cases');
  await assembleBareProgram(root, 'forms', kernel);
  await writeFile(initrd, initrdOf(cases));
  const { serial } = await bootOn(emulator, { image, kernel, initrd, append: '', seconds: SECONDS });
  const names = groupsOf(cases);
  const lines = [...serial.matchAll(/^forms: group ([0-9a-f]{4}) = 0x([0-9a-f]{16})$/gm)];
  return {
    serial,
    checksums: new Map(lines.map(([, number = '', sum = '']) => [names[parseInt(number, 16)] ?? number, sum])),
    accesses: Number(/^forms: accesses = (0x[0-9a-f]+)$/m.exec(serial)?.[1]),
    states: [...serial.matchAll(/^forms: case (.*)$/gm)].map(([, state = '']) => state),
  };
}

/** Boots a machine in an emulator. */
export async function bootOn(emulator: Emulator, machine: Chosen): Promise<{ readonly serial: string }> {
  if (emulator === 'QEMU') return boot({ machine: 'pc', memory: '512M', ...machine });
  const ofBochs = { ...machine, ignoreUnknownMsrs: false };
  return bootInBochs(emulator === 'AMD-V of Bochs' ? { ...ofBochs, model: AMD_MODEL } : ofBochs);
}
