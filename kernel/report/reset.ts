/** Resets the machine, by the gentlest method that works. */
import { in8, out8, pause, type u32 } from '../../transpiler/lib/index.js';
import { shutDown } from '../x86/platform.js';

/** Reset control register of PCI chipsets (Intel 82371SB, RC). */
const RESET_CONTROL = 0xcf9;
const HARD_RESET_READY = 0x02;
const HARD_RESET = 0x06;
/** The keyboard controller (8042). */
const KEYBOARD_CONTROL = 0x64;
const INPUT_FULL = 0x02;
const PULSE_RESET = 0xfe;
/** Longest wait: about a tenth of a second, since a port read takes about 1 us. */
const MOST_POLLS = 100_000;

/** Resets the machine: by the chipset, by the keyboard controller, then by a triple fault. */
export function resetMachine(): never {
  out8(RESET_CONTROL, HARD_RESET_READY);
  out8(RESET_CONTROL, HARD_RESET);
  waitForKeyboardController();
  out8(KEYBOARD_CONTROL, PULSE_RESET);
  waitForKeyboardController();
  return shutDown();
}

function waitForKeyboardController(): void {
  for (let polls: u32 = 0; polls < MOST_POLLS; polls++) {
    if ((in8(KEYBOARD_CONTROL) & INPUT_FULL) === 0) return;
    pause();
  }
}
