/** Boots machines in QEMU for the tests, and collects their output on the serial port. */
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
  /** The output on the serial port, with \n at the end of each line. */
  readonly serial: string;
  /** How the run ended. `off`: by itself; `stopped`: because `until` matched; `timeout`: neither happened in time. */
  readonly ended: 'off' | 'stopped' | 'timeout';
}

export interface BootOptions extends Partial<Machine> {
  /** Ends the run when the output matches, after a moment in which a reset would show. */
  readonly until?: RegExp;
  /** The length of that moment. */
  readonly settleMilliseconds?: number;
  /** Lines to type, each when the output matches, in this order. */
  readonly dialogue?: readonly (readonly [RegExp, string])[];
  readonly seconds?: number;
}

const SETTLE_MILLISECONDS = 1000;
const DEFAULT_SECONDS = 120;

/** The kind of image that tests boot by default. TSVM_IMAGE=checked selects the checked image. */
export const testedKind = kindNamed(process.env['TSVM_IMAGE'] ?? ORDINARY.name);

const built = new Map<ImageKind, Promise<string>>();

/** Builds the image of the current kernel, if it is out of date, and returns its path. */
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

/** The folder with an image and the other results of its build. */
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

/** Boots the default guest under the image, unless `options` has others. A reset ends the run. */
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
 * Adds an option for Linux. Otherwise Linux checks that the timer interrupts often enough within some milliseconds, which may
 * fail in an emulator on a busy host.
 */
function forLinux(append: string): string {
  return append.startsWith('console=ttyS0') ? `${append} no_timer_check` : append;
}

/** The guest's output between `guest: begin NAME` and `guest: end`, by name. */
export function sectionsOf(serial: string): Map<string, string[]> {
  const sections = [...serial.matchAll(/^guest: begin (\w+)\n([^]*?)^guest: end$/gm)];
  return new Map(sections.map(([, name = '', text = '']) => [name, text.trimEnd().split('\n')]));
}

/** The hypervisor's own lines. */
export function hypervisorLines(serial: string): string[] {
  return serial.split('\n').filter((line) => line.startsWith('tsvm: '));
}

/** Makes a folder that is removed after the test. */
export async function temporaryFolder(t: Test): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'tsvm-test-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  return folder;
}
