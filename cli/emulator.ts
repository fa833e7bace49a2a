/** The machine that QEMU is asked for. Tests and the bench start their machines by it too. */
import { ExitCode, UserError } from '../linker/errors.js';

export interface Machine {
  /** The hypervisor's image, or null to run the guest on the bare machine. */
  readonly image: string | null;
  /** The hypervisor's options. */
  readonly options: string;
  /** The guest's kernel; without one the hypervisor gets no modules. */
  readonly kernel: string | null;
  readonly initrd: string | null;
  /** The guest kernel's command line. */
  readonly append: string;
  /** As QEMU reads it: 512M, 6G. */
  readonly memory: string;
  readonly cpus: number;
  readonly cpu: string;
  readonly machine: string;
  /** Counts instructions as time: the same image gives the same counts. */
  readonly icount: boolean;
  /** The TCP port where gdb is waited for. */
  readonly gdb: number | null;
  /** What the first serial port is, in QEMU's words: `file:NAME`, `stdio`, `mon:stdio`. */
  readonly serial: string;
  /** Whether a reset of the machine ends the run. */
  readonly endOnReset: boolean;
  /** More words for QEMU. */
  readonly extra: readonly string[];
}

export const DEFAULT_MACHINE: Omit<Machine, 'image' | 'kernel' | 'initrd' | 'serial'> = {
  options: '',
  append: 'console=ttyS0',
  memory: '1G',
  cpus: 1,
  cpu: 'EPYC',
  machine: 'q35',
  icount: false,
  gdb: null,
  endOnReset: false,
  extra: [],
};

/** QEMU's command line. Throws a UserError for a file name that cannot be written there. */
export function emulatorParameters(machine: Machine): string[] {
  return [
    ...['-accel', 'tcg', '-cpu', machine.cpu, '-machine', machine.machine, '-smp', String(machine.cpus)],
    ...['-m', machine.memory, '-display', 'none', '-serial', machine.serial],
    ...(machine.serial === 'mon:stdio' ? [] : ['-monitor', 'none']),
    ...(machine.icount ? ['-icount', 'shift=0,sleep=off'] : []),
    ...(machine.gdb === null ? [] : ['-S', '-gdb', `tcp:127.0.0.1:${machine.gdb}`]),
    ...(machine.endOnReset ? ['-no-reboot'] : []),
    ...bootParameters(machine),
    ...machine.extra,
  ];
}

/** Under the hypervisor, the guest's kernel and initrd are multiboot modules; the bare machine boots them itself. */
function bootParameters({ image, options, kernel, initrd, append }: Machine): string[] {
  const initrdWords = (word: string) => (word === '' ? [] : ['-initrd', word]);
  if (image === null)
    return kernel === null ? [] : ['-kernel', kernel, '-append', append, ...initrdWords(initrd ?? '')];
  const modules = [
    ...(kernel === null ? [] : [moduleWord(kernel, append)]),
    ...(initrd === null ? [] : [moduleWord(initrd, '')]),
  ];
  return ['-kernel', image, '-append', options, ...initrdWords(modules.join(','))];
}

/** In QEMU's list of modules a comma is written twice, and the first space ends the file's name. */
function moduleWord(file: string, commandLine: string): string {
  if (file.includes(' ')) {
    throw new UserError(`QEMU cannot load a module whose name has a space: ${file}`, ExitCode.usage);
  }
  return `${file} ${commandLine}`.trim().replaceAll(',', ',,');
}

/** QEMU's messages without those that name what every processor model lacks when it is emulated. */
export function* withoutFeatureWarnings(line: unknown): Generator<unknown> {
  if (!String(line).includes("warning: TCG doesn't support requested feature")) yield line;
}
