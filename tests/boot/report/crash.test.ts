/** Reports of faults in the hypervisor's own code. gdb causes the faults at a function's start. */
import t from 'tap';
import { bootAndBreak } from '../../support/machines/gdb.js';
import { hypervisorLines } from '../../support/machines/harness.js';

/** A jump to an unmapped address. */
const JUMP = 'set $rip = 0x123456789000';

/** Boots up to the C function `where`, does gdb's `command` there, and goes on. */
function breakAt(where: string, command: string, options: string, until: RegExp) {
  return bootAndBreak(where, [command], { machine: 'pc', memory: '512M', options, until });
}

/** The report's first line; start-up may have written others before. */
function crashLine(serial: string): string | undefined {
  return hypervisorLines(serial).find((line) => line.startsWith('tsvm: crash'));
}

t.test('a jump to an unmapped address is reported with registers and a backtrace', async (t) => {
  const { serial, ended } = await breakAt('machine_memoryMap_boundaryAfter', JUMP, '', /^tsvm: halted\n/m);
  const lines = hypervisorLines(serial);
  t.equal(crashLine(serial), 'tsvm: crash: exception 14 (page fault)  error code 0x10');
  t.match(serial, /^tsvm: {3}rip 0x123456789000 {2}rsp 0xffffffff8/m);
  t.match(serial, /cr2 0x123456789000 /);
  t.match(serial, /^tsvm: {3}from \w+ \(kernel\/\S+\.ts:\d+\)$/m);
  t.equal(lines.at(-1), 'tsvm: halted');
  t.equal(ended, 'stopped');
});

t.test('a stack overflow hits the guard page, and the double fault is reported', async (t) => {
  const push = 'set $rsp = (unsigned long)&image_stacks + 0x1000';
  const { serial } = await breakAt('svm_start_svmPrepare', push, '', /^tsvm: halted\n/m);
  t.equal(crashLine(serial), 'tsvm: crash: exception 8 (double fault)  error code 0x0');
});

t.test('data cannot be executed', async (t) => {
  const jump = 'set $rip = (unsigned long)&image_data';
  const { serial } = await breakAt('svm_start_svmPrepare', jump, '', /^tsvm: halted\n/m);
  t.equal(crashLine(serial), 'tsvm: crash: exception 14 (page fault)  error code 0x11');
});

t.test('with crash=reset the machine resets after the report', async (t) => {
  const { serial, ended } = await breakAt('machine_memoryMap_boundaryAfter', JUMP, 'crash=reset', /^guest: ready/m);
  t.equal(hypervisorLines(serial).at(-1), 'tsvm: resetting');
  t.equal(ended, 'off');
});
