/** Files and folders that are gone when this process ends, however it ends. */
import { mkdtempSync, rmSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const SIGNALS = ['SIGHUP', 'SIGINT', 'SIGTERM'] as const;
/** Programs that are being ended may still put files into a folder while it is removed. */
const RETRIES = 3;

const paths = new Set<string>();
let watches = false;

/** Makes a folder in `parent`; removeNow() is for when it has served. */
export function temporaryFolder(parent = tmpdir()): string {
  const folder = mkdtempSync(join(parent, '.tsvm-'));
  removeAtEnd(folder);
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

/** Has what lies at `path`, now or later, removed when the process ends. */
export function removeAtEnd(path: string): void {
  paths.add(path);
  if (watches) return;
  watches = true;
  process.once('exit', removeAll);
  for (const signal of SIGNALS) {
    process.once(signal, () => {
      removeAll();
      // Nothing catches it the second time, so that whoever waits for this process sees why it ended.
      process.kill(process.pid, signal);
    });
  }
}

export async function removeNow(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true });
  paths.delete(path);
}

function removeAll(): void {
  for (const path of paths) rmSync(path, { recursive: true, force: true, maxRetries: RETRIES });
}
