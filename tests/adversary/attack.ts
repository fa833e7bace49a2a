/** Runs the guests of images/adversary/ and reads what they print. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Adversary, assembleAdversary } from '../../images/bare.js';
import { AMD_MODEL, bootInBochs } from '../support/machines/bochs.js';
import { root } from '../../linker/paths.js';
import { boot } from '../support/machines/harness.js';

/** The emulator. QEMU has only AMD-V; Bochs has models of both vendors. */
export type Emulator = 'QEMU' | 'AMD-V of Bochs' | 'VT-x of Bochs';

export interface Attack {
  readonly emulator: Emulator;
  readonly program: Adversary;
  readonly cpus: number;
  /** The program's command line, which its file describes. */
  readonly words: string;
  /** The hypervisor's options. */
  readonly options?: string;
  /** The image; default: that of the current kernel; null: the bare machine. */
  readonly image?: string | null;
  readonly seconds?: number;
  /** QEMU's machine, by default `pc`, and further options of QEMU. */
  readonly machine?: string;
  readonly extra?: readonly string[];
  /** Whether a reset of the machine ends the run; default: it does. */
  readonly endOnReset?: boolean;
  /** Ends the run when the serial text matches. */
  readonly until?: RegExp;
}

export interface Outcome {
  readonly serial: string;
  readonly ended: string;
  /** The values that the program printed as `PREFIX: NAME = 0xVALUE`, the last one of each name. */
  readonly values: ReadonlyMap<string, number>;
}

const DEFAULT_SECONDS = 300;

export async function runAttack(attack: Attack): Promise<Outcome> {
  const folder = await mkdtemp(join(tmpdir(), 'tsvm-adversary-'));
  const kernel = join(folder, attack.program);
  await assembleAdversary(root, attack.program, kernel);
  const { serial, ended } = await bootAttack(attack, kernel);
  await rm(folder, { recursive: true, force: true });
  const lines = [...serial.matchAll(/^[a-z]+: (.+) = (0x[0-9a-f]+)$/gm)];
  return { serial, ended, values: new Map(lines.map(([, name = '', value]) => [name, Number(value)])) };
}

async function bootAttack({ emulator, words, program: _program, ...more }: Attack, kernel: string) {
  const machine = { seconds: DEFAULT_SECONDS, ...more, kernel, initrd: null, append: words };
  if (emulator === 'QEMU') return boot({ machine: 'pc', memory: '512M', ...machine });
  const ofBochs = { ...machine, ignoreUnknownMsrs: false };
  return bootInBochs(emulator === 'AMD-V of Bochs' ? { ...ofBochs, model: AMD_MODEL } : ofBochs);
}
