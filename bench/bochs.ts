/** Measures the phases of linux.ts on VT-x in Bochs, which has no NVMe, with a part of the work. */
import { DEFAULT_BOCHS_MACHINE, startBochs } from '../emulators/bochs.js';
import { makeGuest } from '../images/guest.js';
import { phasesOf, type Phase } from './linux.js';
import { root } from '../linker/paths.js';

const TIMEOUT_SECONDS = 1200;

/** Boots the guest under `image`, which counts the exits, and runs the guest's phases. */
export async function measureBochs(image: string): Promise<Phase[]> {
  const guest = await makeGuest({ root, onStep: () => undefined });
  const append = 'console=ttyS0,115200 quiet tsvm.run=bench-quick';
  const machine = { ...DEFAULT_BOCHS_MACHINE, ...guest, image, append, endOnReset: true };
  const run = await startBochs(machine, { seconds: TIMEOUT_SECONDS, onMessage: () => undefined });
  let serial = '';
  run.serial.on('data', (chunk: Buffer) => (serial += chunk.toString('latin1').replaceAll('\r', '')));
  const ended = await run.ended;
  if (ended !== 'off') throw new Error(`Bochs ended by ${ended}; it wrote:\n${serial}`);
  return phasesOf(serial);
}
