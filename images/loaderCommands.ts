/** Commands with which boot loaders start tsvm from a medium. If it cannot be loaded, they show a message and halt. */
import type { Fallback } from './loader.js';

/** The file that UEFI firmware starts from a medium without a boot entry (UEFI 2.10, 3.5.1.1). */
export const EFI_DEFAULT = 'EFI/BOOT/BOOTX64.EFI';

export interface StartOptions {
  /** The file, as the boot loader finds it: `/tsvm.bin`. */
  readonly file: string;
  /** The hypervisor's options. */
  readonly options: string;
  readonly fallback: Fallback;
}

/** A message whose lines fit the screen. */
const REFUSAL = 'tsvm: tsvm.bin does not start: it is missing, damaged or refused';
const CONSEQUENCES = {
  none: 'tsvm: the node does not start without it; write the medium again',
  node: 'tsvm: the node starts WITHOUT a hypervisor, as --fallback node said',
} as const;

const FIRST_DISK = 0x80;

/**
 * GRUB's commands for a BIOS (GNU GRUB Manual 2.06, 6 and 16.3). If the medium is the machine's first disk, the node's own
 * disk is the second: tsvm without a guest in its file boots that disk.
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

/** Commands that boot the node's own disk, since a BIOS does not try a second one. Its boot sector gets the root's number. */
const NODE_COMMANDS = ['set root=$node', 'if chainloader +1; then boot; fi', 'exit'];

/**
 * The script for iPXE (ipxe.org/cmd). `kernel` fails if the file is missing or the firmware does not load it. On UEFI `boot`
 * returns only from tsvm, which then runs or was told to let the firmware go on. On a BIOS it returns if nothing was started.
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
 * The configuration of pxelinux (SYSLINUX, syslinux.txt). pxelinux would start any unknown file as a Linux kernel of 1995, so it
 * starts GRUB, which checks the file. If GRUB is missing, pxelinux stays at its prompt or goes on, as `fallback` says.
 */
export function pxelinuxConfiguration(grub: string, fallback: Fallback): string[] {
  return [
    'default tsvm',
    ...(fallback === 'node' ? ['onerror node'] : []),
    ...['label tsvm', `  pxe ${grub}`],
    ...(fallback === 'node' ? ['label node', '  localboot -1'] : []),
  ];
}

/** Puts each word in quotes, so that no character of it has a meaning for GRUB. */
export function quoted(words: string): string {
  return words
    .split(/\s+/)
    .filter((word) => word !== '')
    .map((word) => `'${word.replaceAll("'", "'\\''")}'`)
    .join(' ');
}
