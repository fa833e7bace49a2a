/**
 * Measures what the hypervisor costs, in exits and instructions. The emulator counts instructions as time, so that each run
 * gives the same figures. Prints tables, and writes the figures to build/bench.json.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buildImage } from '../linker/toolchain/build.js';
import { ORDINARY } from '../linker/toolchain/kinds.js';
import { measureBochs } from './bochs.js';
import { measureLinux, type Phase } from './linux.js';
import { measureOperations, type Operations } from './operations.js';
import { output, root } from '../linker/paths.js';
import {
  changePerRound,
  describe,
  measureProcessors,
  SHARED_MACHINES,
  type SharedMachine,
  type SharedPhase,
} from './processors.js';
import { table } from './table.js';

const tell = (text: string) => process.stderr.write(`bench: ${text}\n`);

const build = await buildImage({ root, output, kind: ORDINARY, onStep: () => undefined });
if (build.kind === 'refused') {
  tell('the kernel is refused: see tsvm check');
  process.exit(1);
}
tell('start-up and single operations');
const operations = await measureOperations();
tell('Linux on the bare machine');
const bare = await measureLinux(null);
tell('Linux under tsvm');
const tsvm = join(output, 'tsvm.bin');
const guest = await measureLinux(tsvm);
const shared: Shared[] = [];
for (const machine of SHARED_MACHINES) {
  tell(`Linux on ${describe(machine)}`);
  shared.push({
    machine,
    bare: await measureProcessors(null, machine),
    guest: await measureProcessors(tsvm, machine),
  });
}
tell('Linux on VT-x, in Bochs');
const intel = await measureBochs(tsvm);
const { image } = build.report;

process.stdout.write(
  `${phaseTable(bare, guest)}\n${intelTable()}\n${sharedTable()}\n${operationTable(operations, image)}`,
);
const figures = { image, operations, bare, guest, intel, shared };
await writeFile(join(output, 'bench.json'), `${JSON.stringify(figures, null, 2)}\n`);

function phaseTable(bare: readonly Phase[], guest: readonly Phase[]): string {
  const rows = guest.map((phase, index) => [
    ...exitCells(phase),
    millions(bare[index]?.ticks ?? null),
    millions(phase.ticks),
  ]);
  return table(['phase', 'exits', 'of them', 'bare, M instructions', 'under tsvm'], rows);
}

/** The phases on VT-x, where CPUID always causes an exit. Each new program executes CPUID. */
function intelTable(): string {
  return table(['phase on VT-x, a part of the work', 'exits', 'of them'], intel.map(exitCells));
}

function exitCells({ name, exits }: Phase): string[] {
  const counts = Object.entries(exits ?? {});
  const sum = counts.reduce((total, [, count]) => total + count, 0);
  return [name, exits === null ? '?' : String(sum), counts.map(([reason, count]) => `${count} ${reason}`).join(', ')];
}

interface Shared {
  readonly machine: SharedMachine;
  readonly bare: readonly SharedPhase[];
  readonly guest: readonly SharedPhase[];
}

/** The phases on several processors. The last column compares rounds without a timer interrupt. */
function sharedTable(): string {
  const rows = shared.flatMap(({ machine, bare, guest }) =>
    guest.map((phase, index) => [
      `${phase.name}, ${describe(machine)}`,
      String(phase.exits ?? '?'),
      millions(bare[index]?.total ?? null),
      millions(phase.total),
      percent(changePerRound(bare[index], phase)),
    ]),
  );
  return table(['phase', 'exits', 'bare, M instructions', 'under tsvm', 'a round'], rows);
}

function percent(change: number | null): string {
  return change === null ? '' : `${(change * 100).toFixed(2)} %`;
}

function operationTable({ startUp, startUpWith16Mib, perOperation }: Operations, image: number): string {
  return table(
    ['figure', 'value'],
    [
      ['start-up, instructions', startUp.toLocaleString('en')],
      ['with a guest of 16 MiB, besides copying', startUpWith16Mib.toLocaleString('en')],
      ['image, bytes', image.toLocaleString('en')],
      ...Object.entries(perOperation).map(([name, count]) => [`${name}, instructions`, count.toFixed(1)]),
    ],
  );
}

function millions(ticks: number | null): string {
  return ticks === null ? '' : (ticks / 1e6).toFixed(2);
}
