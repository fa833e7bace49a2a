import type { Test } from 'tap';

/** How often images/guest/init takes each processor offline. */
const ROUNDS = 3;

/** Checks the output of a guest with `cpus` processors and tsvm.run=hotplug: each AP came back under the hypervisor. */
export function checkHotplug(t: Test, serial: string, cpus: number): void {
  for (let cpu = 1; cpu < cpus; cpu++) {
    const lines = [`offline, ${cpus - 1} CPU`, `online, ${cpus} CPU`, 'still under tsvm'];
    for (const line of lines) {
      t.equal([...serial.matchAll(new RegExp(`^guest: cpu${cpu} ${line}$`, 'gm'))].length, ROUNDS, `cpu${cpu} ${line}`);
    }
  }
  t.match(serial, new RegExp(`^guest: ${cpus} answered an NMI$`, 'm'));
}
