import { execa } from 'execa';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import t from 'tap';
import { DEFAULT_MACHINE, emulatorParameters, type Machine } from '../../../emulators/qemu.js';
import { buildImage } from '../../../linker/toolchain/build.js';
import { ORDINARY } from '../../../linker/toolchain/kinds.js';

t.setTimeout(300_000);

const root = join(import.meta.dirname, '../../../../..');
const output = join(root, 'build', 'gdb');
const FILE = 'kernel/boot/boot.ts';
/** For a loader for Linux: "HdrS". */
const MAGIC = '0x53726448';

t.test('gdb stops at a line of TypeScript, prints and steps in the emulator', async (t) => {
  const built = await buildImage({ root, output, kind: ORDINARY, onStep: () => undefined });
  t.equal(built.kind === 'refused' ? built.diagnostics : 'built', 'built');
  const line = await lineOf('switch (magic)');
  const said = await debug([`hbreak ${FILE}:${line}`, 'continue', 'print/x magic', 'next', 'next', 'frame']);
  t.comment(said);
  t.match(said, `at ${FILE}:${line}\n`, 'it stops at the line');
  t.match(said, `$1 = ${MAGIC}`, 'it prints a parameter');
  const [last] = said.match(/(?<=#0 .* at kernel\/.*\.ts:)\d+/) ?? [];
  t.ok(Number(last) > line, `it steps to a later line, ${last}`);
});

/** The line of FILE that holds `text`. */
async function lineOf(text: string): Promise<number> {
  const lines = (await readFile(join(root, FILE), 'utf8')).split('\n');
  return lines.findIndex((line) => line.includes(text)) + 1;
}

/** The output of gdb, which debugs the image in an emulator that waits for it. */
async function debug(commands: readonly string[]): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'tsvm-gdb-'));
  const socket = join(folder, 'socket');
  const machine: Machine = {
    ...DEFAULT_MACHINE,
    image: join(output, 'tsvm.bin'),
    kernel: null,
    initrd: null,
    serial: 'null',
    extra: ['-S', '-gdb', `unix:${socket},server,nowait`],
  };
  const parameters = await emulatorParameters(machine, folder);
  const emulator = execa('qemu-system-x86_64', parameters, { stdin: 'ignore', timeout: 120_000, reject: false });
  while (!existsSync(socket) && emulator.exitCode === null) await setTimeout(50);
  const script = ['set pagination off', `target remote ${socket}`, ...commands, 'kill'];
  const words = script.flatMap((command) => ['-ex', command]);
  const { all } = await execa('gdb', ['-nx', '-batch', ...words, join(output, 'tsvm.debug')], {
    cwd: root,
    stdin: 'ignore',
    all: true,
    timeout: 90_000,
    reject: false,
  });
  emulator.kill('SIGKILL');
  await emulator;
  await rm(folder, { recursive: true });
  return all;
}
