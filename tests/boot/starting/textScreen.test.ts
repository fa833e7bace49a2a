/** What a machine without a serial port shows on its text screen. */
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { boot, type BootOptions, freshImage, temporaryFolder } from '../../support/machines/harness.js';

const POLL_MILLISECONDS = 500;
const POLLS = 20;

/** The rows of the machine's text screen, as soon as it shows a line of the hypervisor, or when it has not for a long time. */
async function screenOf(t: Test, options: BootOptions): Promise<string[]> {
  const folder = await temporaryFolder(t);
  const socket = join(folder, 'monitor');
  const extra = ['-chardev', `socket,id=monitor,path=${socket},server=on,wait=off`, '-mon', 'chardev=monitor'];
  const machine = boot({ kernel: null, initrd: null, ...options, extra });
  let rows: string[] = [];
  for (let polls = 0; polls < POLLS && !rows.some((row) => row.startsWith('tsvm')); polls++) {
    await setTimeout(POLL_MILLISECONDS);
    const dump = join(folder, `screen${polls}`);
    await ask(socket, `pmemsave 0xb8000 4000 "${dump}"`);
    rows = rowsOf(await readFile(dump).catch(() => Buffer.alloc(0)));
  }
  await ask(socket, 'quit');
  await machine;
  return rows;
}

/** Sends a command to QEMU's monitor, if the monitor is ready. */
async function ask(socket: string, command: string): Promise<void> {
  const monitor = connect(socket);
  monitor.end(`${command}\n`).resume();
  await once(monitor, 'close').catch(() => undefined);
}

function rowsOf(cells: Buffer): string[] {
  const characters = cells.filter((_, index) => index % 2 === 0);
  return Array.from({ length: 25 }, (_, row) =>
    Buffer.from(characters.subarray(row * 80, row * 80 + 80))
      .toString('latin1')
      .trimEnd(),
  );
}

t.test('the screen shows why the hypervisor does not start', async (t) => {
  const rows = await screenOf(t, { options: 'crash=later' });
  t.match(rows.join(''), /tsvm: unknown option "crash=later"; the options are crash=halt\|reset, .*chain=FILE/);
});

t.test('the screen shows nothing if the console is switched off', async (t) => {
  const rows = await screenOf(t, { options: 'console=none', cpu: 'qemu64,-svm' });
  t.notMatch(rows.join(''), /tsvm/);
});

t.test('the screen shows that the image is damaged', async (t) => {
  const image = join(await temporaryFolder(t), 'damaged.bin');
  const content = await readFile(await freshImage());
  content.writeUInt8(content.readUInt8(60_000) ^ 1, 60_000);
  await writeFile(image, content);
  const rows = await screenOf(t, { image });
  t.match(rows.join('\n'), /^tsvm: the image is damaged/m);
});
