/** Runs cases in C: the emitted program with a driver, under the sanitizers. */
import { execa } from 'execa';
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Function, Instance, Program } from '../../../transpiler/ir/nodes.js';
import { callOf, regionsOf, type Case, type Outcome, type Region, type Value } from './case.js';
import { driverSource, intrinsicsHeader } from './driver.js';
import type { LoadedProgram } from './nodeRun.js';
import { root } from '../../../linker/paths.js';
import { instancesReachedFrom } from './generate.js';

const ADDED = (1n << 64n) - 1n;
const FLAGS = [
  ...['-std=c11', '-g', '-Wall', '-Wextra', '-Werror'],
  ...['-fsanitize=undefined,address', '-fno-sanitize-recover=all'],
];
const hosted = join(root, 'tests/support/hosted');

export interface NativeProgram {
  readonly binary: string;
  readonly functions: readonly Function[];
  readonly instances: readonly Instance[];
}

/**
 * Compiles emitted `files` in `folder` with a driver that can call each of `functions`.
 * Rejects with gcc's messages if there are any.
 */
export async function compileNative(
  program: Program,
  files: ReadonlyMap<string, string>,
  functions: readonly Function[],
  folder: string,
  optimization: '-O0' | '-O1' | '-O2' | '-O3' = '-O1',
): Promise<NativeProgram> {
  const instances = [...new Set(functions.flatMap(instancesReachedFrom))];
  const write = (name: string, text: string): void => {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  };
  for (const [name, text] of files) write(name, text);
  write('intrinsics.h', intrinsicsHeader(program.intrinsics));
  write('driver.c', driverSource(functions, instances));
  for (const name of ['platform.h', 'platformChecks.h']) copyFileSync(join(hosted, name), join(folder, name));
  const binary = join(folder, 'driver');
  await execa('gcc', [...FLAGS, optimization, '-I', folder, '-o', binary, join(folder, 'driver.c')]);
  return { binary, functions, instances };
}

/**
 * Runs the cases in C and returns their outcomes in order. Rejects if one does not end properly, with the sanitizer's message and
 * the case.
 */
export async function runNative(
  native: NativeProgram,
  loaded: Pick<LoadedProgram, 'instances'>,
  cases: readonly Case[],
): Promise<Outcome[]> {
  const input = Buffer.concat(cases.flatMap((run) => encodeCase(native, loaded, run)));
  const ended = await execa(native.binary, {
    input,
    reject: false,
    timeout: 120_000,
    maxBuffer: 1 << 30,
    env: { ASAN_OPTIONS: 'detect_leaks=0' },
  });
  const outcomes = `${ended.stdout}\n`.split('\n.\n');
  const partial = outcomes.pop();
  if (ended.exitCode !== 0) {
    const call = callOf(cases[outcomes.length] as Case);
    throw new Error(`${call} in C: ${partial ?? ''}\n${ended.shortMessage ?? ''}\n${ended.stderr.slice(0, 3000)}`);
  }
  return outcomes;
}

function encodeCase(native: NativeProgram, loaded: Pick<LoadedProgram, 'instances'>, run: Case): Uint8Array[] {
  const instances = [...run.instances].map(([instance, bytes]) => ({
    index: BigInt(native.instances.indexOf(instance)),
    region: { base: (loaded.instances.get(instance) as Region).base, bytes },
  }));
  const regions = [...regionsOf(run).map((region) => ({ index: ADDED, region })), ...instances];
  return [
    words(BigInt(native.functions.indexOf(run.function)), BigInt(run.answers.length), ...run.answers),
    words(BigInt(regions.length)),
    ...regions.flatMap(({ index, region: { base, bytes } }) => [
      words(index, base, BigInt(bytes.length)),
      padded(bytes),
    ]),
    ...run.arguments.flatMap((value, index) => encodeValue(run.function.parameters[index]?.type.kind, value)),
  ];
}

function encodeValue(kind: string | undefined, value: Value): Uint8Array[] {
  if (value === null) return kind === 'bytes' ? [words(0n, 0n)] : [words(0n)];
  if (typeof value === 'string') return [words(BigInt(value.length)), padded(Buffer.from(value, 'ascii'))];
  if (typeof value !== 'object') return [words(BigInt(value))];
  return [kind === 'bytes' ? words(value.base, BigInt(value.bytes.length)) : words(value.base)];
}

function words(...values: bigint[]): Uint8Array {
  return new Uint8Array(BigUint64Array.from(values.map((value) => BigInt.asUintN(64, value))).buffer);
}

function padded(bytes: Uint8Array): Uint8Array {
  const whole = new Uint8Array(Math.ceil(bytes.length / 8) * 8);
  whole.set(bytes);
  return whole;
}
