/** Builds the bootable image from the kernel's TypeScript. */
import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { performance } from 'node:perf_hooks';
import type { Diagnostic } from '../../transpiler/diagnostics/diagnostic.js';
import type { Program } from '../../transpiler/ir/nodes.js';
import { compile, link, readCallGraph, type Paths } from './compile.js';
import { readSections, type Section } from './elf.js';
import type { ImageKind } from './kinds.js';
import { locked } from './lock.js';
import type { StackReport } from './stack.js';
import { buildStamp } from './stamp.js';

/** The content of build/report.json. Sizes are in bytes. */
export interface BuildReport {
  /** Size of the bootable file. */
  readonly image: number;
  /** Sizes in memory, by kind of content. */
  readonly text: number;
  readonly constants: number;
  readonly symbols: number;
  readonly data: number;
  readonly zeroed: number;
  /** Number of TypeScript modules in the image. */
  readonly files: number;
  readonly stack: StackReport;
}

export interface BuildStep {
  readonly name: 'transpile' | 'compile' | 'link' | 'stack';
  readonly detail: string;
  readonly milliseconds: number;
}

export interface BuildOptions extends Paths {
  readonly kind: ImageKind;
  /** Called after each step. */
  readonly onStep: (step: BuildStep) => void;
}

export type BuildResult =
  | { readonly kind: 'built' | 'unchanged'; readonly report: BuildReport }
  | { readonly kind: 'refused'; readonly diagnostics: readonly Diagnostic[] };

/** The files of a finished build, in the folder of its kind. Either all of them exist or the build is not finished. */
const RESULTS = ['tsvm.bin', 'tsvm.debug', 'tsvm.map', 'report.json', 'stamp'];

/**
 * Builds the image, unless nothing has changed since the last build. If the transpiler refuses the program, no image is left.
 * Throws a UserError if a tool is missing or fails.
 */
export async function buildImage(options: BuildOptions): Promise<BuildResult> {
  const output = join(options.output, options.kind.folder);
  await mkdir(output, { recursive: true });
  return locked(join(output, 'lock'), () => buildAlone({ ...options, output }));
}

async function buildAlone({ root, output, kind, onStep }: BuildOptions): Promise<BuildResult> {
  const paths = { root, output };
  const folder = relative(root, output);
  const stamp = `${kind.name} ${await buildStamp(root)}`;
  const earlier = await earlierReport(output, stamp);
  if (earlier !== null) return { kind: 'unchanged', report: earlier };
  await Promise.all(RESULTS.map((name) => rm(join(output, name), { force: true })));

  const transpiled = await timed('transpile', onStep, async () => {
    const result = await transpileKernel(paths, kind);
    return { result, detail: `${result.program.modules.length} files -> ${folder}/c` };
  });
  if (transpiled.diagnostics.length > 0) return { kind: 'refused', diagnostics: transpiled.diagnostics };
  const objects = await timed('compile', onStep, async () => {
    const result = await compile(paths);
    return { result, detail: `${result.length} objects` };
  });
  const stack = await timed('stack', onStep, () => boundStack(paths, transpiled.program));
  const report = await timed('link', onStep, async () => {
    await link(paths, objects);
    const result = await reportOf(output, transpiled.program, stack);
    return { result, detail: `${folder}/tsvm.bin  ${result.image.toLocaleString('en')} B` };
  });
  await writeFile(join(output, 'report.json'), `${JSON.stringify(report, null, 2)}\n`);
  await writeFile(join(output, 'stamp'), stamp);
  return { kind: 'built', report };
}

async function earlierReport(output: string, stamp: string): Promise<BuildReport | null> {
  const contents = await Promise.all(RESULTS.map((name) => readFile(join(output, name), 'utf8').catch(() => null)));
  if (contents.includes(null) || contents[RESULTS.indexOf('stamp')] !== stamp) return null;
  return JSON.parse(contents[RESULTS.indexOf('report.json')] ?? '') as BuildReport;
}

interface TranspiledKernel {
  readonly diagnostics: readonly Diagnostic[];
  readonly program: Program;
}

async function transpileKernel({ root, output }: Paths, kind: ImageKind): Promise<TranspiledKernel> {
  // Loaded only here: loading TypeScript's compiler takes half a second, which an unchanged build saves.
  const transpiler = await import('../../transpiler/index.js');
  const kernel = { folder: join(root, 'kernel'), cache: join(output, 'findings') };
  const { diagnostics, program, files } = transpiler[kind.transpile](kernel);
  const folder = join(output, 'c');
  await rm(folder, { recursive: true, force: true });
  if (diagnostics.length === 0) {
    for (const [name, text] of files) {
      await mkdir(dirname(join(folder, name)), { recursive: true });
      await writeFile(join(folder, name), text);
    }
  }
  return { diagnostics, program };
}

async function boundStack(paths: Paths, program: Program): Promise<{ result: StackReport; detail: string }> {
  const { stackReport } = await import('./stack.js');
  const result = stackReport(program, await readCallGraph(paths));
  const { bytes, limit, path } = result.main;
  const detail = `${bytes.toLocaleString('en')} of ${limit.toLocaleString('en')} B, ${path.length} calls deep`;
  return { result, detail };
}

async function reportOf(output: string, program: Program, stack: StackReport): Promise<BuildReport> {
  const sections = readSections(await readFile(join(output, 'tsvm.debug'))).filter(({ loaded }) => loaded);
  const total = (belongs: (section: Section) => boolean) =>
    sections.filter(belongs).reduce((sum, { bytes }) => sum + bytes, 0);
  return {
    image: (await stat(join(output, 'tsvm.bin'))).size,
    text: total(({ executable }) => executable),
    constants: total(({ name, executable, writable }) => !executable && !writable && name !== '.symbols'),
    symbols: total(({ name }) => name === '.symbols'),
    data: total(({ writable, zero }) => writable && !zero),
    zeroed: total(({ zero }) => zero),
    files: program.modules.length,
    stack,
  };
}

async function timed<T>(
  name: BuildStep['name'],
  onStep: BuildOptions['onStep'],
  step: () => Promise<{ result: T; detail: string }>,
): Promise<T> {
  const start = performance.now();
  const { result, detail } = await step();
  onStep({ name, detail, milliseconds: performance.now() - start });
  return result;
}
