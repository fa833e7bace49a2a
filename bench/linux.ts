/** Measures the phases of images/guest/phases.c in the default guest. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeGuest } from '../images/guest.js';
import { runCounted } from './machine.js';
import { output, root } from '../linker/paths.js';

export interface Phase {
  readonly name: string;
  /** Ticks of the time-stamp counter: instructions, and idle time. Null for the time before the first phase. */
  readonly ticks: number | null;
  /** Exits in the phase by reason, without the hypercalls that read the counters; null on the bare machine. */
  readonly exits: Readonly<Record<string, number>> | null;
}

const DISK_BYTES = 16 << 20;
/** The exits caused by reading the counters, on AMD-V and on VT-x. */
const ASKING = ['vmmcall', 'vmcall'];

/** Boots the guest under `image`, or on the bare machine, and runs the guest's phases. */
export async function measureLinux(image: string | null): Promise<Phase[]> {
  const guest = await makeGuest({ root, onStep: () => undefined });
  const disk = join(output, 'bench', 'disk');
  await mkdir(join(output, 'bench'), { recursive: true });
  await writeFile(disk, Buffer.alloc(DISK_BYTES));
  const serial = await runCounted({
    image,
    ...guest,
    options: 'apic=release',
    append: 'console=ttyS0 quiet tsvm.run=bench',
    extra: ['-drive', `file=${disk},if=none,id=disk,format=raw`, '-device', 'nvme,drive=disk,serial=bench'],
  });
  return phasesOf(serial);
}

/** Reads the phases from the output on the serial port. */
export function phasesOf(serial: string): Phase[] {
  const phases = [...serial.matchAll(/^guest: phase (\S+) ticks=(\d+) before=(.*) after=(.*)$/gm)].map(
    ([, name = '', ticks, before = 'null', after = 'null']) => ({
      name,
      ticks: Number(ticks),
      exits: difference(countsOf(before), countsOf(after)),
    }),
  );
  const first = /^guest: phase \S+ ticks=\d+ before=(.*) after=/m.exec(serial)?.[1] ?? 'null';
  if (phases.length === 0) throw new Error(`the guest ran no phase:\n${serial}`);
  return [{ name: 'kernel entry to init', ticks: null, exits: difference({}, countsOf(first)) }, ...phases];
}

function difference(before: Counts | null, after: Counts | null): Counts | null {
  if (before === null || after === null) return null;
  const changed = Object.entries(after).map(([reason, count]) => [reason, count - (before[reason] ?? 0)] as const);
  return Object.fromEntries(changed.filter(([reason, count]) => !ASKING.includes(reason) && count !== 0));
}

type Counts = Readonly<Record<string, number>>;

/** Exits on the BSP by reason, from the output of `tsvm-stat --json`. */
function countsOf(json: string): Counts | null {
  const report = JSON.parse(json) as { exits: Counts } | null;
  return report?.exits ?? null;
}
