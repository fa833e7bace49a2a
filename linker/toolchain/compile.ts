/** Compiles C and assembly, and links one image of them. */
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { basename, join, relative } from 'node:path';
import { imageInElf } from './elf.js';
import { makeFile } from '../formats/file.js';
import { readBuildId, writeBuildId, writeSums } from '../formats/image.js';
import { checkKeptRegisters, QUICK_HANDLER } from './keptRegisters.js';
import { readSymbols, encodeSymbols } from './symbols.js';
import { runTool } from './tools.js';

export interface Paths {
  /** The project's folder. Every tool runs in it, so that DWARF holds only relative names. */
  readonly root: string;
  /** The folder for all results. */
  readonly output: string;
}

/**
 * No floating point; no red zone, since interrupts use the same stack; frame pointers for the backtrace. -mcrc32 allows the
 * one instruction CRC32, which gcc uses only where the code asks for it.
 */
const COMPILER_FLAGS = [
  '-std=c11',
  '-ffreestanding',
  '-O2',
  '-g',
  '-Wall',
  '-Wextra',
  '-Werror',
  '-mgeneral-regs-only',
  '-mcrc32',
  '-mno-red-zone',
  '-mcmodel=kernel',
  '-fno-pic',
  '-fno-stack-protector',
  '-fno-omit-frame-pointer',
  '-fno-asynchronous-unwind-tables',
  '-fcf-protection=none',
  '-fstack-usage',
  '-fcallgraph-info=su,da',
];
const LINKER_FLAGS = ['-m', 'elf_x86_64', '-static', '--build-id=none', '-z', 'noexecstack', '--fatal-warnings'];

/** The folder of objects, relative to the project, so that results do not depend on where the project lies. */
const objects = ({ root, output }: Paths) => join(relative(root, output), 'obj');

/** Compiles build/c/image.c, which includes all other C files, and assembles each .asm file of runtime-c/. */
export async function compile(paths: Paths): Promise<string[]> {
  const folder = objects(paths);
  await mkdir(join(paths.root, folder), { recursive: true });
  const runtime = await readdir(join(paths.root, 'runtime-c'));
  const sources = runtime.filter((file) => file.endsWith('.asm')).sort();
  return Promise.all([compileC(paths), ...sources.map((file) => assemble(paths, join('runtime-c', file)))]);
}

async function compileC(paths: Paths): Promise<string> {
  const object = join(objects(paths), 'image.o');
  const maps = [`-ffile-prefix-map=${paths.output}=build`, `-ffile-prefix-map=${paths.root}=.`];
  const source = join(relative(paths.root, paths.output), 'c', 'image.c');
  await runTool('gcc', [...COMPILER_FLAGS, ...maps, '-Iruntime-c', '-c', source, '-o', object], { cwd: paths.root });
  return object;
}

/** Assembles a file without line numbers, since nasm would store the project's folder with them. */
async function assemble(paths: Paths, source: string): Promise<string> {
  const object = join(objects(paths), `${basename(source, '.asm')}.o`);
  const generated = join(relative(paths.root, paths.output), 'c');
  const flags = ['-f', 'elf64', '-Werror', '-i', 'runtime-c/', '-i', `${generated}/`];
  await runTool('nasm', [...flags, source, '-o', object], { cwd: paths.root });
  return object;
}

/**
 * Links the image twice: the first image gives the addresses of functions and calls, the second contains them as a table. The
 * table lies behind the code, so that the code does not move. This is checked.
 */
export async function link(paths: Paths, compiled: readonly string[]): Promise<void> {
  const image = join(paths.output, 'tsvm.debug');
  await linkOnce(paths, [...compiled, await symbolObject(paths, encodeSymbols([]))]);
  const table = encodeSymbols(await readSymbols(image, paths.root));
  await linkOnce(paths, [...compiled, await symbolObject(paths, table)]);
  const moved = encodeSymbols(await readSymbols(image, paths.root));
  if (!moved.equals(table)) throw new Error('linker/toolchain/tsvm.ld puts the symbol table in front of code');
  checkKeptRegisters(await runTool('objdump', ['-d', `--disassemble=${QUICK_HANDLER}`, '--no-show-raw-insn', image]));
  const setup = await assembleSetup(paths);
  await seal(image, setup);
  await writeFile(join(paths.output, 'tsvm.bin'), await fileOf(paths, setup));
}

async function fileOf({ root, output }: Paths, setup: Buffer): Promise<Buffer> {
  const { image } = imageInElf(await readFile(join(output, 'tsvm.debug')));
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string };
  return makeFile(setup, image, `tsvm ${version} (build ${readBuildId(image).slice(0, 16)})`);
}

/** Writes the build's identifier and the checksum into the image's header. */
async function seal(file: string, setup: Buffer): Promise<void> {
  const elf = await readFile(file);
  const { image, parts } = imageInElf(elf);
  writeBuildId(image, createHash('sha256').update(setup).update(image).digest());
  writeSums(image, parts);
  await writeFile(file, elf);
}

/** Assembles the setup part, which precedes the image in the file. */
async function assembleSetup(paths: Paths): Promise<Buffer> {
  const binary = join(objects(paths), 'setup.bin');
  const source = join('runtime-c', 'setup', 'header.asm');
  await runTool('nasm', ['-f', 'bin', '-Werror', '-i', 'runtime-c/', source, '-o', binary], { cwd: paths.root });
  return readFile(join(paths.root, binary));
}

async function linkOnce(paths: Paths, inputs: readonly string[]): Promise<void> {
  const folder = relative(paths.root, paths.output);
  const results = [`-Map=${join(folder, 'tsvm.map')}`, '-o', join(folder, 'tsvm.debug')];
  await runTool('ld', [...LINKER_FLAGS, '-T', 'linker/toolchain/tsvm.ld', ...results, ...inputs], { cwd: paths.root });
}

async function symbolObject(paths: Paths, table: Buffer): Promise<string> {
  const file = (name: string) => join(objects(paths), name);
  await writeFile(join(paths.root, file('symbols.bin')), table);
  const lines = ['section .symbols progbits alloc noexec nowrite align=8', `incbin "${file('symbols.bin')}"`, ''];
  await writeFile(join(paths.root, file('symbols.asm')), lines.join('\n'));
  await runTool('nasm', ['-f', 'elf64', file('symbols.asm'), '-o', file('symbols.o')], { cwd: paths.root });
  return file('symbols.o');
}

/** Reads gcc's graph of calls and stack frames, in the VCG format. */
export function readCallGraph(paths: Paths): Promise<string> {
  return readFile(join(paths.root, objects(paths), 'image.ci'), 'utf8');
}
