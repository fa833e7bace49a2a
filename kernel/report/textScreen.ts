/** The text screen of a PC. It shows the last messages when start-up fails, since a node may have no serial port. */
import {
  arr,
  at,
  BOOL,
  hpa,
  instance,
  physical,
  struct,
  subSat64,
  U16,
  u64,
  type u32,
} from '../../transpiler/lib/index.js';
import { logByte, logWritten } from './console.js';

/** Text memory of a VGA card: 25 rows of 80 characters, each with its colours in the upper byte. */
const ADDRESS = 0xb_8000n;
const COLUMNS = 80;
const CELLS = 2000;
const LAST_ROW = 1920;
const GREY_ON_BLACK = 0x0700;
const SPACE = 0x20;
const NEWLINE = 0x0a;

const Screen = struct('TextScreen', { size: 4000, volatile: true }, { cells: at(0, arr(U16, CELLS)) });
const State = struct('TextScreenState', { size: 1 }, { isTaken: at(0, BOOL) });
const state = instance(State);

/** Allows writing to the screen until screenLeave(). */
export function screenTake(): void {
  state.isTaken = true;
}

/** Forbids writing to the screen: it belongs to the guest, or must not be used. */
export function screenLeave(): void {
  state.isTaken = false;
}

/** Shows the end of the log at the bottom of the screen. */
export function screenShowLog(): void {
  if (!state.isTaken) return;
  let column: u32 = 0;
  const end = logWritten();
  for (let position: u64 = subSat64(end, u64(CELLS)); position < end; position = u64(position + 1n)) {
    const byte = logByte(position);
    if (byte === NEWLINE || column >= COLUMNS) {
      scroll();
      column = 0;
    }
    if (byte === NEWLINE) continue;
    physical(Screen, hpa(ADDRESS)).cells.set(LAST_ROW + column, GREY_ON_BLACK | byte);
    column += 1;
  }
}

function scroll(): void {
  const screen = physical(Screen, hpa(ADDRESS));
  for (let i: u32 = 0; i < LAST_ROW; i++) screen.cells.set(i, screen.cells.get(i + COLUMNS));
  for (let i: u32 = LAST_ROW; i < CELLS; i++) screen.cells.set(i, GREY_ON_BLACK | SPACE);
}
