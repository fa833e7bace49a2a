/** Files and folders that are gone when this process ends, however it ends. */
import { mkdtempSync, rmSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onExit } from 'signal-exit';

/** Programs that are being ended may still put files into a folder while it is removed: so long it is tried again. */
const MILLISECONDS = 2000;

const paths = new Set<string>();
let watches = false;

/** Makes a folder in `parent`; removeNow() is for when it has served. */
export function temporaryFolder(parent = tmpdir()): string {
  watch();
  const folder = mkdtempSync(join(parent, '.tsvm-'));
  paths.add(folder);
  return folder;
}

/** Calls `work` with a folder in `parent` that lasts as long as the work. */
export async function withTemporaryFolder<T>(work: (folder: string) => Promise<T>, parent = tmpdir()): Promise<T> {
  const folder = temporaryFolder(parent);
  try {
    return await work(folder);
  } finally {
    await removeNow(folder);
  }
}

/** Has what lies at `paths` removed when the process ends, by a signal too. */
function watch(): void {
  if (watches) return;
  watches = true;
  // Last: by then execa has told the programs that it started to end.
  onExit(removeAll, { alwaysLast: true });
}

export async function removeNow(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true });
  paths.delete(path);
}

function removeAll(): void {
  const end = performance.now() + MILLISECONDS;
  for (const path of paths) {
    while (!isRemoved(path) && performance.now() < end);
  }
}

/** Whether nothing is left at `path`. An error is no reason to end otherwise than the process does. */
function isRemoved(path: string): boolean {
  try {
    rmSync(path, { recursive: true, force: true });
    return true;
  } catch {
    return false;
  }
}
