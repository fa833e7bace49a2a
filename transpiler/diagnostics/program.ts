/** The codes of what the checks of the whole program refuse. */
import type { CodeDescription } from './codeDescription.js';

export const PROGRAM = {
  recursion: {
    code: 'TSV3001',
    title: 'functions call each other in a circle',
    explanation:
      'The stack of a bare machine ends without a word, so its use is bounded at build; no function may reach itself, ' +
      'directly, through others or through a table.',
    bad: 'function countDown(n: u32): void {\n  if (n > 0) countDown(n - 1);\n}',
    good: 'function countDown(n: u32): void {\n  for (let left: u32 = n; left > 0; left--) pause();\n}',
  },
  brokenPromise: {
    code: 'TSV3002',
    title: 'a function has an effect that it promises not to have',
    explanation:
      'Effects start at intrinsics and go through calls and tables. What a function promises with `effects(...)` ' +
      'holds for all that it reaches.',
    bad: "function stop(): void {\n  effects('no-halt');\n  haltForever();\n}",
    good: "function wait(): void {\n  effects('no-halt');\n  pause();\n}",
  },
  unknownPromise: {
    code: 'TSV3003',
    title: 'there is no such promise',
    explanation: 'The promises are no-alloc, no-mmio, no-port, no-halt and nmi-safe.',
    bad: "function wait(): void {\n  effects('no-sleep');\n}",
    good: "function wait(): void {\n  effects('no-halt');\n}",
  },
} as const satisfies Record<string, CodeDescription>;
