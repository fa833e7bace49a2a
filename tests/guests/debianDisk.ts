/** Boots a Debian disk that was installed for the bare machine, with a session on its serial console. */
import type { Test } from 'tap';
import { makeDebianDisk } from '../../images/debian.js';
import { root } from '../../linker/paths.js';
import { boot, type Boot } from '../support/machines/harness.js';
import { type Controller, drive, MACHINE, makeMedium, type MediumKind } from '../support/machines/media.js';

export interface DiskCase {
  readonly uefi: boolean;
  readonly controller: Controller;
  /** The medium with tsvm and its controller; null: the bare machine. */
  readonly medium: { readonly kind: MediumKind; readonly controller: Controller } | null;
}

const PROMPT = 'root@node:~# ';

/** The session: logs in as root, runs commands, and powers off with systemd. */
const DIALOGUE = [
  [/node login: /, 'root'],
  [
    new RegExp(PROMPT),
    'echo processors $(nproc); tsvm-stat; systemctl --failed --no-legend | wc -l; systemctl poweroff',
  ],
] as const;

export async function bootDebian(t: Test, { uefi, controller, medium }: DiskCase): Promise<Boot> {
  const disk = await makeDebianDisk({ root, onStep: () => undefined });
  const first = medium === null ? [] : drive(medium.controller, await makeMedium(t, medium.kind, null), 0);
  return boot({ ...MACHINE, uefi, dialogue: DIALOGUE, extra: [...first, ...drive(controller, disk, 1)] });
}

export function describe({ uefi, controller, medium }: DiskCase): string {
  const start = medium === null ? 'bare' : `under tsvm from a medium ${medium.kind}`;
  return `a Debian disk on ${controller} comes to its login by ${uefi ? 'UEFI' : 'a BIOS'}, ${start}`;
}

export function cameToLogin(t: Test, { serial, ended }: Boot): void {
  t.match(serial, /^node login: /m);
  t.match(serial, /processors 2$/m);
  t.match(serial, /Power down/);
  t.equal(ended, 'off');
}

/** Checks that Debian ran under the hypervisor, with both processors. */
export function ranUnderTsvm(t: Test, { serial }: Boot): void {
  t.match(serial, /^tsvm, hypercall interface .*, 2 processors/m);
}
