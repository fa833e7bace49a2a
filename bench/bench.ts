/**
 * Counts what the hypervisor costs: exits and instructions, in an emulator that counts instructions as time, so that
 * each run gives the same. Prints a table, and writes the same to build/bench.json.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buildImage } from '../linker/build.js';
import { measureLinux, type Phase } from './linux.js';
import { measureOperations, type Operations } from './operations.js';
import { output, root } from './paths.js';
import { measureProcessors, type SharedPhase } from './processors.js';
import { table } from './table.js';

const tell = (text: string) => process.stderr.write(`bench: ${text}\n`);

const build = await buildImage({ root, output, onStep: () => undefined });
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
const shared = new Map<number, { bare: SharedPhase[]; guest: SharedPhase[] }>();
for (const cpus of [2, 4]) {
  tell(`Linux on ${cpus} processors`);
  shared.set(cpus, { bare: await measureProcessors(null, cpus), guest: await measureProcessors(tsvm, cpus) });
}
const { image } = build.report;

process.stdout.write(`${phaseTable(bare, guest)}\n${sharedTable()}\n${operationTable(operations, image)}`);
const figures = { image, operations, bare, guest, shared: Object.fromEntries(shared) };
await writeFile(join(output, 'bench.json'), `${JSON.stringify(figures, null, 2)}\n`);

function phaseTable(bare: readonly Phase[], guest: readonly Phase[]): string {
  const rows = guest.map(({ name, exits, ticks }, index) => [
    name,
    String(exits === null ? '?' : Object.values(exits).reduce((sum, count) => sum + count, 0)),
    Object.entries(exits ?? {})
      .map(([reason, count]) => `${count} ${reason}`)
      .join(', '),
    millions(bare[index]?.ticks ?? null),
    millions(ticks),
  ]);
  return table(['phase', 'exits', 'of them', 'bare, M instructions', 'under tsvm'], rows);
}

/** What the phases of several processors take; the last column compares rounds without a timer interrupt. */
function sharedTable(): string {
  const rows = [...shared].flatMap(([cpus, { bare, guest }]) =>
    guest.map(({ name, exits, total, perRound }, index) => {
      const other = bare[index] ?? { total: 0, perRound: 0 };
      const change = perRound === 0 ? '' : `${((perRound / other.perRound - 1) * 100).toFixed(2)} %`;
      return [`${name}, ${cpus} CPUs`, String(exits ?? '?'), millions(other.total), millions(total), change];
    }),
  );
  return table(['phase', 'exits', 'bare, M instructions', 'under tsvm', 'a round'], rows);
}

function operationTable({ startUp, perOperation }: Operations, image: number): string {
  return table(
    ['figure', 'value'],
    [
      ['start-up, instructions', startUp.toLocaleString('en')],
      ['image, bytes', image.toLocaleString('en')],
      ...Object.entries(perOperation).map(([name, count]) => [`${name}, instructions`, count.toFixed(1)]),
    ],
  );
}

function millions(ticks: number | null): string {
  return ticks === null ? '' : (ticks / 1e6).toFixed(2);
}
