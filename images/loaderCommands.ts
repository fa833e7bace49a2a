/** GRUB's commands that start tsvm (GNU GRUB Manual 2.06, 6 and 16.3). */

/** What UEFI firmware starts from a medium that it knows nothing of (UEFI 2.10, 3.5.1.1). */
export const EFI_DEFAULT = 'EFI/BOOT/BOOTX64.EFI';

export interface StartOptions {
  /** The file, as GRUB finds it: `/tsvm.bin`. */
  readonly file: string;
  /** The hypervisor's options. */
  readonly options: string;
}

/**
 * For a BIOS. Where the medium is the machine's first disk, the disk that the node boots from is the second: without a
 * guest of its own tsvm goes on with that.
 */
export function biosCommands({ file, options }: StartOptions): string[] {
  const start = `linux ${file} ${quoted(options)}`.trim();
  if (/(^|\s)disk=/.test(options)) return [start, 'boot'];
  return [`if regexp ^hd0 "$root"; then ${start} disk=0x81; else ${start}; fi`, 'boot'];
}

/**
 * For UEFI: there tsvm is an application. Without a guest of its own it comes back, for the firmware to go on; but GRUB
 * could leave only with a success, on which firmware shows its menu. So GRUB starts the next disk that can be started.
 */
export function efiCommands({ file, options }: StartOptions): string[] {
  return [
    ...[`chainloader ${file} ${quoted(options)}`.trim(), 'boot'],
    // It is what makes names of the pattern.
    'insmod regexp',
    'for place in (hd*,*); do',
    `if [ "$place" != "($root)" -a -f $place/${EFI_DEFAULT} ]; then chainloader $place/${EFI_DEFAULT}; boot; fi`,
    'done',
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
