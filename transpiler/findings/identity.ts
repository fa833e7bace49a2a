/** Identifies this version of the transpiler. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ts } from 'ts-morph';

let known: string | null = null;

/** A digest of this transpiler's own code as it runs, and the versions of what runs it. */
export function identity(): string {
  known ??= identityOf(dirname(import.meta.dirname));
  return known;
}

function identityOf(folder: string): string {
  const hash = createHash('sha256').update(JSON.stringify([process.version, ts.version]));
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => /\.[jt]s$/.test(name));
  for (const name of names.sort()) hash.update(`${name}\0`).update(readFileSync(join(folder, name)));
  return hash.digest('hex');
}
