/** Prepares the processor and the control structure for a guest. */
import { u64, type Hpa } from '../../transpiler/lib/index.js';
import type { GuestStart } from '../guest/guestStart.js';
import { PAGE_BYTES } from '../memory/allocator.js';
import { allocateControlPage } from '../memory/controlPage.js';
import { fail } from '../report/fail.js';
import type { Vcpu } from '../vcpu/vcpu.js';
import { INTERCEPTED_EXCEPTIONS } from './controls.js';
import { stampRevision, vmxEnable } from './enable.js';
import { eptPointer } from './entryFormat.js';
import { ExitReason } from './exitReason.js';
import { setGuestState } from './guestState.js';
import { setHostState } from './hostState.js';
import { vmclear, vmptrld, vmwrite } from './operations.js';
import { makeIoPermissions, makeMsrPermissions } from './permissionMaps.js';
import { chosenSetting, Controls } from './settings.js';
import { Field } from './vmcs.js';

/** VPID 0 is the host's (SDM 3C 28.1). */
const GUEST_VPID = 1n;

/** Makes `vcpu` ready to run from `start` on, with the second-level page tables at `nestedTables`. */
export function vmxPrepare(vcpu: Vcpu, nestedTables: Hpa, start: GuestStart): void {
  vmxEnable(allocateControlPage());
  makeCurrent(vcpu);
  vcpu.quickReason = ExitReason.cpuid;
  setControls(nestedTables);
  setHostState();
  setGuestState(vcpu.registers, start);
  vcpu.takesNmis = true;
}

function makeCurrent(vcpu: Vcpu): void {
  vcpu.vmcb = allocateControlPage();
  stampRevision(vcpu.vmcb);
  if (!vmclear(vcpu.vmcb) || !vmptrld(vcpu.vmcb)) fail('the processor refused a VMCS');
}

function setControls(nestedTables: Hpa): void {
  const ports = makeIoPermissions();
  vmwrite(Field.pinControls, u64(chosenSetting(Controls.pin)));
  vmwrite(Field.primaryControls, u64(chosenSetting(Controls.primary)));
  vmwrite(Field.secondaryControls, u64(chosenSetting(Controls.secondary)));
  vmwrite(Field.exitControls, u64(chosenSetting(Controls.exit)));
  vmwrite(Field.entryControls, u64(chosenSetting(Controls.entry)));
  vmwrite(Field.exceptionBitmap, u64(INTERCEPTED_EXCEPTIONS));
  vmwrite(Field.msrBitmap, u64(makeMsrPermissions()));
  vmwrite(Field.ioBitmapA, u64(ports));
  vmwrite(Field.ioBitmapB, u64(ports + PAGE_BYTES));
  vmwrite(Field.eptPointer, eptPointer(nestedTables));
  vmwrite(Field.vpid, GUEST_VPID);
}
