import { Command, Option } from 'commander';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DIGEST_KINDS, type DigestKind, makeBundle } from '../linker/formats/bundle.js';
import { ExitCode, UserError } from '../linker/errors.js';
import { readFileParts, packFile } from '../linker/formats/file.js';
import { isSigned } from '../linker/formats/pe.js';
import { buildOnce } from './build.js';
import { checkOptions, readInput, readKernel, STANDARD_OUTPUT, writeOutput } from './files.js';
import { fileName } from './parameters.js';
import { output } from '../linker/paths.js';
import { printJson, tell, tellWarning } from './terminal.js';

const EXAMPLES = `
The file that this writes starts a node with its guest by every boot path, and checks the parts before it uses them.
With --bundle-only it is what boot loaders take besides tsvm.bin: as the initrd of a Linux kernel.

Examples:
  tsvm pack --kernel vmlinuz --initrd initrd.img --append "root=/dev/sda1 console=ttyS0" -o node.bin
  tsvm pack --kernel vmlinuz --append console=ttyS0 --bundle-only -o guest.cpio
  tsvm pack --options "apic=trap" -o node.bin                     with options, and no guest of its own
  tsvm pack --image old-node.bin --kernel vmlinuz -o node.bin     with another guest in it
  tsvm pack --kernel vmlinuz -o - | ssh server "cat > node.bin"   to standard output`;

/** The files that become a bundle, and the image that the bundle is put into. */
export interface PackOptions {
  readonly kernel?: string;
  readonly initrd?: string;
  readonly append?: string;
  readonly policy?: string;
  /** The hypervisor's options that are put into the file; only `tsvm pack` has them. */
  readonly packedOptions?: string;
  readonly digest: DigestKind;
  readonly image?: string;
}

interface Options extends PackOptions {
  readonly options?: string;
  readonly bundleOnly?: true;
  readonly output: string;
  readonly json?: true;
}

/** The longest command line that Linux accepts, in bytes. */
const MOST_COMMAND_LINE = 2047;

export function packCommand(): Command {
  const command = new Command('pack').description('put a guest into the image, so that one file starts a node');
  return addPackOptions(command)
    .addOption(
      new Option('--bundle-only', 'write the guest alone, for a boot loader that loads it beside the image').conflicts(
        'image',
      ),
    )
    .addOption(
      new Option(
        '--options <words>',
        "the hypervisor's options, put into the file: its signature covers them, and no boot loader can weaken them",
      ).conflicts('bundleOnly'),
    )
    .requiredOption('-o, --output <file>', 'the file to write; - is standard output', fileName)
    .option('--json', 'print what was written as JSON')
    .addHelpText('after', EXAMPLES)
    .action((options: Options) =>
      pack({ ...options, ...(options.options === undefined ? {} : { packedOptions: options.options.trim() }) }),
    );
}

/** Adds the options that are common to the commands that put a guest into an image. */
export function addPackOptions(command: Command): Command {
  return command
    .option('--kernel <file>', "the guest's kernel: a Linux bzImage, or a multiboot image", fileName)
    .option('--initrd <file>', "the guest's initial file system", fileName)
    .option('--append <words>', "the guest kernel's command line")
    .option(
      '--policy <file>',
      'the policy: what the guest may do; this version enforces none yet, and refuses to start with one',
      fileName,
    )
    .addOption(
      new Option('--digest <kind>', 'the digest by which start-up checks the parts; crc32c takes far less time')
        .choices(DIGEST_KINDS)
        .default('crc32c'),
    )
    .option('--image <file>', 'the image, with a guest or without (default: the one that is built now)', fileName);
}

async function pack(options: Options): Promise<void> {
  const toStandardOutput = options.output === STANDARD_OUTPUT;
  if (toStandardOutput && options.json) {
    throw new UserError('--json and -o - would both write to standard output', ExitCode.usage);
  }
  const bundle = await bundleOf(options);
  if (bundle === null) throw new UserError('there is nothing to pack: give --kernel or --options', ExitCode.usage);
  const result = options.bundleOnly ? bundle : await packedImage(options, bundle);
  if (result === null) {
    process.exitCode = ExitCode.refused;
    return;
  }
  if (toStandardOutput) process.stdout.write(result);
  else await writeOutput(options.output, (file) => writeFile(file, result));
  if (options.json) printJson({ file: options.output, bytes: result.length, bundleBytes: bundle.length });
  else tell(`packed     ${options.output}  ${result.length.toLocaleString('en')} B`);
}

/** Makes a bundle of the named files. Null if none is named. */
export async function bundleOf({
  kernel,
  initrd,
  append,
  policy,
  packedOptions,
  digest,
}: PackOptions): Promise<Buffer | null> {
  if (kernel === undefined && (initrd ?? append) !== undefined) {
    throw new UserError('--initrd and --append are for a kernel: give one with --kernel', ExitCode.usage);
  }
  if ((kernel ?? policy ?? packedOptions) === undefined) return null;
  if (append !== undefined && (Buffer.byteLength(append) > MOST_COMMAND_LINE || append.includes('\n'))) {
    throw new UserError(`a command line is one line of at most ${MOST_COMMAND_LINE} bytes`, ExitCode.usage);
  }
  if (policy !== undefined) tellWarning('this version enforces no policy yet, and refuses to start with one');
  const content = {
    ...(kernel === undefined ? {} : { kernel: await readKernel(kernel) }),
    ...(initrd === undefined ? {} : { initrd: await readInput(initrd) }),
    ...(append === undefined ? {} : { cmdline: Buffer.from(append) }),
    ...(packedOptions === undefined ? {} : { options: Buffer.from(packedOptions) }),
    ...(policy === undefined ? {} : { policy: await readInput(policy) }),
  };
  return makeBundle(content, digest);
}

/** Puts the bundle, if any, into the image. Null if the image has to be built and the kernel is refused. */
export async function packedImage(
  { image, packedOptions = '' }: PackOptions,
  bundle: Buffer | null,
): Promise<Buffer | null> {
  if (image === undefined && (await buildOnce({})) !== ExitCode.success) return null;
  const name = image ?? join(output, 'tsvm.bin');
  const file = await readInput(name);
  const found = readFileParts(file);
  if (found.kind !== 'whole') throw new UserError(`${name} ${REASONS[found.kind]}`, ExitCode.usage);
  checkOptions({ packed: packedOptions, outside: '' }, file);
  if (bundle === null) return file;
  if (isSigned(file)) tellWarning(`the signature of ${name} does not cover the guest: sign the new file`);
  return packFile(file, bundle);
}

const REASONS = {
  none: 'is not an image of tsvm',
  truncated: 'is a truncated image of tsvm',
  damaged: 'is a damaged image of tsvm: its content does not match its checksum',
} as const;
