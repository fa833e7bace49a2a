/** Runs memtest86+ and reads its screen, which it also sends over the serial port. */
import type { Test } from 'tap';
import { makeMemtest } from '../../../images/memtest.js';
import { root } from '../../../linker/paths.js';
import { boot, type Boot, type BootOptions } from './harness.js';

/** The form of memtest86+. `x64` and `ia32` run on a BIOS; `efi` runs on UEFI, whose firmware needs more than 64 MiB. */
export type MemtestForm = 'x64' | 'ia32' | 'efi';

/** Matches when a later test has begun. The screen is not sent often enough to see each of them. */
const LATER_TEST = /#(?:[5-9]|10) +\[/;
const ONE_PASS = /Pass: +1 +Errors/;

/** Runs to the end of the first pass. That takes at least three minutes, since its last test waits that long. */
export async function passesWhole(t: Test, form: MemtestForm, cpus: number): Promise<Boot> {
  const result = await runMemtest(form, { cpus, until: ONE_PASS });
  t.same(lastCounts(result.serial), { passes: 1, errors: 0 });
  return result;
}

/** Runs until one of the later tests has begun. */
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

/** The last row with a count of errors that was sent over the serial port. */
function lastCounts(serial: string): { passes: number; errors: number } {
  const all = [...serial.matchAll(/Pass: +(\d+) +Errors: +(\d+)/g)];
  const [, passes = '', errors = ''] = all.at(-1) ?? [];
  return { passes: Number(passes), errors: Number(errors) };
}
