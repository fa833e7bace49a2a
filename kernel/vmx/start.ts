/** Prepares a processor and its VMCS for a guest on VT-x. */
import { addressOf, list, rdmsr, U32, u64, type Hpa, type u32 } from '../../transpiler/lib/index.js';
import { PAGE_BYTES } from '../x86/pages.js';
import { allocateControlPage } from '../paging/controlPage.js';
import { directAddress, vmxRun } from '../x86/platform.js';
import { fail } from '../report/fail.js';
import { PAT } from '../x86/registers.js';
import type { ProcessorState } from '../vcpu/state.js';
import type { Vcpu } from '../vcpu/vcpu.js';
import { INTERCEPTED_EXCEPTIONS } from './control/controls.js';
import { learnConstantLeaves } from './exits/cpuid.js';
import { stampRevision, vmxEnable } from './control/enable.js';
import { eptPointer } from './control/entryFormat.js';
import { ExitReason } from './control/exitReason.js';
import { setGuestState } from './exits/guestState.js';
import { startGuestAt } from './exits/initSipi.js';
import { setHostState } from './control/hostState.js';
import { vmclear, vmptrld, vmwrite } from './control/operations.js';
import { ioPermissions, msrPermissions } from './control/permissionMaps.js';
import { chosenSetting, Controls } from './control/settings.js';
import { Activity, Field } from './control/vmcs.js';
import { setVpid } from './control/vpid.js';

/** Link pointer of a VMCS without shadow VMCS (SDM 3C 24.4.2). */
const NO_LINK = 0xffff_ffff_ffff_ffffn;

/** XSAVES state whose registers hold addresses at which the processor writes to memory: Intel PT (SDM 1 13.1). */
const XSS_EXITING = 1n << 8n;

/** Fields that must be 0 with the chosen controls. In a new VMCS they are undefined (SDM 3C 24.11.3). */
const zeroed = list(U32, [
  Field.pageFaultErrorMask,
  Field.pageFaultErrorMatch,
  Field.cr3TargetCount,
  Field.exitMsrStoreCount,
  Field.exitMsrLoadCount,
  Field.entryMsrLoadCount,
  Field.pconfigExitingBitmap,
  Field.guestSysenterCs,
  Field.guestSysenterEsp,
  Field.guestSysenterEip,
]);

/** Prepares `vcpu` to run from `state` on, with the nested page tables at `nestedTables`. */
export function vmxPrepare(vcpu: Vcpu, nestedTables: Hpa, state: ProcessorState): void {
  vcpu.hostPage = allocateControlPage();
  vmxEnable(vcpu.hostPage);
  makeCurrent(vcpu);
  vcpu.vmx.quickReason = ExitReason.cpuid;
  learnConstantLeaves(vcpu);
  setControls(nestedTables);
  setHostState(vcpu);
  vmwrite(Field.guestPat, rdmsr(PAT));
  vmwrite(Field.linkPointer, NO_LINK);
  setGuestState(state);
  vcpu.takesNmis = true;
}

function makeCurrent(vcpu: Vcpu): void {
  vcpu.controlPage = allocateControlPage();
  stampRevision(vcpu.controlPage);
  if (!vmclear(vcpu.controlPage) || !vmptrld(vcpu.controlPage)) fail('the processor refused a VMCS');
}

function setControls(nestedTables: Hpa): void {
  const ports = ioPermissions();
  vmwrite(Field.pinControls, u64(chosenSetting(Controls.pin)));
  vmwrite(Field.primaryControls, u64(chosenSetting(Controls.primary)));
  vmwrite(Field.secondaryControls, u64(chosenSetting(Controls.secondary)));
  vmwrite(Field.exitControls, u64(chosenSetting(Controls.exit)));
  vmwrite(Field.exceptionBitmap, u64(INTERCEPTED_EXCEPTIONS));
  vmwrite(Field.msrBitmap, u64(msrPermissions()));
  vmwrite(Field.ioBitmapA, u64(ports));
  vmwrite(Field.ioBitmapB, u64(ports + PAGE_BYTES));
  vmwrite(Field.eptPointer, eptPointer(nestedTables));
  vmwrite(Field.xssExitingBitmap, XSS_EXITING);
  setVpid();
  for (let i: u32 = 0; i < zeroed.length; i++) vmwrite(zeroed.get(i), 0n);
}

/** Makes the guest of `vcpu` start in the state wait-for-SIPI (SDM 3C 24.4.2). */
export function vmxAwaitStart(_vcpu: Vcpu): void {
  vmwrite(Field.guestActivity, Activity.waitsForSipi);
}

/**
 * Restarts the processor of `vcpu`, which was reset (heldInit.ts). Enters the guest at the vector that the guest has
 * sent.
 */
export function vmxRestart(vcpu: Vcpu): never {
  vcpu.vmx.mailbox.wantsStart = 0;
  vmxEnable(vcpu.hostPage);
  if (!vmclear(vcpu.controlPage) || !vmptrld(vcpu.controlPage)) fail('the processor refused a VMCS');
  startGuestAt(vcpu, vcpu.vmx.startVector);
  return vmxRun(directAddress(addressOf(vcpu)));
}
