/** Assembles the guests that consist of one assembly file, for tests and the bench: images/bare/ and images/adversary/. */
import { join } from 'node:path';
import { runTool } from '../linker/toolchain/tools.js';

/**
 * Guests for single features. `bios` and `ports` are disks, `biosMemory` is a boot sector, `efi` is an EFI application, `levels`
 * and `multiboot` are for Multiboot loaders. The others have the form of a Linux bzImage: `entry` starts in real mode, the rest
 * at the 64-bit entry.
 */
export type BareProgram =
  | 'bios'
  | 'deliveries'
  | 'biosMemory'
  | 'crash'
  | 'efi'
  | 'entry'
  | 'forms'
  | 'hostile'
  | 'leaves'
  | 'levels'
  | 'limits'
  | 'msrs'
  | 'multiboot'
  | 'nmi'
  | 'passes'
  | 'ports'
  | 'probe'
  | 'processors'
  | 'quickStart'
  | 'real'
  | 'shadows'
  | 'smi'
  | 'tasks'
  | 'timers';

export async function assembleBareProgram(root: string, name: BareProgram, file: string): Promise<void> {
  await assemble(root, 'bare', name, file);
}

/** Guests that attack the hypervisor. The first lines of each file say what it does and prints. */
export type Adversary = 'edges' | 'modes' | 'races' | 'resets' | 'storms' | 'sweeps';

export async function assembleAdversary(root: string, name: Adversary, file: string): Promise<void> {
  await assemble(root, 'adversary', name, file);
}

async function assemble(root: string, folder: string, name: string, file: string): Promise<void> {
  const folders = ['bare/include', folder].flatMap((included) => ['-i', `${join(root, 'images', included)}/`]);
  await runTool('nasm', ['-f', 'bin', ...folders, '-o', file, join(root, 'images', folder, `${name}.asm`)]);
}
