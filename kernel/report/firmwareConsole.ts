/** The console of UEFI firmware, which shows messages until the firmware belongs to a guest (UEFI 2.10, 12.4). */
import {
  addressOf,
  arr,
  at,
  HPA,
  hpa,
  instance,
  physical,
  struct,
  U16,
  U32,
  u32,
  u64,
  type Hpa,
  type u8,
} from '../../transpiler/lib/index.js';
import { efiCall } from '../handover/efiCalls.js';
import { EfiTextOutput } from '../handover/efiTables.js';

/** Size of the line buffer, with a zero at the end. A longer line is printed in parts. */
const CHARACTERS = 128;

const FirmwareConsole = struct(
  'FirmwareConsole',
  { size: 272 },
  {
    /** The console's protocol; 0: there is none, or it may no longer be called. */
    output: at(0, HPA),
    length: at(8, U32),
    characters: at(16, arr(U16, CHARACTERS)),
  },
);
const state = instance(FirmwareConsole, { align: 8 });

const NEWLINE = 0x0a;

/** Prints by the protocol at `output` from now on. 0: the firmware has no console. */
export function firmwareConsoleStart(output: Hpa): void {
  state.output = output;
  state.length = 0;
}

/** Never calls the firmware again. */
export function firmwareConsoleLeave(): void {
  state.output = hpa(0n);
}

/** Takes one character. Prints when a line is complete or the buffer is full. */
export function firmwareConsoleSend(byte: u8): void {
  if (state.output === 0n) return;
  const length = state.length;
  if (length >= CHARACTERS - 1) return;
  state.characters.set(length, byte);
  state.length = length + 1;
  if (byte === NEWLINE || length + 2 >= CHARACTERS) flush();
}

function flush(): void {
  state.characters.set(u32(state.length % CHARACTERS), 0);
  state.length = 0;
  const protocol = state.output;
  const text = u64(addressOf(state.characters));
  efiCall(physical(EfiTextOutput, protocol).outputString, u64(protocol), text, 0n, 0n, 0n, 0n, 0n);
}
