/** Boots machines in Bochs for the tests, with Intel VT-x or AMD-V. */
import { type BochsMachine, type BochsEnd, DEFAULT_BOCHS_MACHINE, startBochs } from '../../../emulators/bochs.js';
import { defaultGuest, freshImage } from './harness.js';

export interface BochsBoot {
  /** The output on the serial port, with \n at the end of each line. */
  readonly serial: string;
  /** How the run ended; `stopped`: because `until` matched. */
  readonly ended: BochsEnd | 'stopped';
  /** Bochs's messages about failed VM entries and about an unexpected end. */
  readonly messages: readonly string[];
}

export interface BochsBootOptions extends Partial<BochsMachine> {
  /** Ends the run when the output matches, after a moment in which a reset would show. */
  readonly until?: RegExp;
  readonly seconds?: number;
}

/** A processor with AMD-V, nested paging and next RIP save, which no processor of QEMU has. */
export const AMD_MODEL = 'trinity_apu';

const SETTLE_MILLISECONDS = 2000;
/** Time limit. Bochs needs half a minute of processor time to boot Linux, and the tests share the host's processors. */
const DEFAULT_SECONDS = 300;

/** Boots the default guest under the image, unless `options` has others. A reset ends the run. */
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
