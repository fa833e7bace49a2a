/**
 * One set of functions for both kinds of hardware virtualization. chooseVendor() asks the processor once; from then on
 * the neutral code calls through these tables.
 */
import { addressOf, haltForever, table, type Hpa } from '../../transpiler/lib/index.js';
import { options } from '../machine/options.js';
import { setVendor, vendor, Vendor, VENDORS } from '../x86/vendor.js';
import { isVirtualMachine } from '../x86/virtualMachine.js';
import type { EntryFormat } from '../paging/entryFormat.js';
import { directAddress, svmRun, vmxRun } from '../x86/platform.js';
import { fail } from '../report/fail.js';
import { svmAnnounceApic, svmInterceptApic } from '../svm/reset/apicInterception.js';
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
const apicAnnouncements = table<InterceptApic>(VENDORS, svmAnnounceApic, { [Vendor.vmx]: announceNothing });
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

/**
 * Finds out which kind the processor has. Stops start-up with a message if it has none, or lacks what a guest needs.
 */
export function chooseVendor(): void {
  if (svmExists()) setVendor(Vendor.svm);
  else if (vmxExists()) setVendor(Vendor.vmx);
  else fail('this processor has no AMD-V (SVM) and no Intel VT-x (VMX)');
  checks.get(vendor())();
}

/** The format of the vendor's nested page tables. */
export function nestedEntryFormat(): EntryFormat {
  return formats.get(vendor())();
}

/** Prepares `vcpu` to run from `state` on, with the nested page tables at `nestedTables`. */
export function prepareVcpu(vcpu: Vcpu, nestedTables: Hpa, state: ProcessorState): void {
  preparations.get(vendor())(vcpu, nestedTables, state);
}

/** Announces the ranges of memory that `interceptApic` sets apart (space/pageRights.ts). */
export function announceApic(): void {
  apicAnnouncements.get(vendor())();
}

/** Intercepts what the options `apic=` and `init=` ask for, so that no INIT takes a processor out of the guest. */
export function interceptApic(): void {
  apicInterceptions.get(vendor())();
}

/**
 * Whether processors still start through the trampoline once the guest runs, so that the hypervisor has to keep its
 * page.
 */
export function keepsTrampoline(): boolean {
  return trampolineUses.get(vendor())();
}

/**
 * Starts the timer that causes a VM exit when a task is due, if there are tasks. AMD-V has no such timer, and no tasks.
 */
export function startTimer(vcpu: Vcpu): void {
  timerStarts.get(vendor())(vcpu);
}

/** Makes the NMI that arrived while the hypervisor ran pending for the guest of `vcpu`, on this processor. */
export function keepNmi(vcpu: Vcpu): void {
  nmiKeepers.get(vendor())(vcpu);
}

/**
 * Makes the machine check that arrived while the hypervisor ran pending for the guest of `vcpu`. Returns false if that
 * is not possible.
 */
export function keepMachineCheck(vcpu: Vcpu): boolean {
  return machineCheckKeepers.get(vendor())(vcpu);
}

/** Runs the guest of `vcpu`. Does not return. */
export function runVcpu(vcpu: Vcpu): never {
  if (vcpu.number === 0) noteGuestRuns(holdsInits() ? Reach.nmiAndInit : Reach.nmi);
  runs.get(vendor())(vcpu);
  return haltForever();
}

/**
 * Whether an INIT that causes a VM exit stays pending. QEMU, which emulates AMD-V only, resets the processor instead.
 */
function holdsInits(): boolean {
  return vendor() === Vendor.vmx || !isVirtualMachine();
}

/** Makes the prepared processor of `vcpu` wait for a SIPI of the guest once it runs. */
export function awaitStart(vcpu: Vcpu): void {
  startAwaits.get(vendor())(vcpu);
}

/**
 * Enters the guest of `vcpu` on its processor, which was reset and has come through the trampoline again
 * (kernel/vmx/exits/heldInit.ts).
 */
export function restartVcpu(vcpu: Vcpu): never {
  restarts.get(vendor())(vcpu);
  return haltForever();
}

/** Does nothing. On AMD-V a prepared processor is never reset, so none comes through the trampoline twice. */
function needNoRestart(_vcpu: Vcpu): void {
  return;
}

/** VT-x intercepts no writes to local APICs. */
function announceNothing(): void {
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
