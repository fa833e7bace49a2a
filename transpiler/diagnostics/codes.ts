/** Every code that a diagnostic can have. docs/language.md lists them from here. */

import type { CodeDescription } from './codeDescription.js';
import { PROGRAM } from './program.js';
import { PROOF } from './proof.js';
import { SUBSET } from './subset.js';

/** What TypeScript itself refuses; the message ends with its own number. */
export const TYPESCRIPT = {
  code: 'TSV0001',
  title: 'TypeScript refuses it',
  explanation: "The program is TypeScript first. The message ends with the number that TypeScript's own errors have.",
  bad: 'export function next(x: u32): u32 {\n  return follow(x);\n}',
  good: 'export function next(x: u32): u32 {\n  return follow(x);\n}\nfunction follow(x: u32): u32 {\n  return u32(x + 1);\n}',
} as const satisfies CodeDescription;

/** All codes, in order. */
export const CODES: readonly CodeDescription[] = [
  TYPESCRIPT,
  ...Object.values(SUBSET),
  ...Object.values(PROOF),
  ...Object.values(PROGRAM),
];
