import { Command } from 'commander';
import { makeGuest } from '../images/guest.js';
import { root } from '../linker/paths.js';
import { printJson, tell } from './terminal.js';

const EXAMPLES = `
The guest is Debian's cloud kernel, an initramfs of busybox, and tsvm-stat, which asks the hypervisor for its
counts. It is made in build/guest; the first time needs the network.

Example:
  tsvm guest            print where its two files are`;

export function guestCommand(): Command {
  return new Command('guest')
    .description('make the default guest from Debian packages')
    .option('--json', 'print the paths as JSON')
    .addHelpText('after', EXAMPLES)
    .action(async ({ json }: { json?: true }) => {
      const guest = await makeGuest({ root, onStep: tell });
      if (json) printJson(guest);
      else process.stdout.write(`${guest.kernel}\n${guest.initrd}\n`);
    });
}
