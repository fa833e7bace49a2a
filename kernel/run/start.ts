/** Makes each processor run in the hypervisor: the BSP sets itself up and then starts the APs. */
import { addressOf, local, pause, requires, u64, wrmsr, type u32 } from '../../transpiler/lib/index.js';
import { useDescriptors } from '../x86/descriptors.js';
import { sendInit, sendStartup } from '../machine/localApic.js';
import { processorCount } from '../machine/madt.js';
import { directAddress } from '../x86/platform.js';
import { nestedRoot } from '../space/nestedPaging.js';
import { beginLine, print, printHex } from '../report/console.js';
import { releaseConsole, takeConsole } from '../report/consoleLock.js';
import { stop } from '../report/fail.js';
import { countsOf, readClock } from '../time/clock.js';
import { stacksOf, vcpuOf } from '../vcpu/processors.js';
import { CR0_CD, CR0_NW, GS_BASE } from '../x86/registers.js';
import { ProcessorState, startAfterReset } from '../vcpu/state.js';
import { trampolineVector, writeTrampoline } from '../space/trampoline.js';
import type { Vcpu } from '../vcpu/vcpu.js';
import { awaitStart, prepareVcpu, restartVcpu, runVcpu } from './vendor.js';

/**
 * Time in which an AP has to answer the first SIPI. A processor with hardware virtualization needs no pause between
 * INIT and SIPI.
 */
const ANSWER_MICROSECONDS = 10_000;
/** Time in which an AP has to answer the second SIPI, which is sent in case the first was lost. */
const LAST_MICROSECONDS = 1_000_000;

/**
 * Makes this processor use the memory of `vcpu`: its descriptor tables, its exception stacks, and GS with the vcpu's
 * address.
 */
export function useProcessor(vcpu: Vcpu): void {
  const address = directAddress(addressOf(vcpu));
  useDescriptors(vcpu.tables, directAddress(addressOf(vcpu.tables)), stacksOf(vcpu));
  wrmsr(GS_BASE, u64(address));
}

/** Starts all APs. Each then waits for a SIPI of the guest. Stops start-up if one does not answer. */
export function startProcessors(): void {
  const count = processorCount();
  if (count <= 1) return;
  writeTrampoline();
  for (let number: u32 = 1; number < count; number++) startProcessor(vcpuOf(number));
}

function startProcessor(vcpu: Vcpu): void {
  const apicId = vcpu.apicId;
  sendInit(apicId);
  sendStartup(apicId, trampolineVector());
  if (!becomesReady(vcpu, ANSWER_MICROSECONDS)) {
    sendStartup(apicId, trampolineVector());
    if (!becomesReady(vcpu, LAST_MICROSECONDS)) refuseProcessor(apicId);
  }
}

function becomesReady(vcpu: Vcpu, microseconds: u32): boolean {
  requires(microseconds <= LAST_MICROSECONDS);
  const end = u64(readClock() + countsOf(microseconds));
  while (vcpu.mailbox.isReady === 0) {
    if (readClock() >= end) return false;
    pause();
  }
  return true;
}

/** Ends start-up. Waits for the console first: an AP that has printed why it stopped keeps it for ever. */
function refuseProcessor(apicId: u32): never {
  takeConsole();
  beginLine();
  print('the processor with APIC ID ');
  printHex(u64(apicId));
  print(' does not answer');
  stop();
}

/**
 * Called from runtime-c/trampoline.asm, on the stack of `vcpu`: at start-up, and in Bochs on VT-x for each SIPI. `cr0`
 * is the processor's CR0 at its start; the guest gets its caches enabled or disabled as the firmware left them.
 */
export function onProcessorStart(vcpu: Vcpu, cr0: u32): never {
  useProcessor(vcpu);
  if (vcpu.isPrepared) return restartVcpu(vcpu);
  const state = local(ProcessorState);
  startAfterReset(state);
  state.cr0 = state.cr0 | (u64(cr0) & (CR0_CD | CR0_NW));
  takeConsole();
  prepareVcpu(vcpu, nestedRoot(), state);
  releaseConsole();
  awaitStart(vcpu);
  vcpu.isPrepared = true;
  vcpu.mailbox.isReady = 1;
  return runVcpu(vcpu);
}
