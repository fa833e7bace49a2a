import { Command, Option } from 'commander';
import { execa } from 'execa';
import { createWriteStream } from 'node:fs';
import { join, resolve } from 'node:path';
import { makeGuest } from '../images/guest.js';
import { ExitCode, UserError } from '../linker/errors.js';
import type { BootDiscContent } from '../images/bootDisc.js';
import { readFileParts } from '../linker/formats/file.js';
import { inspectFile, packedOptions } from '../linker/formats/inspect.js';
import { missingTool } from '../linker/toolchain/tools.js';
import { type BochsEnd, type BochsMachine, DEFAULT_BOCHS_MACHINE, startBochs } from '../emulators/bochs.js';
import { buildOnce } from './build.js';
import { checkDisk, checkOptions, readInput, readKernel } from './files.js';
import { fileName, memorySize, portNumber, positiveInteger, seconds } from './parameters.js';
import { output, root } from '../linker/paths.js';
import {
  DEFAULT_MACHINE,
  emulatorParameters,
  type Loader,
  type Machine,
  withoutFeatureWarnings,
} from '../emulators/qemu.js';
import { withTemporaryFolder } from '../linker/temporary.js';
import { printJson, tell } from './terminal.js';

const EXAMPLES = `
On a terminal the guest's serial console is here: Ctrl-A X ends the emulator, Ctrl-A C shows its monitor. Without a
terminal the default guest shows that it runs under tsvm and powers off.

Examples:
  tsvm run                                     build, and boot the default guest to its shell
  tsvm run --bare                              the same guest without the hypervisor
  tsvm run --machine pc --memory 512M          on another machine
  tsvm run --kernel vmlinuz --initrd initrd.img --append "console=ttyS0 quiet"
  tsvm run --serial boot.log --timeout 60 --append "console=ttyS0 tsvm.run=report"
  tsvm run --emulator bochs                    on an Intel processor with VT-x
  tsvm run --emulator bochs --model trinity_apu  on another with AMD-V, which exits for INITs
  tsvm run --uefi                              on a machine with UEFI firmware
  tsvm run --disk node.img --cpus 2            the system on that disk
  tsvm run --gdb                               wait for gdb, which can break on lines of kernel/*.ts
  tsvm run -- -device e1000e                   words after -- go to QEMU`;

interface Options {
  readonly emulator: 'qemu' | 'bochs';
  readonly model: string;
  readonly strictMsrs?: true;
  readonly image?: string;
  readonly bare?: true;
  readonly loader?: Loader;
  readonly uefi?: true;
  readonly disk?: string;
  readonly options: string;
  readonly kernel?: string;
  readonly initrd?: string;
  readonly append?: string;
  readonly memory?: string;
  readonly cpus: number;
  readonly cpu: string;
  readonly machine: string;
  readonly timeout?: number;
  readonly gdb?: number | true;
  readonly serial?: string;
  readonly icount?: true;
  readonly reboot: boolean;
  readonly json?: true;
}

const DEFAULT_GDB_PORT = 1234;
/** Options that only one of the emulators takes, by their names in `Options`. */
const QEMU_ONLY = ['uefi', 'disk', 'cpu', 'machine', 'gdb', 'icount'];
const BOCHS_ONLY = ['model', 'strictMsrs'];

export function runCommand(): Command {
  return new Command('run')
    .description('boot an image and a guest in QEMU (AMD-V) or Bochs (Intel VT-x, AMD-V)')
    .addOption(new Option('--emulator <name>', 'the emulator').choices(['qemu', 'bochs']).default('qemu'))
    .option('--image <file>', 'an image to boot instead of the one that is built now', fileName)
    .addOption(new Option('--bare', 'boot the guest without the hypervisor').conflicts(['image', 'loader', 'options']))
    .addOption(
      new Option(
        '--loader <name>',
        'what starts the image: the emulator, or a command of GRUB (default: qemu, in Bochs multiboot)',
      ).choices(['qemu', 'multiboot', 'multiboot2', 'linux']),
    )
    .option('--uefi', 'in QEMU, a machine with UEFI firmware')
    .option(
      '--disk <file>',
      'a raw image of a disk whose own system is the guest, started as the firmware would',
      fileName,
    )
    .option('--options <words>', "the hypervisor's options", DEFAULT_MACHINE.options)
    .option('--kernel <file>', "the guest's kernel, a Linux bzImage (default: the guest of tsvm guest)", fileName)
    .option('--initrd <file>', "the guest's initial file system", fileName)
    .option('--append <words>', `the guest kernel's command line (default: "${DEFAULT_MACHINE.append}")`)
    .option(
      '--memory <size>',
      `the machine's memory, as 512M or 6G (default: ${DEFAULT_MACHINE.memory}, in Bochs ${DEFAULT_BOCHS_MACHINE.memory})`,
      memorySize,
    )
    .option('--cpus <count>', "the machine's processors", positiveInteger, DEFAULT_MACHINE.cpus)
    .option('--cpu <model>', "QEMU's processor model", DEFAULT_MACHINE.cpu)
    .option('--machine <model>', "QEMU's machine: q35 or pc", DEFAULT_MACHINE.machine)
    .option('--model <name>', "Bochs's processor model: see bochs --help cpu", DEFAULT_BOCHS_MACHINE.model)
    .option('--strict-msrs', 'in Bochs, accesses to unknown MSRs fault')
    .option('--timeout <seconds>', 'end the emulator after this time, with exit code 124', seconds)
    .option('--gdb [port]', `wait for gdb before the first instruction (port ${DEFAULT_GDB_PORT})`, portNumber)
    .option('--serial <file>', 'write the serial console to a file', fileName)
    .option('--icount', 'count instructions as time: runs can be compared')
    .option('--no-reboot', 'end when the machine resets')
    .option('--json', 'print how the run ended as JSON')
    .argument('[words...]', 'more options for QEMU, after --')
    .addHelpText('after', EXAMPLES)
    .action(run);
}

async function run(words: string[], options: Options, command: Command): Promise<void> {
  checkWords(words);
  checkEmulator(words, options, command);
  if (options.image !== undefined) await checkImage(options.image);
  if (options.kernel !== undefined) await readKernel(options.kernel);
  if (options.initrd !== undefined) await readInput(options.initrd);
  if (options.disk !== undefined) await checkDisk(options.disk);
  if (options.image === undefined && !options.bare && (await buildOnce({})) !== ExitCode.success) {
    process.exitCode = ExitCode.refused;
    return;
  }
  if (!options.bare) {
    const file = await readInput(options.image ?? join(output, 'tsvm.bin'));
    checkOptions({ packed: packedOptions(file), outside: options.options }, file);
  }
  if (options.emulator === 'bochs') return runBochs(options);
  const machine = await machineOf(words, options);
  if (machine.gdb !== null) {
    tell(`gdb        gdb build/tsvm.debug -ex 'target remote :${machine.gdb}' -ex 'hbreak tsvm_start'`);
  }
  await emulate(machine, options);
}

/** Throws a UserError if a word does not follow `--`. */
function checkWords(words: string[]): void {
  const behind = process.argv.includes('--') ? process.argv.length - process.argv.indexOf('--') - 1 : 0;
  const [stray] = words.slice(0, Math.max(0, words.length - behind));
  if (stray === undefined) return;
  throw new UserError(`unknown word '${stray}': options for QEMU follow --`, ExitCode.usage, ['tsvm run --help']);
}

/** Throws a UserError if the command line has an option that the chosen emulator does not take. */
function checkEmulator(words: string[], { emulator }: Options, command: Command): void {
  const [name, others] = emulator === 'bochs' ? ['QEMU', QEMU_ONLY] : ['Bochs', BOCHS_ONLY];
  const given = command.options.filter((option) => command.getOptionValueSource(option.attributeName()) === 'cli');
  const refused = given.find((option) => others.includes(option.attributeName()));
  if (refused !== undefined) throw onlyFor(name, refused.long ?? refused.flags);
  if (emulator === 'bochs' && words.length > 0) throw onlyFor(name, 'a word after --');
}

function onlyFor(emulator: string, what: string): UserError {
  return new UserError(`${what} is for ${emulator} only`, ExitCode.usage, ['tsvm run --help']);
}

/** The image, the guest and their options, the same for both emulators. */
async function contentOf(chosen: Options): Promise<Omit<BootDiscContent, 'loader'>> {
  const { image, bare, options, kernel, initrd, append } = chosen;
  const hasGuest = await hasOwnGuest(chosen);
  if (hasGuest && (initrd ?? append) !== undefined) {
    const message = '--initrd and --append are for a kernel, but the guest is on the disk or in the image';
    throw new UserError(message, ExitCode.usage);
  }
  const files = hasGuest
    ? NO_GUEST
    : kernel === undefined
      ? await makeGuest({ root, onStep: tell })
      : { kernel, initrd: null };
  const alone = kernel === undefined && append === undefined && !isInteractive();
  return {
    image: bare ? null : (image ?? join(output, 'tsvm.bin')),
    options,
    kernel: files.kernel,
    initrd: initrd ?? files.initrd,
    append: append ?? (alone ? `${DEFAULT_MACHINE.append} quiet tsvm.run=poweroff` : DEFAULT_MACHINE.append),
  };
}

const NO_GUEST = { kernel: null, initrd: null };

/** Whether the guest comes from a disk or is packed into the image. */
async function hasOwnGuest({ image, kernel, disk }: Options): Promise<boolean> {
  if (kernel !== undefined) return false;
  return disk !== undefined || (image !== undefined && inspectFile(await readInput(image)).bundle !== null);
}

function isInteractive(): boolean {
  return process.stdin.isTTY && process.stdout.isTTY;
}

async function machineOf(words: string[], options: Options): Promise<Machine> {
  const { loader, uefi, disk, memory, cpus, cpu, machine, serial, gdb, reboot, icount } = options;
  if (uefi && loader !== undefined && loader !== 'qemu')
    throw new UserError('a --loader of GRUB needs a BIOS: leave --uefi out', ExitCode.usage);
  return {
    ...(await contentOf(options)),
    ...{ loader: loader ?? DEFAULT_MACHINE.loader, uefi: uefi ?? false },
    ...{ memory: memory ?? DEFAULT_MACHINE.memory, cpus, cpu, machine },
    icount: icount ?? false,
    gdb: gdb === true ? DEFAULT_GDB_PORT : (gdb ?? null),
    serial: serial !== undefined ? `file:${resolve(serial)}` : isInteractive() ? 'mon:stdio' : 'stdio',
    endOnReset: !reboot,
    extra: [...(disk === undefined ? [] : ['-drive', `file=${disk.replaceAll(',', ',,')},format=raw`]), ...words],
  };
}

async function emulate(machine: Machine, options: Options): Promise<void> {
  const { timeout, json } = options;
  const start = performance.now();
  const result = await withTemporaryFolder(async (folder) =>
    execa('qemu-system-x86_64', await emulatorParameters(machine, folder), {
      stdin: machine.serial === 'mon:stdio' ? 'inherit' : 'ignore',
      // With --json standard output is for the one object, so the console goes where the messages go.
      stdout: json ? process.stderr : 'inherit',
      stderr: [withoutFeatureWarnings, 'inherit'],
      reject: false,
      ...(timeout === undefined ? {} : { timeout: timeout * 1000 }),
    }),
  );
  if (result.code === 'ENOENT') throw missingTool('qemu-system-x86_64');
  report(result.timedOut ? 'timeout' : result.failed ? 'failed' : 'off', start, options);
}

async function runBochs(options: Options): Promise<void> {
  const { loader = DEFAULT_BOCHS_MACHINE.loader } = options;
  if (loader === 'qemu') throw onlyFor('QEMU', '--loader qemu');
  const { cpus, model, memory, strictMsrs, reboot, serial, timeout, json } = options;
  const machine: BochsMachine = {
    ...DEFAULT_BOCHS_MACHINE,
    ...(await contentOf(options)),
    ...{ loader, cpus, model, memory: memory ?? DEFAULT_BOCHS_MACHINE.memory },
    ignoreUnknownMsrs: !strictMsrs,
    endOnReset: !reboot,
  };
  const start = performance.now();
  const run = await startBochs(machine, {
    onMessage: (line) => tell(`bochs: ${line}`),
    ...(timeout === undefined ? {} : { seconds: timeout }),
  });
  run.serial.pipe(serial === undefined ? (json ? process.stderr : process.stdout) : createWriteStream(serial));
  if (isInteractive()) {
    process.stdin.setRawMode(true);
    process.stdin.pipe(run.serial);
  }
  const ended = await run.ended;
  if (isInteractive()) process.stdin.setRawMode(false).destroy();
  report(ended, start, options);
}

/** Prints how the run ended and sets the exit code. A reset that ends the run is a success: --no-reboot asked for it. */
function report(ended: BochsEnd, start: number, { timeout, json }: Options): void {
  if (json) printJson({ ended, seconds: (performance.now() - start) / 1000 });
  if (ended === 'timeout') tell(`the guest did not end within ${timeout} seconds`);
  const { success, tool } = ExitCode;
  process.exitCode = { off: success, reset: success, failed: tool, timeout: ExitCode.timeout }[ended];
}

async function checkImage(file: string): Promise<void> {
  if (readFileParts(await readInput(file)).kind === 'none') {
    throw new UserError(`${file} is not an image of tsvm`, ExitCode.usage);
  }
}
