/** Boots machines for the tests and keeps what they write to the serial port. */
import { execa } from 'execa';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';
import { DEFAULT_MACHINE, emulatorParameters, type Machine, withoutFeatureWarnings } from '../../../emulators/qemu.js';
import { makeGuest } from '../../../images/guest.js';
import { buildImage } from '../../../linker/toolchain/build.js';
import { output, root } from '../../../linker/paths.js';
import { CHECKED, type ImageKind, ORDINARY } from '../../../linker/toolchain/kinds.js';

export interface Boot {
  /** All that came over the serial port, with \n as the end of a line. */
  readonly serial: string;
  /** `off`: the machine ended its run; `stopped`: it was stopped when `until` matched; `timeout`: neither came. */
  readonly ended: 'off' | 'stopped' | 'timeout';
}

export interface BootOptions extends Partial<Machine> {
  /** Ends the run when the serial text matches, after a moment in which a reset would show. */
  readonly until?: RegExp;
  /** How long that moment is. */
  readonly settleMilliseconds?: number;
  /** What to type when the text matches, in this order. */
  readonly dialogue?: readonly (readonly [RegExp, string])[];
  readonly seconds?: number;
}

const SETTLE_MILLISECONDS = 1000;
const DEFAULT_SECONDS = 120;

/** What the tests boot where they do not ask for a kind: TSVM_IMAGE=checked has them boot the checked image. */
export const testedKind = kindNamed(process.env['TSVM_IMAGE'] ?? ORDINARY.name);

const built = new Map<ImageKind, Promise<string>>();

/** The image of the kernel as it is now. */
export function freshImage(kind = testedKind): Promise<string> {
  const image =
    built.get(kind) ??
    buildImage({ root, output, kind, onStep: () => undefined }).then((result) => {
      if (result.kind === 'refused') throw new Error(`the kernel is refused: ${JSON.stringify(result.diagnostics)}`);
      return join(imageFolder(kind), 'tsvm.bin');
    });
  built.set(kind, image);
  return image;
}

/** Where an image is, and all that belongs to it. */
export function imageFolder(kind = testedKind): string {
  return join(output, kind.folder);
}

function kindNamed(wanted: string): ImageKind {
  const found = [ORDINARY, CHECKED].find(({ name }) => name === wanted);
  if (found === undefined) throw new Error(`TSVM_IMAGE=${wanted} is neither ${ORDINARY.name} nor ${CHECKED.name}`);
  return found;
}

export function defaultGuest() {
  return makeGuest({ root, onStep: () => undefined });
}

/** Boots the default guest under the image, unless `options` says otherwise. A reset ends the run. */
export async function boot(options: BootOptions): Promise<Boot> {
  const {
    until,
    settleMilliseconds = SETTLE_MILLISECONDS,
    dialogue = [],
    seconds = DEFAULT_SECONDS,
    ...chosen
  } = options;
  const machine: Machine = {
    ...DEFAULT_MACHINE,
    image: chosen.image === undefined ? await freshImage() : chosen.image,
    ...(await defaultGuest()),
    serial: 'stdio',
    endOnReset: true,
    ...chosen,
    append: forLinux(chosen.append ?? DEFAULT_MACHINE.append),
  };
  const folder = await mkdtemp(join(tmpdir(), 'tsvm-machine-'));
  const emulator = execa('qemu-system-x86_64', await emulatorParameters(machine, folder), {
    stdin: dialogue.length > 0 ? 'pipe' : 'ignore',
    stderr: [withoutFeatureWarnings, 'inherit'],
    timeout: seconds * 1000,
    reject: false,
  });
  let serial = '';
  let matched = false;
  let stopped = false;
  const lines = [...dialogue];
  emulator.stdout.on('data', (chunk: Buffer) => {
    serial += chunk.toString('latin1').replaceAll('\r', '');
    const next = lines[0];
    if (next?.[0].test(serial)) {
      lines.shift();
      emulator.stdin?.write(`${next[1]}\n`);
    }
    if (until?.test(serial) && !matched) {
      matched = true;
      setTimeout(() => (stopped = emulator.kill('SIGKILL')), settleMilliseconds);
    }
  });
  const result = await emulator;
  await rm(folder, { recursive: true, force: true });
  const ended = result.timedOut ? 'timeout' : stopped ? 'stopped' : 'off';
  return { serial, ended };
}

/**
 * Linux looks whether the timer interrupts as often as it should while it counts some milliseconds, which a machine that
 * is emulated on a busy host may not manage.
 */
function forLinux(append: string): string {
  return append.startsWith('console=ttyS0') ? `${append} no_timer_check` : append;
}

/** What the guest printed between `guest: begin NAME` and `guest: end`, by name. */
export function sectionsOf(serial: string): Map<string, string[]> {
  const sections = [...serial.matchAll(/^guest: begin (\w+)\n([^]*?)^guest: end$/gm)];
  return new Map(sections.map(([, name = '', text = '']) => [name, text.trimEnd().split('\n')]));
}

/** The hypervisor's own lines. */
export function hypervisorLines(serial: string): string[] {
  return serial.split('\n').filter((line) => line.startsWith('tsvm: '));
}

/** A folder that is gone after the test. */
export async function temporaryFolder(t: Test): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'tsvm-test-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  return folder;
}
