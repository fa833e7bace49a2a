/** Measures the phases of images/guest/phases.c in which several processors take part. */
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeGuest } from '../images/guest.js';
import { runTool } from '../linker/toolchain/tools.js';
import { runOnOneThread } from './machine.js';
import { output, root } from '../linker/paths.js';

export interface SharedPhase {
  readonly name: string;
  /** Instructions of all processors, the hypervisor's included. */
  readonly total: number;
  /** The first decile of the instructions per round: rounds without a timer interrupt. 0 if the phase has no rounds. */
  readonly perRound: number;
  /** Exits of all processors in the phase, without the hypercalls that read the counters; null on the bare machine. */
  readonly exits: number | null;
}

export interface SharedMachine {
  readonly cpus: number;
  /** Whether the firmware is UEFI, not a BIOS. */
  readonly uefi: boolean;
}

export const SHARED_MACHINES: readonly SharedMachine[] = [
  { cpus: 2, uefi: false },
  { cpus: 4, uefi: false },
  { cpus: 2, uefi: true },
  { cpus: 4, uefi: true },
];

export function describe({ cpus, uefi }: SharedMachine): string {
  return `${cpus} CPUs, ${uefi ? 'UEFI' : 'BIOS'}`;
}

/** The fraction by which a round takes more instructions than on the bare machine; null if the phase has no rounds. */
export function changePerRound(bare: SharedPhase | undefined, guest: SharedPhase): number | null {
  return bare === undefined || bare.perRound === 0 ? null : guest.perRound / bare.perRound - 1;
}

/** The exit caused by reading the counters. */
const ASKING = 'vmmcall';

/** Boots the guest under `image`, or on the bare machine, and runs the phases. */
export async function measureProcessors(image: string | null, machine: SharedMachine): Promise<SharedPhase[]> {
  const folder = join(output, 'bench');
  const plugin = join(folder, 'instructions.so');
  const counts = join(folder, 'counts');
  await mkdir(folder, { recursive: true });
  const source = join(root, 'bench', 'instructions.c');
  await runTool('gcc', ['-shared', '-fPIC', '-O2', '-Wall', '-Wextra', '-Werror', '-o', plugin, source]);
  const serial = await runOnOneThread({
    image,
    ...(await makeGuest({ root, onStep: () => undefined })),
    ...machine,
    options: 'apic=release',
    append: 'console=ttyS0 quiet tsvm.run=smp',
    extra: ['-plugin', `${plugin},out=${counts}`],
  });
  if (image !== null) checkProcessors(serial, machine);
  const lines = [...(await readFile(counts, 'utf8')).matchAll(/^total=(\d+) rounds=\d+ decile=(\d+) /gm)];
  const phases = [...serial.matchAll(/^guest: phase (.+) ticks=\d+ before=(.*) after=(.*)$/gm)];
  if (phases.length === 0 || phases.length !== lines.length) throw new Error(`the guest ran no phase:\n${serial}`);
  return phases.map(([, name = '', before = '', after = ''], index) => ({
    name,
    total: Number(lines[index]?.[1]),
    perRound: Number(lines[index]?.[2]),
    exits: difference(exitsIn(before), exitsIn(after)),
  }));
}

/** Throws if a processor has escaped from the hypervisor, since it would have no exits either. */
function checkProcessors(serial: string, machine: SharedMachine): void {
  const count = processorsBelow(serial);
  if (count !== machine.cpus)
    throw new Error(`${count} processors are under tsvm, on ${describe(machine)}:\n${serial}`);
}

/** The number of processors that the guest found under the hypervisor after its phases. */
export function processorsBelow(serial: string): number {
  return [...serial.matchAll(/^guest: cpu\d+ still under tsvm$/gm)].length;
}

function difference(before: number | null, after: number | null): number | null {
  return before === null || after === null ? null : after - before;
}

/** The sum of the exits of all processors, from the output of `tsvm-stat --json`. */
function exitsIn(json: string): number | null {
  const report = JSON.parse(json) as { processors: Record<string, number>[] } | null;
  if (report === null) return null;
  return report.processors
    .flatMap((counts) => Object.entries(counts))
    .reduce((sum, [reason, count]) => (reason === ASKING ? sum : sum + count), 0);
}
