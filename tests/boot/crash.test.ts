/** What the hypervisor says when its own code goes wrong; gdb makes it go wrong at a function's start. */
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import t from 'tap';
import { runTool } from '../../linker/tools.js';
import { boot, freshImage, hypervisorLines, root } from './harness.js';

/** A port that nothing listens on. */
function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

/** To where nothing is mapped. */
const JUMP = 'set $rip = 0x123456789000';

/** Boots up to the C function `where`, sets a register there by gdb's `command`, and goes on. */
async function bootAndBreak(where: string, command: string, options: string, until: RegExp) {
  await freshImage();
  const port = await freePort();
  const running = boot({ machine: 'pc', memory: '512M', options, until, gdb: port, seconds: 60 });
  const commands = [
    'set architecture i386:x86-64',
    'set tcp connect-timeout 30',
    `target remote 127.0.0.1:${port}`,
    `hbreak ${where}`,
    'continue',
    command,
    'detach',
  ];
  await runTool('gdb', ['-batch', ...commands.flatMap((one) => ['-ex', one]), join(root, 'build', 'tsvm.debug')]);
  return running;
}

/** The report's first line; start-up may have written others before. */
function crashLine(serial: string): string | undefined {
  return hypervisorLines(serial).find((line) => line.startsWith('tsvm: crash'));
}

t.test('a jump to nowhere is reported with its registers and the lines that led to it', async (t) => {
  const { serial, ended } = await bootAndBreak('machine_memoryMap_boundaryAfter', JUMP, '', /^tsvm: halted\n/m);
  const lines = hypervisorLines(serial);
  t.equal(crashLine(serial), 'tsvm: crash: exception 14 (page fault)  error code 0x10');
  t.match(serial, /^tsvm: {3}rip 0x123456789000 {2}rsp 0xffffffff8/m);
  t.match(serial, /cr2 0x123456789000 /);
  t.match(serial, /^tsvm: {3}from \w+ \(kernel\/\S+\.ts:\d+\)$/m);
  t.equal(lines.at(-1), 'tsvm: halted');
  t.equal(ended, 'stopped');
});

t.test('a stack that is used up meets its guard page, and a double fault reports it', async (t) => {
  const push = 'set $rsp = (unsigned long)&image_stacks + 0x1000';
  const { serial } = await bootAndBreak('svm_start_svmPrepare', push, '', /^tsvm: halted\n/m);
  t.equal(crashLine(serial), 'tsvm: crash: exception 8 (double fault)  error code 0x0');
});

t.test('data cannot be executed', async (t) => {
  const jump = 'set $rip = (unsigned long)&image_data';
  const { serial } = await bootAndBreak('svm_start_svmPrepare', jump, '', /^tsvm: halted\n/m);
  t.equal(crashLine(serial), 'tsvm: crash: exception 14 (page fault)  error code 0x11');
});

t.test('with crash=reset the machine resets after the report', async (t) => {
  const { serial, ended } = await bootAndBreak(
    'machine_memoryMap_boundaryAfter',
    JUMP,
    'crash=reset',
    /^guest: ready/m,
  );
  t.equal(hypervisorLines(serial).at(-1), 'tsvm: resetting');
  t.equal(ended, 'off');
});
