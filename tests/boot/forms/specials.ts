/** Cases of images/bare/forms.asm that are not forms of the table: long strings, and instructions that tsvm does not do. */
import { CodeSize } from '../../../kernel/instruction/code.js';
import { assembleEach } from '../../kernel/instruction/assemble.js';
import type { Case } from './cases.js';
import { ORDINARY, Random, segmentsFor, VIDEO } from './places.js';

/** A case of 64-bit code: an instruction, and the registers that it needs. */
interface Special {
  readonly text: string;
  readonly registers: Readonly<Record<string, bigint>>;
  readonly isBackwards?: boolean;
}

const NAMES = ['rax', 'rcx', 'rdx', 'rbx', 'rsp', 'rbp', 'rsi', 'rdi'];
const DIRECTION = 1n << 10n;
const ALWAYS_SET = 2n;
/** Where the windows are, in the middle of the pages. */
const WINDOW = 0x800n;

function casesFrom(file: string, group: string, specials: readonly Special[], isPrinted = false): Case[] {
  const texts = specials.map(({ text }) => text);
  const random = new Random(1n);
  return assembleEach(file, texts, CodeSize.bits64).map((code, index) => {
    const { text = '', registers = {}, isBackwards = false } = specials[index] ?? {};
    const names = [...NAMES, ...Array.from({ length: 8 }, (_, i) => `r${8 + i}`)];
    return {
      ...{ size: CodeSize.bits64, text, group, code, window: WINDOW, seed: random.bits(64), isPrinted },
      segments: segmentsFor(8, CodeSize.bits64),
      flags: ALWAYS_SET | (isBackwards ? DIRECTION : 0n),
      flagsMask: DIRECTION,
      registers: names.map((name) => registers[name] ?? random.bits(64)),
    };
  });
}

const WIDTHS = { b: 1n, w: 2n, d: 4n, q: 8n };
/** From and to which memory, and how many bytes: those ranges overlap or not, and are whole pages at the end. */
const MOVES = [
  { rsi: ORDINARY + 0x100n, rdi: VIDEO + 0x103n, bytes: 0x300n },
  { rsi: VIDEO + 0x103n, rdi: ORDINARY + 0x101n, bytes: 0x300n },
  { rsi: VIDEO + 0x10n, rdi: VIDEO + 0x800n, bytes: 0x300n },
  { rsi: VIDEO + 0x10n, rdi: VIDEO + 0x13n, bytes: 0x300n },
  { rsi: VIDEO + 0x213n, rdi: VIDEO + 0x210n, bytes: 0x300n },
];
const WHOLE_PAGES = [
  { rsi: VIDEO, rdi: ORDINARY, bytes: 0x1000n },
  { rsi: ORDINARY, rdi: VIDEO, bytes: 0x1000n },
];

/** Long strings to, from and within the memory, up and down. */
export function longStrings(file: string): Case[] {
  const specials = Object.entries(WIDTHS).flatMap(([letter, width]) => {
    const moves = letter === 'q' ? [...MOVES, ...WHOLE_PAGES] : MOVES;
    return [
      ...moves.flatMap((move) => upAndDown(`rep movs${letter}`, width, move)),
      ...MOVES.slice(0, 1).flatMap((move) => upAndDown(`rep stos${letter}`, width, move)),
      ...MOVES.slice(1, 2).flatMap((move) => upAndDown(`rep lods${letter}`, width, move)),
    ];
  });
  return casesFrom(file, 'long strings', specials);
}

function upAndDown(text: string, width: bigint, { rsi, rdi, bytes }: (typeof MOVES)[number]): Special[] {
  const count = bytes / width;
  return [false, true].map((isBackwards) => {
    const last = isBackwards ? (count - 1n) * width : 0n;
    return { text, isBackwards, registers: { rsi: rsi + last, rdi: rdi + last, rcx: count } };
  });
}

/** Instructions that use the memory and that tsvm does not know. */
const UNKNOWN = [
  ...['movups [rbx], xmm0', 'movups xmm0, [rbx]', 'movdqa [rbx], xmm1', 'movdqa xmm1, [rbx]', 'movq [rbx], mm0'],
  ...['movntdq [rbx], xmm0', 'vmovups [rbx], ymm0', 'vmovups ymm0, [rbx]', 'vmovdqa xmm2, [rbx]', 'paddb xmm0, [rbx]'],
  ...['push qword [rbx]', 'pop qword [rbx]', 'fnstcw [rbx]', 'fld qword [rbx]', 'setc [rbx]'],
  ...['cmpxchg8b [rbx]', 'lock cmpxchg8b [rbx]', 'cmpxchg16b [rbx]', 'shl dword [rbx], 1', 'rol byte [rbx], cl'],
  ...['imul eax, [rbx]', 'mul dword [rbx]', 'mov [rbx], ds', 'xlatb'],
  ...[
    'cmpsb',
    'scasb',
    'repe cmpsd',
    'repne scasq',
    'sgdt [rbx]',
    'cmove eax, [rbx]',
    'bsf eax, [rbx]',
    'fxsave [rbx]',
  ],
];

export function unknownInstructions(file: string): Case[] {
  const place = VIDEO + WINDOW;
  // XLATB adds AL, SCAS uses RDI, CMPS both. Where the stack is needed, it is in ordinary memory.
  const registers = { rax: 0n, rbx: place, rsi: ORDINARY + WINDOW, rdi: place, rsp: ORDINARY + 0x400n, rcx: 2n };
  const onStack = ['push rax', 'pop rax', 'pushfq', 'enter 16, 0'].map(
    (text): Special => ({ text, registers: { rsp: place } }),
  );
  return casesFrom(file, 'unknown', [...UNKNOWN.map((text): Special => ({ text, registers })), ...onStack], true);
}
