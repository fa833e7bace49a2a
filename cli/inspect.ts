import { Command } from 'commander';
import type { BundleEntry } from '../linker/formats/bundle.js';
import { ExitCode, UserError } from '../linker/errors.js';
import { type Inspection, inspectFile, type TsvmImage } from '../linker/formats/inspect.js';
import type { LinuxHeader } from '../linker/formats/linuxHeader.js';
import type { MultibootHeader } from '../linker/formats/multiboot.js';
import { optionList } from '../linker/formats/options.js';
import type { PeSection } from '../linker/formats/pe.js';
import { readInput } from './files.js';
import { fileName } from './parameters.js';
import { printJson, visible } from './terminal.js';

const EXAMPLES = `
For a file of tsvm: its build, whether it is whole, the options that it takes, and the guest in it. For any file: the
formats by which a boot loader can start it, and their headers. A damaged file or part ends with exit code 1.

Examples:
  tsvm inspect build/tsvm.bin
  tsvm inspect node.bin --json     the same as one JSON object`;

export function inspectCommand(): Command {
  return new Command('inspect')
    .description('show what an image, a kernel or a bundle is, and what it contains')
    .argument('<file>', 'the file', fileName)
    .option('--json', 'print it as JSON')
    .addHelpText('after', EXAMPLES)
    .action(async (name: string, { json }: { json?: true }) => {
      const inspection = inspectFile(await readInput(name));
      if (inspection.formats.length === 0 && inspection.tsvm === null) {
        throw new UserError(`${name} is neither a file that a node can be started with, nor a bundle`, ExitCode.usage);
      }
      const [first = '', ...rest] = describe(inspection);
      if (json) printJson(inspection);
      else process.stdout.write(`${[`${name}: ${first}`, ...rest].map(visible).join('\n')}\n`);
      process.exitCode = isSound(inspection) ? ExitCode.success : ExitCode.refused;
    });
}

function isSound({ tsvm, efi, bundle }: Inspection): boolean {
  return (
    (tsvm === null || tsvm.state === 'whole') &&
    (tsvm === null || tsvm.bundleBytes === 0 || bundle !== null) &&
    !(efi?.isTruncated ?? false) &&
    (bundle === null || bundle.refusal === null)
  );
}

function describe(inspection: Inspection): string[] {
  const { bytes, sha256, formats, tsvm, linux, multiboot, multiboot2 } = inspection;
  return [
    `${count(bytes)} bytes, ${formats.join(', ') || 'no format that a boot loader knows'}`,
    line('sha256', sha256),
    ...(tsvm === null ? [] : tsvmLines(tsvm)),
    ...(linux === null ? [] : linuxLines(linux)),
    ...(multiboot === null ? [] : [line('multiboot', multibootText(multiboot))]),
    ...(multiboot2 === null ? [] : [line('multiboot2', multibootText(multiboot2))]),
    ...efiLines(inspection),
    ...bundleLines(inspection),
  ];
}

function tsvmLines({ state, buildId, memoryBytes, options }: TsvmImage): string[] {
  return [
    line('tsvm', `build ${buildId}, ${state}`),
    line('memory', `${count(memoryBytes)} bytes`),
    line('options', optionList(options) || 'none that it names'),
  ];
}

function linuxLines({ protocol, version, entry64, relocatable, aboveFourGib, ...sizes }: LinuxHeader): string[] {
  const traits = [
    `protocol ${protocol >> 8}.${protocol & 0xff}`,
    ...(entry64 ? ['64-bit entry'] : []),
    ...(relocatable ? ['relocatable'] : []),
    ...(aboveFourGib ? ['may lie above 4 GiB'] : []),
  ];
  const { preferredAddress, memoryBytes, setupBytes } = sizes;
  return [
    line('bzImage', version),
    line('', traits.join(', ')),
    line(
      '',
      `${count(setupBytes)} bytes of setup; ${count(memoryBytes)} bytes of memory, best at ${hex(preferredAddress)}`,
    ),
  ];
}

function multibootText({ header, loadAddress, loadEnd, zeroEnd, entry }: MultibootHeader): string {
  const end = loadEnd === 0 ? 'the end of the file' : hex(loadEnd);
  const zeroed = zeroEnd === 0 ? '' : `, zeroed to ${hex(zeroEnd)}`;
  return `header at ${hex(header)}; loaded from ${hex(loadAddress)} to ${end}${zeroed}; entry ${hex(entry)}`;
}

function efiLines({ efi }: Inspection): string[] {
  if (efi === null) return [];
  const signature =
    efi.signatures === null
      ? 'not signed'
      : `signed (not verified): ${count(efi.signatures.bytes)} bytes of signatures`;
  const state = efi.isTruncated ? 'truncated' : efi.checksumMatches ? 'checksum matches' : 'checksum differs';
  return [
    line('EFI', `entry ${hex(efi.entry)}, ${count(efi.imageBytes)} bytes of memory, ${state}, ${signature}`),
    ...efi.sections.map((section) => line('', sectionText(section))),
  ];
}

function sectionText({ name, address, memoryBytes, fileBytes, readable, writable, executable }: PeSection): string {
  const rights = `${readable ? 'r' : '-'}${writable ? 'w' : '-'}${executable ? 'x' : '-'}`;
  return `${name.padEnd(8)} ${rights}  at ${hex(address).padEnd(8)} ${count(memoryBytes)} bytes, ${count(fileBytes)} in the file`;
}

function bundleLines({ bundle, tsvm }: Inspection): string[] {
  if (bundle === null) {
    return tsvm === null ? [] : [line('bundle', tsvm.bundleBytes === 0 ? 'none' : 'damaged or truncated')];
  }
  const texts = bundle.parts.map(entryText);
  if (bundle.refusal !== null) texts.push(`a node does NOT start with it: ${bundle.refusal}`);
  return texts.map((text, index) => line(index === 0 ? 'bundle' : '', text));
}

function entryText({ name, bytes, sha256, matches }: BundleEntry): string {
  return `${name.padEnd(8)} ${count(bytes)} bytes, sha256 ${sha256}${matches ? '' : ', WHICH IS NOT WHAT THE BUNDLE SAYS'}`;
}

function line(name: string, text: string): string {
  return `  ${name.padEnd(10)} ${text}`;
}

function count(value: number): string {
  return value.toLocaleString('en');
}

function hex(value: number): string {
  return `0x${value.toString(16)}`;
}
