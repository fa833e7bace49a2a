/** Programs of the tools that make and read machine code, for what the decoder is compared with. */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import type { CodeSize } from '../../../kernel/instruction/code.js';

/** The machine code of each of `lines`, assembled as code of `size`; `file` is where to work. */
export function assembleEach(file: string, lines: readonly string[], size: CodeSize): Buffer[] {
  const code = lines.map((line, i) => `s${i}: ${line}\n`);
  const table = [...lines, 'end'].map((_, i) => `dd s${i}\n`);
  const source = `bits ${size}\n${code.join('')}s${lines.length}:\n${table.join('')}`;
  writeFileSync(`${file}.asm`, source);
  execFileSync('nasm', [
    '-f',
    'bin',
    '-w+error',
    '-w-ea-absolute',
    '-w-prefix-seg',
    '-o',
    `${file}.bin`,
    `${file}.asm`,
  ]);
  const image = readFileSync(`${file}.bin`);
  const start = image.length - 4 * table.length;
  const place = (i: number): number => image.readUInt32LE(start + 4 * i);
  return lines.map((_, i) => image.subarray(place(i), place(i + 1)));
}

export interface Disassembled {
  readonly length: number;
  readonly text: string;
}

/** Cases a distance apart at which what a disassembler takes for one instruction cannot reach the next case. */
const DISTANCE = 32;
const NO_OPERATION = 0x90;

/** What GNU's disassembler makes of the start of each of `cases`, as code of `size`; `file` is where to work. */
export function disassembleEach(file: string, cases: readonly (readonly number[])[], size: CodeSize) {
  const image = Buffer.alloc(cases.length * DISTANCE, NO_OPERATION);
  cases.forEach((code, index) => image.set(code, index * DISTANCE));
  writeFileSync(file, image);
  const mode = { 16: 'i8086', 32: 'i386', 64: 'x86-64' }[size];
  const words = ['-D', '-z', '-b', 'binary', '-m', 'i386', '-M', `intel,${mode}`, '--insn-width=15', file];
  const lines = execFileSync('objdump', words, { encoding: 'latin1', maxBuffer: 1 << 30 }).matchAll(
    /^ +([0-9a-f]+):\t((?:[0-9a-f]{2} )+) *\t(.*)$/gm,
  );
  const found = new Map<number, Disassembled>();
  for (const [, address = '', bytes = '', text = ''] of lines) {
    found.set(parseInt(address, 16), { length: bytes.trim().split(' ').length, text: text.trim() });
  }
  return cases.map((_, index) => found.get(index * DISTANCE) ?? null);
}
