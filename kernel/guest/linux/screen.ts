/**
 * Describes the screen to Linux: as tsvm's boot loader described it, or the text screen as the BIOS left it. On the
 * bare machine Linux's real-mode code asks the BIOS; the 64-bit entry skips that code. So the values come from the BIOS
 * data area, where the BIOS has them from too.
 */
import { hpa, requires, u8, window, type Bytes, type u32 } from '../../../transpiler/lib/index.js';
import { bootInfo, SCREEN_BYTES } from '../../handover/bootInfo.js';
import { isEfiMachine } from '../../handover/efiServices.js';

const BIOS_DATA = 0x400n;
const BIOS_DATA_BYTES = 0x100;
const VIDEO_MODE = 0x49;
const COLUMNS = 0x4a;
const CURSOR_COLUMN = 0x50;
const CURSOR_ROW = 0x51;
const ACTIVE_PAGE = 0x62;
const LAST_ROW = 0x84;
const CHARACTER_HEIGHT = 0x85;

const COLOR_TEXT = 3;
const MONOCHROME_TEXT = 7;

/** Fields of the zero page's screen_info (Linux, include/uapi/linux/screen_info.h). */
const SCREEN_COLUMN = 0x00;
const SCREEN_ROW = 0x01;
const SCREEN_PAGE = 0x04;
const SCREEN_MODE = 0x06;
const SCREEN_COLUMNS = 0x07;
const SCREEN_EGA_BX = 0x0a;
const SCREEN_ROWS = 0x0e;
const SCREEN_IS_VGA = 0x0f;
const SCREEN_CHARACTER_HEIGHT = 0x10;
/** BX as INT 10h, AH = 12h, BL = 10h returns it for a VGA: colour, 256 KiB. */
const COLOR_256_KIB = 0x0003;

/**
 * Describes the screen in the zero page as the boot loader did, or else as the BIOS left it. Zeros mean that there is
 * none.
 */
export function writeScreen(page: Bytes): void {
  requires(page.length >= SCREEN_BYTES);
  if (bootInfo.hasScreen) copyScreen(page);
  else if (!isEfiMachine()) describeScreen(page);
}

function copyScreen(page: Bytes): void {
  requires(page.length >= SCREEN_BYTES);
  for (let i: u32 = 0; i < SCREEN_BYTES; i++) page.setU8(i, bootInfo.screen.get(i));
}

function describeScreen(page: Bytes): void {
  requires(page.length >= SCREEN_BYTES);
  const bios = window(hpa(BIOS_DATA), BIOS_DATA_BYTES);
  const mode = bios.u8(VIDEO_MODE);
  const columns = bios.u16(COLUMNS);
  const lastRow = bios.u8(LAST_ROW);
  if (mode !== COLOR_TEXT && mode !== MONOCHROME_TEXT) return;
  if (columns === 0 || columns > 255 || lastRow === 0 || lastRow === 255) return;
  page.setU8(SCREEN_COLUMN, bios.u8(CURSOR_COLUMN));
  page.setU8(SCREEN_ROW, bios.u8(CURSOR_ROW));
  page.setU16(SCREEN_PAGE, bios.u8(ACTIVE_PAGE));
  page.setU8(SCREEN_MODE, mode);
  page.setU8(SCREEN_COLUMNS, u8(columns));
  page.setU16(SCREEN_EGA_BX, COLOR_256_KIB);
  page.setU8(SCREEN_ROWS, lastRow + 1);
  page.setU8(SCREEN_IS_VGA, 1);
  page.setU16(SCREEN_CHARACTER_HEIGHT, bios.u16(CHARACTER_HEIGHT));
}
