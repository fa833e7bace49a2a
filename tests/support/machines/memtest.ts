/** Runs of memtest86+, and what its screen says, which it also sends over the serial port. */
import type { Test } from 'tap';
import { makeMemtest } from '../../../images/memtest.js';
import { root } from '../../../linker/paths.js';
import { boot, type Boot, type BootOptions } from './harness.js';

/** `x64` and `ia32` on a BIOS; `efi` on UEFI, whose firmware leaves nothing free of 64 MiB. */
export type MemtestForm = 'x64' | 'ia32' | 'efi';

/** One of the later tests has begun; the screen is not sent often enough to name them all. */
const LATER_TEST = /#(?:[5-9]|10) +\[/;
const ONE_PASS = /Pass: +1 +Errors/;

/** To the end of the first pass, which takes three minutes at least: its last test waits so long. */
export async function passesWhole(t: Test, form: MemtestForm, cpus: number): Promise<Boot> {
  const result = await runMemtest(form, { cpus, until: ONE_PASS });
  t.same(lastCounts(result.serial), { passes: 1, errors: 0 });
  return result;
}

/** Into one of the later tests. */
export async function passesFirstTests(t: Test, form: MemtestForm, cpus: number): Promise<Boot> {
  const result = await runMemtest(form, { cpus, until: LATER_TEST });
  t.match(result.serial, LATER_TEST);
  t.same(lastCounts(result.serial), { passes: 0, errors: 0 });
  return result;
}

async function runMemtest(form: MemtestForm, options: BootOptions): Promise<Boot> {
  const memtest = await makeMemtest({ root, onStep: () => undefined });
  const machine = form === 'efi' ? { uefi: true, memory: '128M' } : { machine: 'pc', memory: '64M' };
  const append = 'nobench console=ttyS0,115200';
  return boot({ ...machine, kernel: memtest[form], initrd: null, append, seconds: 840, ...options });
}

/** What the last row of the screen says that has a count of errors: in the serial console's text, the last one sent. */
function lastCounts(serial: string): { passes: number; errors: number } {
  const all = [...serial.matchAll(/Pass: +(\d+) +Errors: +(\d+)/g)];
  const [, passes = '', errors = ''] = all.at(-1) ?? [];
  return { passes: Number(passes), errors: Number(errors) };
}
