/** Changes of a program's text as a person makes them between two runs. Many of them are faulty. */
import fc from 'fast-check';

export interface Edit {
  /** The file and the place, each as a fraction of the number of choices. */
  readonly file: number;
  readonly place: number;
  readonly change: (line: string) => string;
}

/** Possible changes of a line. A line that a change does not fit stays as it is. */
const CHANGES: readonly ((line: string) => string)[] = [
  (line) => `\n// A comment, after which all lies further down.\n${line}`,
  (line) => line.replace(/\b\d+\b/, (digits) => String(Number(digits) + 1)),
  (line) => line.replace(/\b0x[0-9a-f]+\b/, (digits) => `0x${(Number(digits) * 2).toString(16)}`),
  (line) => line.replace(/ < /, ' <= '),
  (line) => line.replace(/ >= /, ' > '),
  (line) => line.replace(/ \+ /, ' - '),
  (line) => line.replace(/: u32\b/, ': u64'),
  (line) => line.replace(/: u64\b/, ': u32'),
  (line) => line.replace(/\bU32\b/, 'U16'),
  (line) => line.replace(/^( +)(if|requires|ensures|invariant)\b.*;$/, '$1'),
  (line) => line.replace(/^export /, ''),
  (line) => line.replace(/^( +)(\w+)\((.*)\);$/, '$1$2($3);\n$1$2($3);'),
];

/** A number from 0 up to, not including, 1, uniformly distributed. */
const part = fc.noBias(fc.nat(0xf_ffff)).map((number) => number / 0x10_0000);

export const anyEdit: fc.Arbitrary<Edit> = fc.record({
  file: part,
  place: part,
  change: fc.constantFrom(...CHANGES),
});

/** `text` with the change in the first line, from the place on, that it fits; the same text if it fits none. */
export function edited(text: string, { place, change }: Edit): string {
  const lines = text.split('\n');
  const start = Math.floor(place * lines.length);
  const index = lines.findIndex((line, at) => at >= start && change(line) !== line);
  return lines.map((line, at) => (at === index ? change(line) : line)).join('\n');
}
