/** What the processor on which the test runs does with instructions, each in a state of its own. */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';

/** The registers that a case has, by their names and in their places behind memory and flags. */
export const REGISTERS = ['rax', 'rcx', 'rdx', 'rsi', 'r9'] as const;
const MEMORY = 0;
const FLAGS = 8;
const FIRST_REGISTER = 16;
const STATE_BYTES = FIRST_REGISTER + 8 * REGISTERS.length;

export interface State {
  /** The eight bytes to which RBX points. */
  readonly memory: bigint;
  readonly flags: bigint;
  readonly registers: readonly bigint[];
}

/** Runs each of `codes` in the state beside it; `file` is where to work. Returns the states behind them. */
export function runNatively(file: string, codes: readonly Uint8Array[], states: readonly State[]): State[] {
  const source = `bits 64
global _start
section .text
_start: lea r15, [rel states]
${codes.map(caseSource).join('')}
        mov eax, 1              ; write(1, states, their bytes)
        mov edi, 1
        lea rsi, [rel states]
        mov edx, states_end - states
        syscall
        mov eax, 60             ; exit(0)
        xor edi, edi
        syscall
section .data
states:
${states.map(({ memory, flags, registers }) => `dq ${[memory, flags, ...registers].join(', ')}\n`).join('')}
states_end:
`;
  writeFileSync(`${file}.asm`, source);
  execFileSync('nasm', ['-f', 'elf64', '-o', `${file}.o`, `${file}.asm`]);
  execFileSync('ld', ['-o', file, `${file}.o`]);
  const output = execFileSync(file, { maxBuffer: 1 << 28 });
  return states.map((_, i) => stateAt(output.subarray(i * STATE_BYTES)));
}

function caseSource(code: Uint8Array): string {
  const place = (index: number): string => `[r15 + ${FIRST_REGISTER + 8 * index}]`;
  return `
        lea rbx, [r15 + ${MEMORY}]
        ${REGISTERS.map((name, i) => `mov ${name}, ${place(i)}`).join('\n')}
        push qword [r15 + ${FLAGS}]
        popfq
        db ${code.join(', ')}
        pushfq
        pop qword [r15 + ${FLAGS}]
        ${REGISTERS.map((name, i) => `mov ${place(i)}, ${name}`).join('\n')}
        add r15, ${STATE_BYTES}
`;
}

function stateAt(bytes: Buffer): State {
  return {
    memory: bytes.readBigUInt64LE(MEMORY),
    flags: bytes.readBigUInt64LE(FLAGS),
    registers: REGISTERS.map((_, i) => bytes.readBigUInt64LE(FIRST_REGISTER + 8 * i)),
  };
}
