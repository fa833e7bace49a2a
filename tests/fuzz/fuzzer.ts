/** Builds the parsers' emitted C with a libFuzzer driver, under the sanitizers. */
import { execa } from 'execa';
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { globalName, localName } from '../../transpiler/ir/cNames.js';
import { reachable } from '../../transpiler/emit/reachable.js';
import { cType, storageType } from '../../transpiler/emit/types.js';
import { emit, transpile } from '../../transpiler/index.js';
import type { Function, Instance, IntrinsicFunction, Program } from '../../transpiler/ir/nodes.js';
import { root } from '../../linker/paths.js';
import { replaceOnce } from '../support/replaceOnce.js';

/** The functions that targets.c calls. */
const CALLED = [
  'boot/boot readBootInfo',
  'handover/bootInfo addMemoryRange',
  'handover/bootInfo setText',
  'boot/bundle/bundle readBundle',
  'handover/efiConfiguration rsdpOfSystemTable',
  'boot/efi/loadOptions takeOptions',
  'machine/efiMemoryMap addEfiRanges',
  'machine/efiMemoryMap keepEfiMap',
  'guest/efi/chain copyNodes',
  'guest/efi/map efiMapBytesMost',
  'guest/efi/map writeEfiInfo',
  'guest/guest loadGuest',
  'guest/memory/guestMap extensionBytes',
  'guest/memory/guestMap writeMemoryMap',
  'machine/acpi readAcpi',
  'machine/fadt powerTimerMask',
  'machine/fadt powerTimerPort',
  'machine/madt readProcessors',
  'machine/memoryMap hideRange',
  'machine/memoryMap highestFree',
  'machine/memoryMap isAvailable',
  'machine/memoryMap readMemoryMap',
  'machine/options parseOptions',
  'time/hpet startHpet',
];

const FLAGS = ['-std=gnu11', '-O1', '-g', '-w', '-fsanitize=fuzzer,address,undefined', '-fno-sanitize-recover=all'];
const folderOfSources = join(root, 'tests/fuzz');

/** The C of the parsers, by file. Throws if the transpiler refuses the kernel. */
export function parserSources(): Map<string, string> {
  const { program, diagnostics } = transpile({ folder: join(root, 'kernel') });
  if (diagnostics.length > 0 || !program) throw new Error('the kernel is refused');
  const functions = program.modules.flatMap((module) => module.functions);
  const entries = CALLED.map((name) => functionNamed(functions, name));
  const chosen: Program = { ...program, entries };
  const files = emit(chosen);
  files.set('prelude.h', withChecks(files.get('prelude.h') ?? ''));
  files.set('intrinsics.h', program.intrinsics.map(intrinsicSource).join('\n'));
  files.set('instances.h', clearSource([...reachable(chosen).instances]));
  return files;
}

function functionNamed(functions: readonly Function[], name: string): Function {
  const found = functions.find((one) => `${one.module.name} ${one.name}` === name);
  if (!found) throw new Error(`the kernel has no function ${name}`);
  return found;
}

/** Adds checks to windows: an access outside a window, which the checker has proved impossible, stops the program. */
function withChecks(prelude: string): string {
  const part = /(bytes_part\(Bytes bytes, .*\{\n)/;
  const access = /(bytes_(?:read|write)##bits\(Bytes bytes, .*\{ *)\\\n/g;
  const checks = (text: string): number => text.split('__builtin_trap').length - 1;
  const checked = prelude
    .replace(part, '$1  if (offset > bytes.length || length > bytes.length - offset) __builtin_trap();\n')
    .replace(access, '$1 if (bytes.length < bits / 8 || offset > bytes.length - bits / 8) __builtin_trap(); \\\n');
  if (checks(checked) !== checks(prelude) + 3) throw new Error('prelude.h has other functions on windows');
  return checked;
}

/** Plants a fault: `condition` in `file` never holds. Throws if the condition is not there exactly once. */
export function withFault(sources: ReadonlyMap<string, string>, file: string, condition: string): Map<string, string> {
  return new Map(sources).set(file, replaceOnce(sources.get(file) ?? '', condition, 'false', file));
}

/** The source of an intrinsic: it returns zero, or ends the run if it does not return. */
function intrinsicSource({ c, parameters, result }: IntrinsicFunction): string {
  const list = parameters.map((parameter) => `${cType(parameter.type)} ${localName(parameter)}`).join(', ') || 'void';
  if (result.kind === 'never') return `static inline UNUSED _Noreturn void ${c}(${list}) { platform_halt(); }`;
  if (result.kind === 'void') return `static inline UNUSED void ${c}(${list}) {}`;
  const type = result.kind === 'reference' ? storageType(result.layout) : cType(result);
  return `static inline UNUSED ${type} ${c}(${list}) { return (${type}){0}; }`;
}

function clearSource(instances: readonly Instance[]): string {
  const lines = instances.map((one) => `  memset((void *)&${globalName(one)}, 0, sizeof ${globalName(one)});`);
  return `static void clear_instances(void) {\n${lines.join('\n')}\n}\n`;
}

/** Compiles the sources in `folder`; returns the program. */
export async function compileFuzzer(files: ReadonlyMap<string, string>, folder: string): Promise<string> {
  for (const [name, text] of files) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  for (const name of ['platform.h', 'targets.c']) copyFileSync(join(folderOfSources, name), join(folder, name));
  const binary = join(folder, 'fuzzer');
  await execa('clang', [...FLAGS, '-I', folder, '-o', binary, join(folder, 'targets.c')]);
  return binary;
}

export interface FuzzRun {
  readonly target: string;
  readonly seeds: readonly Uint8Array[];
  readonly runs: number;
  readonly seed: number;
}

/** Runs one target, starting from its seeds. Returns the fuzzer's messages and whether it found a fault. */
export async function fuzz(binary: string, folder: string, { target, seeds, runs, seed }: FuzzRun) {
  const corpus = join(folder, `corpus-${target}`);
  mkdirSync(corpus, { recursive: true });
  seeds.forEach((bytes, index) => writeFileSync(join(corpus, String(index)), bytes));
  const words = [`-runs=${runs}`, `-seed=${seed}`, '-max_len=65536', '-timeout=20', '-rss_limit_mb=0', '-verbosity=0'];
  const ended = await execa(binary, [...words, '-print_final_stats=1', `-artifact_prefix=${folder}/`, corpus], {
    env: { TSVM_FUZZ: target, ASAN_OPTIONS: 'detect_leaks=0' },
    reject: false,
  });
  return { found: ended.exitCode !== 0, said: ended.stderr.slice(-4000) };
}
