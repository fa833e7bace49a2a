import { watch } from 'chokidar';
import { Command } from 'commander';
import { join, relative } from 'node:path';
import { buildImage, type BuildResult } from '../linker/toolchain/build.js';
import { ExitCode, UserError } from '../linker/errors.js';
import { CHECKED, type ImageKind, ORDINARY } from '../linker/toolchain/kinds.js';
import { printDiagnostics } from './diagnostics.js';
import { output, root } from '../linker/paths.js';
import { printJson, tell, tellError, tellStep } from './terminal.js';

const EXAMPLES = `
Results, in build/:
  tsvm.bin     the image, which boot loaders and UEFI firmware start
  tsvm.debug   the same as it is linked, with DWARF, for gdb
  tsvm.map     the linker's map
  report.json  the sizes

With --checked they go to build/checked/. The image then tries again, whenever it comes there, what the transpiler has proved of
the TypeScript, and crashes with file, line and what does not hold. It is larger and slower: for the developers of tsvm and of
its transpiler, not for nodes that work.

Examples:
  tsvm build            build what has changed
  tsvm build --watch    build again after every change of a source
  tsvm build --checked  build the image that checks each proof; then: tsvm run --image build/checked/tsvm.bin
  tsvm build --json     print the report, or the diagnostics, as one JSON object`;

interface Options {
  readonly watch?: true;
  readonly json?: true;
  readonly checked?: true;
}

export function buildCommand(): Command {
  return new Command('build')
    .description('build the bootable image from the TypeScript of kernel/')
    .option('--checked', 'build the image that checks each proof as it runs')
    .option('--watch', 'stay and build again after every change')
    .option('--json', 'print the result as JSON')
    .addHelpText('after', EXAMPLES)
    .action(async (options: Options) => {
      const exitCode = await buildOnce(options);
      if (options.watch) buildOnChange(options);
      else process.exitCode = exitCode;
    });
}

/** Builds the image and prints the result. The commands that need an image call it. */
export async function buildOnce({ json, checked }: Options): Promise<ExitCode> {
  const kind = checked ? CHECKED : ORDINARY;
  const result = await buildImage({
    root,
    output,
    kind,
    onStep: ({ name, detail, milliseconds }) => tellStep(name, detail, milliseconds),
  });
  if (json) printJson(result);
  else tellResult(result, kind);
  return result.kind === 'refused' ? ExitCode.refused : ExitCode.success;
}

function tellResult(result: BuildResult, kind: ImageKind): void {
  if (result.kind === 'refused') {
    printDiagnostics(result.diagnostics);
    return;
  }
  const { text, constants, symbols, data, zeroed } = result.report;
  const kilobytes = (bytes: number) => `${(bytes / 1024).toFixed(0)} KiB`;
  if (result.kind === 'unchanged') tell(`unchanged  ${join('build', kind.folder, 'tsvm.bin')} is up to date`);
  tell(
    `in memory  code ${kilobytes(text)}, constants ${kilobytes(constants)}, symbols ${kilobytes(symbols)}, ` +
      `data ${kilobytes(data)}, zeroed ${kilobytes(zeroed)}`,
  );
}

/** Builds after each change until the process is interrupted. Changes during a build cause one more build. */
function buildOnChange(options: Options): void {
  const folders = ['kernel', 'runtime-c', 'linker', 'transpiler/lib'].map((folder) => join(root, folder));
  let building = false;
  let changed = false;
  const rebuild = async (file: string) => {
    changed = true;
    if (building) return;
    building = true;
    while (changed) {
      changed = false;
      tell(`changed    ${relative(root, file)}`);
      await buildOnce(options).catch((error: unknown) => {
        if (!(error instanceof UserError)) throw error;
        tellError(error.message, error.remedies);
      });
    }
    building = false;
  };
  watch(folders, { ignoreInitial: true })
    .on('all', (_event, file) => void rebuild(file))
    .on('ready', () => tell('watching   kernel/, runtime-c/, linker/; Ctrl-C ends'));
}
