/** What boot loaders run from a medium: tsvm, or a message and an endless halt where it cannot be loaded. */
import type { Fallback } from './loader.js';

/** What UEFI firmware starts from a medium that it knows nothing of (UEFI 2.10, 3.5.1.1). */
export const EFI_DEFAULT = 'EFI/BOOT/BOOTX64.EFI';

export interface StartOptions {
  /** The file, as the boot loader finds it: `/tsvm.bin`. */
  readonly file: string;
  /** The hypervisor's options. */
  readonly options: string;
  readonly fallback: Fallback;
}

/** Lines that fit the screen. */
const REFUSAL = 'tsvm: tsvm.bin does not start: it is missing, damaged or refused';
const CONSEQUENCES = {
  none: 'tsvm: the node does not start without it; write the medium again',
  node: 'tsvm: the node starts WITHOUT a hypervisor, as --fallback node said',
} as const;

const FIRST_DISK = 0x80;

/**
 * GRUB's commands for a BIOS (GNU GRUB Manual 2.06, 6 and 16.3). Where the medium is the machine's first disk, the disk
 * that the node boots from is the second: without a guest of its own tsvm goes on with that.
 */
export function biosCommands({ file, options, fallback }: StartOptions): string[] {
  const [, disk] = /(?:^|\s)disk=(\S+)/.exec(options) ?? [];
  return [
    'if regexp ^hd0 "$root"; then set disk=disk=0x81; set node=hd1; else set node=hd0; fi',
    ...(disk === undefined ? [] : [`set node=hd${Number(disk) - FIRST_DISK}`]),
    `if linux ${[file, quoted(options), ...(disk === undefined ? ['$disk'] : [])].filter(Boolean).join(' ')}; then boot; fi`,
    'if serial --unit=0 --speed=115200; then terminal_output console serial; fi',
    ...[REFUSAL, CONSEQUENCES[fallback]].map((line) => `echo ${quoted(line)}`),
    ...(fallback === 'node' ? NODE_COMMANDS : ['while true; do sleep 3600; done']),
  ];
}

/** A BIOS tries no second disk by itself: GRUB starts it, whose boot sector gets the number of the root. */
const NODE_COMMANDS = ['set root=$node', 'if chainloader +1; then boot; fi', 'exit'];

/**
 * The script for iPXE (ipxe.org/cmd). Its `kernel` fails where the file is missing, or where the firmware does not load
 * it. On UEFI `boot` comes back from tsvm alone, which then runs or was told to let the firmware go on; on a BIOS it comes
 * back where nothing was started.
 */
export function ipxeScript({ file, options, fallback }: StartOptions): string[] {
  return [
    '#!ipxe',
    `kernel ${file} ${options} || goto stop`.replace(/ +/g, ' '),
    'iseq ${platform} efi || goto bios',
    'boot ||',
    'exit 1',
    ':bios',
    'boot ||',
    ':stop',
    ...[REFUSAL, CONSEQUENCES[fallback]].map((line) => `echo ${line}`),
    ...(fallback === 'node' ? ['exit 1'] : [':wait', 'sleep 3600 ||', 'goto wait']),
  ];
}

/**
 * The configuration of pxelinux (SYSLINUX, syslinux.txt). It would start a file that it does not know as a Linux of 1995,
 * so it starts GRUB, which looks first. Where it does not find that it stays at its prompt, or is told to go on.
 */
export function pxelinuxConfiguration(grub: string, fallback: Fallback): string[] {
  return [
    'default tsvm',
    ...(fallback === 'node' ? ['onerror node'] : []),
    ...['label tsvm', `  pxe ${grub}`],
    ...(fallback === 'node' ? ['label node', '  localboot -1'] : []),
  ];
}

/** Each word in quotes, so that GRUB takes no character of it as its own. */
export function quoted(words: string): string {
  return words
    .split(/\s+/)
    .filter((word) => word !== '')
    .map((word) => `'${word.replaceAll("'", "'\\''")}'`)
    .join(' ');
}
