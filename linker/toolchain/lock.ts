/** Allows one build at a time in a folder: a second one waits for the first. */
import { open, readFile, rm } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';

const POLL_MILLISECONDS = 100;

/** Runs `work` while this process holds the lock, which is the existence of `file`. */
export async function locked<T>(file: string, work: () => Promise<T>): Promise<T> {
  while (!(await acquire(file))) await wait(POLL_MILLISECONDS);
  try {
    return await work();
  } finally {
    await rm(file, { force: true });
  }
}

/** Tries to take the lock. The file holds the process's number; the lock of a process that has ended does not count. */
async function acquire(file: string): Promise<boolean> {
  try {
    const handle = await open(file, 'wx');
    await handle.writeFile(String(process.pid));
    await handle.close();
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    const holder = Number(await readFile(file, 'utf8').catch(() => ''));
    if (holder > 0 && !isRunning(holder)) await rm(file, { force: true });
    return false;
  }
}

function isRunning(process_: number): boolean {
  try {
    process.kill(process_, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
