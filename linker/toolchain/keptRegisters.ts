/**
 * Checks that the quick handler keeps r8 to r11. The quick path of the world switch (runtime-c/vmx.asm) does not save them, so
 * the function that it calls must not use them, or must save them itself as in a checked image (runtime-c/platformChecks.h).
 * gcc does not promise that, so its output is inspected.
 */
import { ExitCode, UserError } from '../errors.js';

/** Symbol of the quick handler. */
export const QUICK_HANDLER = 'tsvm_vmx_cpuid';

/** An instruction of the listing, in AT&T syntax, behind its address. */
const INSTRUCTION = /^ *[0-9a-f]+:\t(.+)$/gm;
const REGISTER = /%(r(?:8|9|10|11))[dwb]?\b/g;
/** A call, or a jump out of the function. The report of a failed check is left out: it does not return. */
const LEAVES = new RegExp(`^call(?!.*<tsvm_check_failed>)|^j(?!.*<${QUICK_HANDLER}(?:\\+0x[0-9a-f]+)?>)`);
/** A push at the function's start saves a register: gcc restores it at the end. */
const SAVES = /^push +%(r\d+)$/;

/** Throws a UserError if `listing`, objdump's output for the function, uses these registers or calls other functions. */
export function checkKeptRegisters(listing: string): void {
  const instructions = [...listing.matchAll(INSTRUCTION)].map(([, text = '']) => text);
  if (instructions.length === 0) throw new Error(`objdump does not show ${QUICK_HANDLER}`);
  const saved = new Set(instructions.map((text) => SAVES.exec(text)?.[1]));
  const isLost = (text: string) => [...text.matchAll(REGISTER)].some(([, register]) => !saved.has(register));
  const wrong = instructions.find((text) => isLost(text) || LEAVES.test(text));
  if (wrong === undefined) return;
  throw new UserError(
    `${QUICK_HANDLER} must leave r8 to r11 alone, which the world switch does not save, but gcc has made of it: ${wrong}`,
    ExitCode.refused,
  );
}
