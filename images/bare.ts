/** Guests of one assembly file, for tests and the bench: images/bare/. */
import { join } from 'node:path';
import { runTool } from '../linker/tools.js';

/**
 * `bios` is a disk, `efi` an application of UEFI, `levels` and `multiboot` are for Multiboot loaders; the others are Linux
 * bzImages in shape: `entry` one in real mode, the rest with a 64-bit entry.
 */
export type BareProgram =
  | 'bios'
  | 'efi'
  | 'entry'
  | 'hostile'
  | 'leaves'
  | 'levels'
  | 'limits'
  | 'multiboot'
  | 'nmi'
  | 'probe'
  | 'processors'
  | 'shadows'
  | 'smi'
  | 'tasks'
  | 'timers';

export async function assembleBareProgram(root: string, name: BareProgram, file: string): Promise<void> {
  const folder = join(root, 'images', 'bare');
  await runTool('nasm', ['-f', 'bin', '-i', `${folder}/`, '-o', file, join(folder, `${name}.asm`)]);
}
