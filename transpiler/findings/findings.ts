/**
 * What earlier runs found to be true, by a digest of everything it depends on. A finding is never out of date: if something that it
 * depends on changes, so does the digest. A file that is damaged, or that another version of the transpiler wrote, is not used.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { identity } from './identity.js';

/** Unused findings are kept until there are this many times more of them than used ones. */
const MOST_UNUSED = 3;

export class Findings {
  private readonly known: ReadonlyMap<string, string>;
  private readonly used = new Map<string, string>();

  /** None are known at first, unless `known` holds some. */
  constructor(known: ReadonlyMap<string, string> = new Map()) {
    this.known = known;
  }

  /** What was found of `key`, if anything. */
  get(key: string): string | undefined {
    const found = this.used.get(key) ?? this.known.get(key);
    if (found !== undefined) this.used.set(key, found);
    return found;
  }

  set(key: string, found: string): void {
    this.used.set(key, found);
  }

  /** The findings to keep for the next run. */
  all(): ReadonlyMap<string, string> {
    const unused = [...this.known].filter(([key]) => !this.used.has(key));
    return unused.length > MOST_UNUSED * this.used.size ? this.used : new Map([...unused, ...this.used]);
  }
}

/** The findings in a file; none where there is no such file, or it cannot be relied on. */
export function readFindings(file: string): Findings {
  try {
    const [sum, transpiler, ...lines] = readFileSync(file, 'utf8').split('\n');
    const body = lines.join('\n');
    if (transpiler !== identity() || sum !== digest(transpiler, body)) return new Findings();
    return new Findings(new Map(JSON.parse(body) as [string, string][]));
  } catch {
    return new Findings();
  }
}

/** Writes the findings as a whole or not at all. Where that fails, the next run takes longer. */
export function writeFindings(file: string, findings: Findings): void {
  const body = JSON.stringify([...findings.all()]);
  const part = `${file}.${process.pid}`;
  try {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(part, [digest(identity(), body), identity(), body].join('\n'));
    renameSync(part, file);
  } catch {
    rmSync(part, { force: true });
  }
}

/** A digest of texts, which differs for other texts and for another division into them. */
export function digest(...texts: readonly string[]): string {
  const hash = createHash('sha256');
  for (const text of texts) hash.update(`${text.length}:`).update(text);
  return hash.digest('hex');
}
