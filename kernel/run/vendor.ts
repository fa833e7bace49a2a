/**
 * The two kinds of hardware virtualization behind one set of functions. Which one the processor has is asked once; from
 * then on the neutral code calls through these tables.
 */
import { addressOf, haltForever, table, type Hpa } from '../../transpiler/lib/index.js';
import { options } from '../machine/options.js';
import { setVendor, vendor, Vendor, VENDORS } from '../x86/vendor.js';
import { isVirtualMachine } from '../x86/virtualMachine.js';
import type { EntryFormat } from '../paging/pageTables.js';
import { directAddress, svmRun, vmxRun } from '../x86/platform.js';
import { fail } from '../report/fail.js';
import { svmInterceptApic } from '../svm/reset/apicInterception.js';
import { svmCheck, svmExists } from '../svm/control/capability.js';
import { svmEntryFormat } from '../svm/control/entryFormat.js';
import { svmKeepMachineCheck } from '../svm/exits/machineCheck.js';
import { svmKeepNmi } from '../svm/exits/nmi.js';
import { svmAwaitStart, svmPrepare } from '../svm/start.js';
import { vmxLeaveApic } from '../vmx/apic.js';
import { vmxCheck, vmxExists } from '../vmx/control/capability.js';
import { vmxEntryFormat } from '../vmx/control/entryFormat.js';
import { findHeldInit } from '../vmx/exits/heldInit.js';
import { vmxKeepMachineCheck, vmxKeepNmi } from '../vmx/exits/nmi.js';
import { startPreemptionTimer } from '../vmx/exits/preemptionTimer.js';
import { vmxAwaitStart, vmxPrepare, vmxRestart } from '../vmx/start.js';
import { noteGuestRuns, Reach } from '../x86/end.js';
import type { ProcessorState } from '../vcpu/state.js';
import type { Vcpu } from '../vcpu/vcpu.js';

type Check = () => void;
type GiveFormat = () => EntryFormat;
type Prepare = (vcpu: Vcpu, nestedTables: Hpa, state: ProcessorState) => void;
type InterceptApic = () => void;
type KeepsTrampoline = () => boolean;
type StartTimer = (vcpu: Vcpu) => void;
type KeepNmi = (vcpu: Vcpu) => void;
type KeepMachineCheck = (vcpu: Vcpu) => boolean;
type Run = (vcpu: Vcpu) => void;

const checks = table<Check>(VENDORS, svmCheck, { [Vendor.vmx]: vmxCheck });
const formats = table<GiveFormat>(VENDORS, svmEntryFormat, { [Vendor.vmx]: vmxEntryFormat });
const preparations = table<Prepare>(VENDORS, svmPrepare, { [Vendor.vmx]: vmxPrepare });
const apicInterceptions = table<InterceptApic>(VENDORS, svmInterceptApic, { [Vendor.vmx]: vmxLeaveApic });
const trampolineUses = table<KeepsTrampoline>(VENDORS, needNoTrampoline, { [Vendor.vmx]: findHeldInit });
const timerStarts = table<StartTimer>(VENDORS, needNoTimer, { [Vendor.vmx]: startVmxTimer });
const nmiKeepers = table<KeepNmi>(VENDORS, svmKeepNmi, { [Vendor.vmx]: vmxKeepNmi });
const machineCheckKeepers = table<KeepMachineCheck>(VENDORS, svmKeepMachineCheck, {
  [Vendor.vmx]: vmxKeepMachineCheck,
});
const startAwaits = table<Run>(VENDORS, svmAwaitStart, { [Vendor.vmx]: vmxAwaitStart });
const restarts = table<Run>(VENDORS, needNoRestart, { [Vendor.vmx]: vmxRestart });
const runs = table<Run>(VENDORS, runSvm, { [Vendor.vmx]: runVmx });

/** Finds out what the processor has. Stops start-up with one line where that is not enough for a guest. */
export function chooseVendor(): void {
  if (svmExists()) setVendor(Vendor.svm);
  else if (vmxExists()) setVendor(Vendor.vmx);
  else fail('this processor has no AMD-V (SVM) and no Intel VT-x (VMX)');
  checks.get(vendor())();
}

/** What the second-level page tables are made of. */
export function nestedEntryFormat(): EntryFormat {
  return formats.get(vendor())();
}

/** Makes `vcpu` ready to run from `state` on, with the second-level page tables at `nestedTables`. */
export function prepareVcpu(vcpu: Vcpu, nestedTables: Hpa, state: ProcessorState): void {
  preparations.get(vendor())(vcpu, nestedTables, state);
}

/** Sees to it that an INIT carries no processor out of the guest, as the options `apic=` and `init=` say. */
export function interceptApic(): void {
  apicInterceptions.get(vendor())();
}

/** Whether processors come through the trampoline once the guest runs, so that it stays the hypervisor's. */
export function keepsTrampoline(): boolean {
  return trampolineUses.get(vendor())();
}

/** Has the guest of `vcpu` left when a task is due, where there are tasks. There are none on AMD-V, which has no timer. */
export function startTimer(vcpu: Vcpu): void {
  timerStarts.get(vendor())(vcpu);
}

/** The guest of `vcpu`, which this processor runs, gets the NMI that came while the hypervisor ran. */
export function keepNmi(vcpu: Vcpu): void {
  nmiKeepers.get(vendor())(vcpu);
}

/** The guest of `vcpu` is told of the machine check that came while the hypervisor ran. False where it cannot be. */
export function keepMachineCheck(vcpu: Vcpu): boolean {
  return machineCheckKeepers.get(vendor())(vcpu);
}

/** Runs the guest of `vcpu`. The world switch does not come back. */
export function runVcpu(vcpu: Vcpu): never {
  if (vcpu.number === 0) noteGuestRuns(holdsInits() ? Reach.nmiAndInit : Reach.nmi);
  runs.get(vendor())(vcpu);
  return haltForever();
}

/** Whether an INIT that leaves the guest stays pending. QEMU, which has AMD-V only, resets the processor. */
function holdsInits(): boolean {
  return vendor() === Vendor.vmx || !isVirtualMachine();
}

/** The processor of `vcpu`, which is prepared, waits for a SIPI of the guest from when it runs. */
export function awaitStart(vcpu: Vcpu): void {
  startAwaits.get(vendor())(vcpu);
}

/** Enters the guest of `vcpu` on its processor, which was reset and has come through the trampoline again (kernel/vmx/exits/heldInit.ts). */
export function restartVcpu(vcpu: Vcpu): never {
  restarts.get(vendor())(vcpu);
  return haltForever();
}

/** On AMD-V no processor is reset once it is prepared, so none comes through the trampoline twice. */
function needNoRestart(_vcpu: Vcpu): void {
  return;
}

function needNoTrampoline(): boolean {
  return false;
}

function needNoTimer(_vcpu: Vcpu): void {
  return;
}

function startVmxTimer(vcpu: Vcpu): void {
  if (findHeldInit() || options.testTimer !== 0) startPreemptionTimer(vcpu);
}

function runSvm(vcpu: Vcpu): never {
  return svmRun(directAddress(addressOf(vcpu)));
}

function runVmx(vcpu: Vcpu): never {
  return vmxRun(directAddress(addressOf(vcpu)));
}
