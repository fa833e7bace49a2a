/**
 * What the shortest way of the world switch (runtime-c/vmx.asm) relies on: it does not save r8 to r11, so the function that
 * it calls must not use them, or save them itself as it does in a checked image (runtime-c/platformChecks.h). gcc does not promise
 * the former; it is looked up in what gcc has made.
 */
import { ExitCode, UserError } from '../errors.js';

/** The function's symbol. */
export const QUICK_HANDLER = 'tsvm_vmx_cpuid';

/** An instruction, in AT&T syntax: its address, then what it is. */
const INSTRUCTION = /^ *[0-9a-f]+:\t(.+)$/gm;
const REGISTER = /%(r(?:8|9|10|11))[dwb]?\b/g;
/** A call, or a jump that does not end within the function; but the report of a check that failed does not come back. */
const LEAVES = new RegExp(`^call(?!.*<tsvm_check_failed>)|^j(?!.*<${QUICK_HANDLER}(?:\\+0x[0-9a-f]+)?>)`);
/** gcc restores what it pushes first. */
const SAVES = /^push +%(r\d+)$/;

/** Throws a UserError where `listing`, the function as objdump shows it, uses these registers or calls what may. */
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
