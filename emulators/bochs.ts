/** Starts machines in Bochs, the emulator that has both Intel VT-x and AMD-V, for `tsvm run`, the tests and the bench. */
import { execa } from 'execa';
import { rm, writeFile } from 'node:fs/promises';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { type BootDiscContent, makeBootDisc } from '../images/bootDisc.js';
import { ExitCode, UserError } from '../linker/errors.js';
import { missingTool } from '../linker/toolchain/tools.js';
import { removeNow, temporaryFolder } from '../linker/temporary.js';

export interface BochsMachine extends BootDiscContent {
  /** Size with a unit: 256M, 1G. */
  readonly memory: string;
  readonly cpus: number;
  /** The processor's model, one of `bochs --help cpu`. */
  readonly model: string;
  /** Whether unknown MSRs read as zero, as Linux expects of some of them. Otherwise an access raises #GP. */
  readonly ignoreUnknownMsrs: boolean;
  /** `legacy` leaves IA32_FEATURE_CONTROL unlocked, as it is after reset. */
  readonly firmware: 'latest' | 'legacy';
  /** Whether a reset of the machine ends the run. */
  readonly endOnReset: boolean;
  /** A raw image of the hard disk, of whole cylinders of 1,008 sectors; null: no disk. */
  readonly disk: string | null;
}

export const DEFAULT_BOCHS_MACHINE: Omit<BochsMachine, 'image' | 'kernel' | 'initrd'> = {
  loader: 'multiboot',
  options: '',
  append: 'console=ttyS0',
  memory: '256M',
  cpus: 1,
  model: 'corei7_haswell_4770',
  ignoreUnknownMsrs: true,
  firmware: 'latest',
  endOnReset: false,
  disk: null,
};

/** How a run ended. `reset`: by a reset or a triple fault; `failed`: Bochs reported an error. */
export type BochsEnd = 'off' | 'reset' | 'timeout' | 'failed';

export interface BochsRun {
  /** The first serial port. */
  readonly serial: Socket;
  readonly ended: Promise<BochsEnd>;
  stop(): void;
}

export interface BochsOptions {
  /** Receives Bochs's messages about failures, such as why a VM entry failed. */
  readonly onMessage: (line: string) => void;
  readonly seconds?: number;
}

/** Instructions per second of the machine's time. A larger number only makes waits take longer. */
const INSTRUCTIONS_PER_SECOND = 25_000_000;
/** The clock starts at 2020-01-01: with a fixed time all runs are equal. */
const START_OF_TIME = 1577836800;
const POWER_OFF = /soft power off|Shutdown port/;
const TRIPLE_FAULT = /exception with no resolution/;
const RESET = /Reset\(HARDWARE\)/;
const PANIC = />>PANIC<<.*/;
const ABOUT_ENTRY = /VMFAIL|VMENTER|VMENTRY/;

/** Starts Bochs, without a display. Throws a UserError when it is not installed or cannot start. */
export async function startBochs(machine: BochsMachine, options: BochsOptions): Promise<BochsRun> {
  const folder = temporaryFolder();
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const files = await writeMachine(machine, folder, port).catch(async (error: unknown) => {
    server.close();
    await removeNow(folder);
    throw error;
  });

  let panic = '';
  let starts = 0;
  const listen = function* (line: unknown) {
    const text = String(line);
    panic = PANIC.exec(text)?.[0] ?? panic;
    if (RESET.test(text)) starts++;
    if (starts > 1 && machine.endOnReset) emulator.kill('SIGKILL');
    if (ABOUT_ENTRY.test(text)) options.onMessage(text);
  };
  const emulator = execa('bochs', ['-q', '-f', files.configuration, '-rc', files.commands], {
    ...{ stdin: 'ignore', stdout: 'ignore', stderr: [listen, 'pipe'], reject: false },
    ...(options.seconds === undefined ? {} : { timeout: options.seconds * 1000 }),
  });
  const ended = emulator.then(async (result): Promise<BochsEnd> => {
    server.close();
    await removeNow(folder);
    // Bochs locks the disk with this file, and does not remove it when it is killed.
    if (machine.disk !== null) await rm(`${machine.disk}.lock`, { force: true });
    if (result.code === 'ENOENT') throw missingTool('bochs');
    if (result.timedOut) return 'timeout';
    if (POWER_OFF.test(panic)) return 'off';
    if ((starts > 1 && machine.endOnReset) || TRIPLE_FAULT.test(panic)) return 'reset';
    options.onMessage(panic === '' ? 'ended without a message' : panic);
    return 'failed';
  });
  const connected = await Promise.race([once(server, 'connection'), ended]);
  if (!Array.isArray(connected)) throw new UserError('bochs did not start', ExitCode.tool);
  return { serial: connected[0] as Socket, ended, stop: () => emulator.kill('SIGKILL') };
}

async function writeMachine(machine: BochsMachine, folder: string, port: number) {
  const disc = await makeBootDisc(machine, folder);
  const files = { configuration: join(folder, 'bochsrc'), commands: join(folder, 'commands') };
  await writeFile(files.configuration, configurationOf(machine, disc, port));
  await writeFile(files.commands, 'c\n');
  return files;
}

/** Bochs's configuration file (Bochs User Manual 2.7, 4.3). Without the line `sound` Debian's Bochs aborts. */
function configurationOf(machine: BochsMachine, disc: string, port: number): string {
  const { model, cpus, memory, ignoreUnknownMsrs, firmware, disk } = machine;
  const mebibytes = parseInt(memory) * (memory.endsWith('G') ? 1024 : 1);
  const ignore = ignoreUnknownMsrs ? 1 : 0;
  return `
config_interface: textconfig
display_library: rfb, options="timeout=0"
romimage: file=/usr/share/bochs/BIOS-bochs-${firmware}, options=fastboot
vgaromimage: file=/usr/share/vgabios/vgabios-stdvga.bin
cpu: model=${model}, count=${cpus}, ips=${INSTRUCTIONS_PER_SECOND}, reset_on_triple_fault=0, ignore_bad_msrs=${ignore}
memory: guest=${mebibytes}, host=${mebibytes}
pci: enabled=1, chipset=i440fx
vga: extension=vbe
ata0: enabled=1, ioaddr1=0x1f0, ioaddr2=0x3f0, irq=14
ata0-master: type=cdrom, path=${disc}, status=inserted
${disk === null ? '' : `ata0-slave: type=disk, mode=flat, path=${disk}`}
boot: ${machine.image === null && machine.kernel === null ? 'disk' : 'cdrom'}
clock: sync=none, time0=${START_OF_TIME}
com1: enabled=1, mode=socket-client, dev=127.0.0.1:${port}
log: -
panic: action=fatal
error: action=report
info: action=ignore, pc_system=report
debug: action=ignore
mouse: enabled=0
sound: waveoutdrv=dummy, waveindrv=dummy, midioutdrv=dummy
speaker: enabled=0
`;
}
