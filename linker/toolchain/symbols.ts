/**
 * Makes the symbol table inside the image, from which a crash report names the function and the `.ts` line of every frame.
 *
 *   u32 magic 'SYM1', u32 count,
 *   count times, by rising address: u32 address - IMAGE_BASE, u32 name, u32 file, u32 line
 *   strings, each ended by a NUL; name and file are offsets from the start of the table.
 *
 * There is an entry for each function's start and for each call's return address.
 */
import { posix } from 'node:path';
import { runTool } from './tools.js';

export interface CodeSymbol {
  readonly address: bigint;
  readonly name: string;
  readonly file: string;
  readonly line: number;
}

/** Address for which the image is linked: -mcmodel=kernel needs the top 2 GiB. */
export const IMAGE_BASE = 0xffff_ffff_8000_0000n;
const MAGIC = Buffer.from('SYM1');
const HEADER_BYTES = 8;
const ENTRY_BYTES = 16;

/** Reads the symbols of a linked image with DWARF. Its file names are relative to `root`. */
export async function readSymbols(image: string, root: string): Promise<CodeSymbol[]> {
  const listing = await runTool('objdump', ['-d', '-w', image]);
  const places = codePlaces(listing).filter(({ address }) => address >= IMAGE_BASE);
  const lookups = places.map(({ lookup }) => `0x${lookup.toString(16)}`).join('\n');
  const answers = await runTool('addr2line', ['-a', '-f', '-i', '-e', image], { input: lookups });
  const frames = parseFrames(answers);
  const symbols = places.map(({ address, symbol, isStart }, index) => {
    const inlined = frames[index] ?? [];
    // A function's start has the function's own line; a call has the line of the innermost inlined function.
    const frame = (isStart ? inlined.at(-1) : inlined.at(0)) ?? UNKNOWN_FRAME;
    return { address, ...sourceNames(frame, symbol, root) };
  });
  return symbols.sort((a, b) => (a.address < b.address ? -1 : a.address > b.address ? 1 : 0));
}

/** Encodes the table. */
export function encodeSymbols(symbols: readonly CodeSymbol[]): Buffer {
  const strings = new StringPool(HEADER_BYTES + symbols.length * ENTRY_BYTES);
  const header = Buffer.alloc(HEADER_BYTES);
  MAGIC.copy(header);
  header.writeUInt32LE(symbols.length, 4);
  const entries = symbols.map(({ address, name, file, line }) => {
    const entry = Buffer.alloc(ENTRY_BYTES);
    entry.writeUInt32LE(Number(address - IMAGE_BASE), 0);
    entry.writeUInt32LE(strings.offsetOf(name), 4);
    entry.writeUInt32LE(strings.offsetOf(file), 8);
    entry.writeUInt32LE(line, 12);
    return entry;
  });
  return Buffer.concat([header, ...entries, strings.bytes()]);
}

interface CodePlace {
  readonly address: bigint;
  /** The address to look up in DWARF: for a return address, a byte of the call before it. */
  readonly lookup: bigint;
  /** The symbol of the function around it. */
  readonly symbol: string;
  readonly isStart: boolean;
}

/** Finds function starts and return addresses in objdump's listing. */
export function codePlaces(listing: string): CodePlace[] {
  const places: CodePlace[] = [];
  let symbol = '';
  for (const line of listing.split('\n')) {
    const start = /^([0-9a-f]+) <(.+)>:$/.exec(line);
    if (start?.[1] !== undefined) {
      symbol = start[2] ?? '';
      const address = BigInt(`0x${start[1]}`);
      places.push({ address, lookup: address, symbol, isStart: true });
      continue;
    }
    const call = /^ *([0-9a-f]+):\t((?:[0-9a-f]{2} )+)\s*\t?call/.exec(line);
    if (call?.[1] === undefined || call[2] === undefined) continue;
    const address = BigInt(`0x${call[1]}`) + BigInt(call[2].trim().split(' ').length);
    places.push({ address, lookup: address - 1n, symbol, isStart: false });
  }
  // If a function ends in a call, its return address is the start of the next function: the start counts.
  const starts = new Set(places.filter(({ isStart }) => isStart).map(({ address }) => address));
  return places.filter(({ address, isStart }) => isStart || !starts.has(address));
}

interface Frame {
  readonly name: string;
  readonly file: string;
  readonly line: number;
}
const UNKNOWN_FRAME: Frame = { name: '??', file: '??', line: 0 };

/** The inlined frames at each address, the innermost first. */
function parseFrames(answers: string): Frame[][] {
  const groups: string[][] = [];
  for (const line of answers.split('\n')) {
    if (/^0x[0-9a-f]{16}$/.test(line)) groups.push([]);
    else groups.at(-1)?.push(line);
  }
  return groups.map((lines) => {
    const frames: Frame[] = [];
    for (let index = 0; index + 1 < lines.length; index += 2) {
      const place = /^(.*):(\d+|\?)/.exec(lines[index + 1] ?? '');
      frames.push({ name: lines[index] ?? '??', file: place?.[1] ?? '??', line: Number(place?.[2]) || 0 });
    }
    return frames;
  });
}

/** `exits_cpuid_onCpuid` of kernel/vmx/exits/cpuidMasks.ts is called onCpuid there. Assembly has its symbols only. */
function sourceNames(frame: Frame, symbol: string, root: string): Omit<CodeSymbol, 'address'> {
  const relative = frame.file.startsWith(`${root}/`) ? frame.file.slice(root.length + 1) : frame.file;
  const file = posix.normalize(relative);
  const module = /^[^/]+\/(.*)\.ts$/.exec(file)?.[1]?.replaceAll('/', '_');
  const name = frame.name === '??' ? symbol : frame.name;
  const own = module !== undefined && name.startsWith(`${module}_`) ? name.slice(module.length + 1) : name;
  return { name: own, file, line: frame.line };
}

class StringPool {
  readonly #offsets = new Map<string, number>();
  readonly #parts: Buffer[] = [];
  #next: number;

  constructor(start: number) {
    this.#next = start;
  }

  offsetOf(text: string): number {
    const known = this.#offsets.get(text);
    if (known !== undefined) return known;
    const offset = this.#next;
    const bytes = Buffer.from(`${text}\0`, 'latin1');
    this.#offsets.set(text, offset);
    this.#parts.push(bytes);
    this.#next += bytes.length;
    return offset;
  }

  bytes(): Buffer {
    return Buffer.concat(this.#parts);
  }
}
