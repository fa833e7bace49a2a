import { Argument, Command, Option } from 'commander';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Fallback, FALLBACKS } from '../images/loader.js';
import { makeBootDisk, makeDisc, type Medium } from '../images/media.js';
import { makeNetworkTree } from '../images/network.js';
import { ExitCode, UserError } from '../linker/errors.js';
import { packedOptions } from '../linker/formats/inspect.js';
import { isSigned } from '../linker/formats/pe.js';
import { checkOptions, STANDARD_OUTPUT, writeFolder, writeOutput } from './files.js';
import { addPackOptions, bundleOf, packedImage, type PackOptions } from './pack.js';
import { fileName } from './parameters.js';
import { printJson, tellStep, tellWarning } from './terminal.js';

const HELP = `
Media:
  iso    a CD for BIOS and UEFI; it may be written to a USB stick as it is
  disk   a disk with a GPT
  usb    the same with a partition table that old firmware and other systems read, too
  pxe    a folder for a TFTP or HTTP server: a script for iPXE, and the first files for BIOS and UEFI

Without --kernel the medium has no guest: tsvm then starts what is on the node's own disk.
If the medium's tsvm cannot be loaded, the node stands still; with --fallback node it starts WITHOUT a hypervisor.

Examples:
  tsvm image iso --kernel vmlinuz --initrd initrd.img --append "root=/dev/sda1" -o node.iso
  tsvm image usb -o stick.img                          start the system on the node's disk
  tsvm image disk --image signed.bin -o node.img       a file of tsvm pack, signed for Secure Boot
  tsvm image pxe --options crash=reset --kernel vmlinuz --initrd initrd.img -o /srv/tftp
  dd if=stick.img of=/dev/sdX bs=1M conv=fsync         write a disk or CD image to a stick

docs/boot.md tells how nodes are started from each.`;

const MAKERS = {
  iso: makeDisc,
  disk: (medium: Medium, output: string) => makeBootDisk(medium, 'gpt', output),
  usb: (medium: Medium, output: string) => makeBootDisk(medium, 'mbr', output),
  pxe: makeNetworkTree,
} as const;
type Kind = keyof typeof MAKERS;

interface Options extends PackOptions {
  readonly options: string;
  readonly fallback: Fallback;
  readonly output: string;
  readonly json?: true;
}

/** The characters that all loaders pass on: printable ASCII without those that have a meaning in GRUB's languages. */
const OPTION_WORDS = /^[\w=,.:\\/ -]*$/;

export function imageCommand(): Command {
  const command = new Command('image')
    .description('make a medium that starts a node: a CD, a disk, a USB stick, or files for a network server')
    .addArgument(new Argument('<medium>', 'what to make').choices(Object.keys(MAKERS)));
  return addPackOptions(command)
    .option('--options <words>', "the hypervisor's options", '')
    .addOption(
      new Option(
        '--fallback <what>',
        "what the medium starts if its tsvm cannot be loaded: nothing, or the node's own system",
      )
        .choices(FALLBACKS)
        .default('none'),
    )
    .requiredOption('-o, --output <file>', 'the file to write, or a device; for pxe, the folder', fileName)
    .option('--json', 'print what was written as JSON')
    .addHelpText('after', HELP)
    .action(makeImage);
}

async function makeImage(kind: Kind, options: Options): Promise<void> {
  if (options.output === STANDARD_OUTPUT) {
    throw new UserError('a medium is not written to standard output: give -o the name of a file', ExitCode.usage);
  }
  const image = await packedImage(options, await bundleOf(options));
  if (image === null) {
    process.exitCode = ExitCode.refused;
    return;
  }
  checkOptions({ packed: packedOptions(image), outside: options.options }, image);
  checkCharacters(options.options);
  tellRisks(kind, options, image);
  const start = performance.now();
  const write = kind === 'pxe' ? writeFolder : writeOutput;
  await write(options.output, async (path, folder) => {
    const { fallback } = options;
    const medium = { image: join(folder, 'tsvm.bin'), options: options.options.trim(), fallback, folder };
    await writeFile(medium.image, image);
    await MAKERS[kind](medium, path);
  });
  tellStep(kind, options.output, performance.now() - start);
  if (options.json) printJson({ medium: kind, file: options.output, imageBytes: image.length });
}

function tellRisks(kind: Kind, { options, fallback }: Options, image: Buffer): void {
  if (fallback === 'node') tellWarning('if this medium fails, the node starts WITHOUT a hypervisor: --fallback node');
  const needsLoader = kind !== 'pxe' && (options.trim() !== '' || fallback === 'node');
  if (needsLoader && isSigned(image)) {
    tellWarning(
      'Secure Boot does not start this medium: the loader that passes --options on, or falls back, is not signed',
    );
  }
}

/** Throws a UserError if a loader would not pass the words on unchanged. */
function checkCharacters(words: string): void {
  if (!OPTION_WORDS.test(words)) {
    throw new UserError('--options contains characters that boot loaders would not pass on', ExitCode.usage);
  }
}
