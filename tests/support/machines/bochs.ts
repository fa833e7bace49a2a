/** Boots machines with Intel VT-x for the tests, or with AMD-V. */
import { type BochsMachine, type BochsEnd, DEFAULT_BOCHS_MACHINE, startBochs } from '../../../emulators/bochs.js';
import { defaultGuest, freshImage } from './harness.js';

export interface BochsBoot {
  /** All that came over the serial port, with \n as the end of a line. */
  readonly serial: string;
  /** `stopped`: it was stopped when `until` matched. */
  readonly ended: BochsEnd | 'stopped';
  /** What Bochs said of VM entries that failed, and of an end that it did not expect. */
  readonly messages: readonly string[];
}

export interface BochsBootOptions extends Partial<BochsMachine> {
  /** Ends the run when the serial text matches, after a moment in which a reset would show. */
  readonly until?: RegExp;
  readonly seconds?: number;
}

/** A processor with AMD-V, nested paging and the next RIP saved, as no processor of QEMU's does. */
export const AMD_MODEL = 'trinity_apu';

const SETTLE_MILLISECONDS = 2000;
/** Bochs takes half a minute of processor time for Linux, and the tests share the processors. */
const DEFAULT_SECONDS = 300;

/** Boots the default guest under the image, unless `options` says otherwise. A reset ends the run. */
export async function bootInBochs(options: BochsBootOptions): Promise<BochsBoot> {
  const { until, seconds = DEFAULT_SECONDS, ...chosen } = options;
  const machine: BochsMachine = {
    ...DEFAULT_BOCHS_MACHINE,
    image: chosen.image === undefined ? await freshImage() : chosen.image,
    ...(await defaultGuest()),
    endOnReset: true,
    ...chosen,
  };
  const messages: string[] = [];
  const run = await startBochs(machine, { seconds, onMessage: (line) => messages.push(line) });
  let serial = '';
  let stopped: NodeJS.Timeout | null = null;
  run.serial.on('error', (error) => messages.push(error.message));
  run.serial.on('data', (chunk: Buffer) => {
    serial += chunk.toString('latin1').replaceAll('\r', '');
    if (until?.test(serial)) stopped ??= setTimeout(() => run.stop(), SETTLE_MILLISECONDS);
  });
  const ended = await run.ended;
  return { serial, ended: stopped === null ? ended : 'stopped', messages };
}
