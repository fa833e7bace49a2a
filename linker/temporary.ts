/** Makes temporary folders, which are removed when this process ends, however it ends. */
import { mkdtempSync, rmSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onExit } from 'signal-exit';

/** How long removing is tried again: a program that is being stopped may still write into the folder. */
const MILLISECONDS = 2000;

const paths = new Set<string>();
let watches = false;

/** Makes a folder in `parent`. removeNow() removes it before the process ends. */
export function temporaryFolder(parent = tmpdir()): string {
  watch();
  const folder = mkdtempSync(join(parent, '.tsvm-'));
  paths.add(folder);
  return folder;
}

/** Calls `work` with a new folder in `parent`, and removes the folder when the work is done. */
export async function withTemporaryFolder<T>(work: (folder: string) => Promise<T>, parent = tmpdir()): Promise<T> {
  const folder = temporaryFolder(parent);
  try {
    return await work(folder);
  } finally {
    await removeNow(folder);
  }
}

/** Registers the removal of all `paths` at the end of the process, also by a signal. */
function watch(): void {
  if (watches) return;
  watches = true;
  // As the last handler: by then execa has told the programs that it started to stop.
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

/** Removes `path` and returns whether it is gone. It does not throw, so the process ends with its own exit code. */
function isRemoved(path: string): boolean {
  try {
    rmSync(path, { recursive: true, force: true });
    return true;
  } catch {
    return false;
  }
}
