/** A simulated machine of several AMD processors, and what arrives at their local APICs. */
import { ApicChoice, options } from '../../../kernel/machine/options.js';
import { directAddress } from '../../../kernel/x86/platform.js';
import { svmAnnounceApic, svmInterceptApic } from '../../../kernel/svm/reset/apicInterception.js';
import { onSvmExit } from '../../../kernel/svm/exit.js';
import { onSvmCalled } from '../../../kernel/svm/reset/parking.js';
import { ExitCode } from '../../../kernel/svm/control/exitCode.js';
import { svmAwaitStart, svmPrepare } from '../../../kernel/svm/start.js';
import { Vmcb } from '../../../kernel/svm/control/vmcb.js';
import { onNmi } from '../../../kernel/run/nmi.js';
import { onSecurityException } from '../../../kernel/svm/reset/initRedirection.js';
import { vcpuOf } from '../../../kernel/vcpu/processors.js';
import type { Vcpu } from '../../../kernel/vcpu/vcpu.js';
import { addressOf, physical } from '../../../transpiler/lib/index.js';
import { AmdProcessor, CODE, KERNEL, startGuest, startState, walkTables, type Guest } from './guest.js';

const APIC_BASE = 0x1b;
const X2APIC = 0xfee0_0d00n;
const APIC_ID = 0x802;
const APIC_VERSION = 0x803;
/** Of the LVT. */
const SEVEN_ENTRIES = 0x6_0015n;
const COMMAND = 0x830;
const VM_CR = 0xc001_0114;
const R_INIT = 2n;
const GS_BASE = 0xc000_0101;
const NMI_INTERCEPT = 1 << 1;
const WRITABLE = 2n;

export const NMI = 0x4400;
export const INIT = 0x4500;
export const SIPI = 0x4600;
export const LOGICAL = 0x800;
export const SELF = 0x4_0000;
export const ALL = 0x8_0000;
export const OTHERS = 0xc_0000;

/** What is latched at a processor until GIF lets it in. */
interface Latches {
  nmi: boolean;
  init: boolean;
}

/**
 * Processors that take turns: the one that is `current` runs the hypervisor. Each has a local APIC in x2APIC mode, whose
 * registers read back, and latches NMI and INIT while GIF is clear (APM 2, 15.17).
 */
export class SharedMachine extends AmdProcessor {
  current = 0;
  readonly latches: Latches[];
  /** Commands that left an ICR: the processor that gave it, and its two halves. */
  readonly sent: { from: number; command: number; destination: number }[] = [];
  /** A processor that INIT has reset in hardware is out of the hypervisor's hands. */
  readonly lost: number[] = [];
  private readonly apics: Map<number, bigint>[];
  readonly ids: readonly number[];
  private readonly keepsRedirection: boolean;

  /** `keepsRedirection`: whether VM_CR.R_INIT is kept. */
  constructor(ids: readonly number[], keepsRedirection = false) {
    super();
    this.ids = ids;
    this.keepsRedirection = keepsRedirection;
    this.latches = ids.map(() => ({ nmi: false, init: false }));
    this.apics = ids.map(
      (id) =>
        new Map([
          [APIC_ID, BigInt(id)],
          [APIC_VERSION, SEVEN_ENTRIES],
        ]),
    );
    this.msrs.set(0x2ff, 0x806n);
    this.msrs.set(APIC_BASE, X2APIC);
    this.msrs.set(VM_CR, 0n);
  }

  /** The registers of the local APIC of processor `number`, by MSR. */
  apicOf(number: number): Map<number, bigint> {
    return this.apics[number] ?? new Map<number, bigint>();
  }

  override rdmsr(msr: number): bigint {
    return this.isApicRegister(msr) ? (this.apicOf(this.current).get(msr) ?? 0n) : super.rdmsr(msr);
  }
  override wrmsr(msr: number, value: bigint): void {
    if (msr === COMMAND) this.send(Number(value & 0xffff_ffffn), Number(value >> 32n));
    else if (this.isApicRegister(msr)) this.apicOf(this.current).set(msr, value);
    else super.wrmsr(msr, value);
  }
  override tryWrmsr(msr: number, value: bigint): boolean {
    if (msr === VM_CR && !this.keepsRedirection) return super.tryWrmsr(msr, value & ~R_INIT);
    if (!this.isApicRegister(msr)) return super.tryWrmsr(msr, value);
    this.wrmsr(msr, value);
    return true;
  }
  private isApicRegister(msr: number): boolean {
    return msr >= 0x800 && msr < 0x900;
  }

  private send(command: number, destination: number): void {
    this.sent.push({ from: this.current, command, destination });
    if ((command & 0x700) !== 0x400) return;
    this.ids.forEach((id, number) => {
      if (this.isReached(command, destination, id, number)) this.latch(number, 'nmi');
    });
  }
  private isReached(command: number, destination: number, id: number, number: number): boolean {
    const shorthand = command & OTHERS;
    if (shorthand === SELF) return number === this.current;
    if (shorthand === OTHERS) return number !== this.current;
    return shorthand === ALL || destination === id || destination === 0xffff_ffff;
  }

  /** An NMI or INIT arrives at processor `number`. */
  latch(number: number, what: keyof Latches): void {
    const latches = this.latches[number];
    if (latches !== undefined) latches[what] = true;
  }
  isLatched(number: number, what: keyof Latches): boolean {
    return this.latches[number]?.[what] ?? false;
  }
  clear(number: number, what: keyof Latches): void {
    const latches = this.latches[number];
    if (latches !== undefined) latches[what] = false;
  }

  /** In the host an INIT that is let in resets the processor, or raises #SX; an NMI goes to the host's handler. */
  override stgi(): void {
    super.stgi();
    const number = this.current;
    if (this.isLatched(number, 'nmi')) {
      this.clear(number, 'nmi');
      this.msrs.set(GS_BASE, directAddress(addressOf(vcpuOf(number))));
      onNmi();
      if (!this.holdsNothingBack) return; // it waits again
    }
    if (!this.isLatched(number, 'init')) return;
    this.clear(number, 'init');
    if (((this.msrs.get(VM_CR) ?? 0n) & R_INIT) === 0n) this.lost.push(number);
    this.msrs.set(GS_BASE, directAddress(addressOf(vcpuOf(number))));
    if (!onSecurityException(1n)) this.lost.push(number);
  }
}

export interface Machine extends Guest {
  readonly processor: SharedMachine;
  readonly vcpus: readonly Vcpu[];
}

/** What a processor does from the next VMRUN on. */
export const isParked = (vcpu: Vcpu): boolean => vcpu.controlPage === vcpu.svm.parkingVmcb;
export const guestVmcb = (vcpu: Vcpu): Vmcb => physical(Vmcb, vcpu.svm.guestVmcb);
export const currentVmcb = (vcpu: Vcpu): Vmcb => physical(Vmcb, vcpu.controlPage);

/** The options `apic=` and `init=`, whether VM_CR.R_INIT is kept, and what ECX of CPUID 1 says. */
interface Choices {
  readonly choice?: number;
  readonly redirects?: boolean;
  readonly init?: number;
  readonly features?: number;
}

/** A machine whose processors have the APIC IDs `ids`, all but the first of which wait for a SIPI. */
export function startMachine(
  ids: readonly number[] = [0, 2, 4, 6],
  { choice = ApicChoice.auto, redirects = false, init = 0, features = 0 }: Choices = {},
): Machine {
  const processor = new SharedMachine(ids, redirects);
  processor.leaves[1] = { ecx: features };
  const guest = startGuest([], processor, ...ids.slice(1));
  options.apic = choice;
  options.init = init;
  svmAnnounceApic();
  svmInterceptApic();
  const vcpus = ids.map((_, number) => vcpuOf(number));
  for (const vcpu of vcpus) {
    processor.current = vcpu.number;
    svmPrepare(vcpu, guest.vmcb.nestedCr3, startState());
    if (vcpu.number !== 0) svmAwaitStart(vcpu);
  }
  processor.current = 0;
  return { ...guest, vmcb: guestVmcb(vcpuOf(0)), processor, vcpus };
}

/** The exit `code` of what the processor of `vcpu` runs. */
export function exitOf({ processor }: Machine, vcpu: Vcpu, code: number, info1 = 0n): void {
  processor.current = vcpu.number;
  const vmcb = currentVmcb(vcpu);
  vmcb.exitCode = BigInt(code);
  vmcb.exitInfo1 = info1;
  onSvmExit(vcpu);
  if (vcpu.svm.call.isPending !== 0) onSvmCalled(vcpu); // as runtime-c/svm.asm does
}

/**
 * The processor of `vcpu` executes VMRUN, and what is latched has its effect, until nothing is or a guest took it. Returns
 * how many NMIs the real guest has taken. INIT comes first, then NMI (APM 2, table 8-8).
 */
export function run(machine: Machine, vcpu: Vcpu, masked = false): number {
  const { processor } = machine;
  const number = vcpu.number;
  for (let taken = 0; ; ) {
    processor.current = number;
    if (processor.isLatched(number, 'init')) exitOf(machine, vcpu, ExitCode.init);
    else if (!processor.isLatched(number, 'nmi')) return taken;
    else if (isParked(vcpu)) {
      processor.clear(number, 'nmi');
      exitOf(machine, vcpu, ExitCode.vmmcall);
    } else if (masked) return taken;
    else if ((currentVmcb(vcpu).interceptInstructions1 & NMI_INTERCEPT) !== 0) exitOf(machine, vcpu, ExitCode.nmi);
    else {
      processor.clear(number, 'nmi');
      taken++;
      exitOf(machine, vcpu, ExitCode.iret); // its handler ends
    }
  }
}

/** The guest writes `command` to the ICR of processor `number`, by WRMSR at `rip`. */
export function command(machine: Machine, low: number, destination: number, number = 0, rip = BigInt(CODE)): void {
  const vcpu = vcpuOf(number);
  const vmcb = guestVmcb(vcpu);
  machine.memory.set([0x0f, 0x30], CODE);
  vmcb.rip = rip;
  vmcb.nextRip = rip + 2n;
  vcpu.registers.rcx = BigInt(COMMAND);
  vcpu.registers.rax = BigInt(low >>> 0);
  vcpu.registers.rdx = BigInt(destination >>> 0);
  exitOf(machine, vcpu, ExitCode.msr, 1n);
}

/** Whether the guest can write to `address`. */
export const isWritable = ({ vmcb }: Guest, address: bigint): boolean =>
  ((walkTables(vmcb.nestedCr3, address)?.entry ?? 0n) & WRITABLE) !== 0n;

/** The processors that have parked. */
export const parked = ({ vcpus }: Machine) => vcpus.filter(isParked).map(({ number }) => number);

/** A machine on which a kernel has started every processor at the page 98h. */
export function startAll(ids?: readonly number[], chosen?: Parameters<typeof startMachine>[1]): Machine {
  const machine = startMachine(ids, chosen);
  command(machine, INIT | OTHERS, 0, 0, KERNEL);
  command(machine, SIPI | OTHERS | 0x98, 0, 0, KERNEL);
  for (const vcpu of machine.vcpus) run(machine, vcpu);
  machine.processor.sent.length = 0;
  return machine;
}
