/** A guest on a simulated AMD processor: 4 MiB of its own memory, then 2 MiB that the hypervisor keeps. */
import { allocatorStart } from '../../../kernel/paging/allocator.js';
import { readMtrrs } from '../../../kernel/paging/mtrr.js';
import { buildNestedTables } from '../../../kernel/space/nestedPaging.js';
import { svmEntryFormat } from '../../../kernel/svm/control/entryFormat.js';
import { onSvmExit } from '../../../kernel/svm/exit.js';
import { svmPrepare } from '../../../kernel/svm/start.js';
import { Vmcb } from '../../../kernel/svm/control/vmcb.js';
import { readAcpi } from '../../../kernel/machine/acpi.js';
import { readProcessors } from '../../../kernel/machine/madt.js';
import { directAddress } from '../../../kernel/x86/platform.js';
import { GS_BASE } from '../../../kernel/x86/registers.js';
import { allocateProcessors, vcpuAddress, vcpuOf } from '../../../kernel/vcpu/processors.js';
import type { Vcpu } from '../../../kernel/vcpu/vcpu.js';
import { localApic, putMadt, putRsdp, putRsdt } from './acpiTables.js';
import { ProcessorState, startInLongMode } from '../../../kernel/vcpu/state.js';
import { local, physical, window } from '../../../transpiler/lib/index.js';
import { addImage, bounds } from '../../support/image.js';
import { addMemory, resetMemory, simulate } from '../../../transpiler/lib/testing.js';

export const HIDDEN = 0x40_0000n;
export const HIDDEN_BYTES = 0x20_0000n;
/** Where the guest's page tables and its first instruction are. */
export const TABLES = 0x1_0000;
export const CODE = 0x2_0000;

export class Halted extends Error {
  override readonly name = 'Halted';
}
class Reset extends Error {
  override readonly name = 'Reset';
}
/** What t.throws() takes for the end of the hypervisor, and of the machine. */
export const HALTED = { name: 'Halted' };
export const RESET = { name: 'Reset' };

const APIC_BASE = 0x1b;
const X2APIC_MODE = 0x400n;
const LOCAL_APIC = 0xfee0_0000n;

/** Where kernels run, and firmware. */
export const KERNEL = 0xffff_ffff_8100_0000n;
export const FIRMWARE = 0x3e00_0000n;

export interface CpuidRegisters {
  readonly eax?: number;
  readonly ebx?: number;
  readonly ecx?: number;
  readonly edx?: number;
}

/** An EPYC in x2APIC mode, as far as the hypervisor looks: MSRs that are written read back, others fault. */
export class AmdProcessor {
  readonly msrs = new Map<number, bigint>([
    [APIC_BASE, LOCAL_APIC | 0x900n | X2APIC_MODE],
    [0xc000_0080, 0x500n],
    [0xc000_0101, 0n],
    [0x277, 0x0007_0406_0007_0406n],
  ]);
  readonly leaves: Record<number, CpuidRegisters> = {
    0x8000_0000: { eax: 0x8000_001f },
    0x8000_0001: { ecx: 1 << 2, edx: (1 << 20) | (1 << 25) | (1 << 26) },
    0x8000_0008: { eax: 40 },
    0x8000_000a: { eax: 1, ebx: 16, edx: 1 },
  };
  readonly portWrites: [number, number][] = [];

  cpuid(leaf: number): Required<CpuidRegisters> {
    return { eax: 0, ebx: 0, ecx: 0, edx: 0, ...this.leaves[leaf] };
  }
  rdmsr(msr: number): bigint {
    const value = this.msrs.get(msr);
    if (value === undefined) throw new Error(`RDMSR of ${msr.toString(16)} faults`);
    return value;
  }
  wrmsr(msr: number, value: bigint): void {
    this.msrs.set(msr, value);
  }
  tryRdmsr(msr: number): { value: bigint; faulted: boolean } {
    const value = this.msrs.get(msr);
    return { value: value ?? 0n, faulted: value === undefined };
  }
  tryWrmsr(msr: number, value: bigint): boolean {
    if (!this.msrs.has(msr)) return false;
    this.msrs.set(msr, value);
    return true;
  }
  /** No UART: an empty port reads as ones. */
  in8(): number {
    return 0xff;
  }
  out8(port: number, value: number): void {
    this.portWrites.push([port, value]);
  }
  /** PCI configuration, by what is written to its address port. */
  configuration: Record<number, number> = {};
  private configurationAddress = 0;
  out32(_port: number, value: number): void {
    this.configurationAddress = value;
  }
  in32(): number {
    return this.configuration[this.configurationAddress] ?? 0xffff_ffff;
  }
  in16(): number {
    return 0xffff;
  }
  readCr3 = (): bigint => 0x5000n;
  writeCr3 = (): void => undefined;
  out16(port: number, value: number): void {
    this.portWrites.push([port, value]);
  }
  pause(): void {
    return;
  }
  wbinvd(): void {
    this.writesBack++;
  }
  /** How often WBINVD was executed. */
  writesBack = 0;
  /** Whether STGI was executed. */
  holdsNothingBack = false;
  stgi(): void {
    this.holdsNothingBack = true;
  }
  clgi(): void {
    this.holdsNothingBack = false;
  }
  /** DR0 to DR3. */
  readonly breakpoints = [1n, 2n, 3n, 4n];
  writeDr0 = (value: bigint): void => void (this.breakpoints[0] = value);
  writeDr1 = (value: bigint): void => void (this.breakpoints[1] = value);
  writeDr2 = (value: bigint): void => void (this.breakpoints[2] = value);
  writeDr3 = (value: bigint): void => void (this.breakpoints[3] = value);
  /** The vcpu whose guest is entered. */
  entered: bigint | null = null;
  svmRun(vcpu: bigint): never {
    this.entered = vcpu;
    throw new Halted();
  }
  markAllocation(): void {
    return;
  }
  imageBounds(): typeof bounds {
    return bounds;
  }
  shutDown(): never {
    throw new Reset();
  }
  haltForever(): never {
    throw new Halted();
  }
}

export interface Guest {
  readonly processor: AmdProcessor;
  /** The guest's memory from address 0 on. */
  readonly memory: Uint8Array;
  readonly vcpu: Vcpu;
  readonly vmcb: Vmcb;
  /** The hypervisor handles an exit with this code. */
  exit(code: number | bigint, info1?: bigint, info2?: bigint): void;
}

/** A processor whose MTRRs make all memory write-back. */
export function writeBackProcessor(): AmdProcessor {
  const processor = new AmdProcessor();
  processor.msrs.set(0x2ff, 0x806n);
  return processor;
}

/** The firmware names the processors with these APIC IDs, and each gets its memory. */
export function giveProcessors(memory: Uint8Array, ...apicIds: readonly number[]): void {
  putMadt(memory, 0xe_1000, localApic(0, 1), ...apicIds.map((id) => localApic(id, 1)));
  putRsdt(memory, 0xe_0000, 0xe_1000);
  putRsdp(memory, 0xf_0000, 0xe_0000);
  readAcpi();
  readProcessors();
  allocateProcessors();
}

/** A guest in 64-bit mode, privilege level 0, about to execute `code` at CODE. The machine has more processors with these APIC IDs. */
export function startGuest(
  code: readonly number[] = [],
  processor = writeBackProcessor(),
  ...apicIds: readonly number[]
): Guest {
  resetMemory();
  simulate(processor);
  const memory = addMemory(0n, Number(HIDDEN));
  addMemory(HIDDEN, Number(HIDDEN_BYTES));
  if (((processor.msrs.get(APIC_BASE) ?? 0n) & X2APIC_MODE) === 0n) addMemory(LOCAL_APIC, 0x1000);
  addImage();
  allocatorStart(HIDDEN, HIDDEN_BYTES);
  readMtrrs();
  const tables = buildNestedTables(svmEntryFormat(), HIDDEN, HIDDEN_BYTES, HIDDEN + HIDDEN_BYTES);
  putIdentityTables(memory);
  memory.set(code, CODE);
  giveProcessors(memory, ...apicIds);
  processor.msrs.set(GS_BASE, directAddress(vcpuAddress(0)));
  const vcpu = vcpuOf(0);
  svmPrepare(vcpu, tables, startState());
  const vmcb = physical(Vmcb, vcpu.controlPage);
  return {
    processor,
    memory,
    vcpu,
    vmcb,
    exit(exitCode, info1 = 0n, info2 = 0n) {
      vmcb.exitCode = BigInt(exitCode);
      vmcb.exitInfo1 = info1;
      vmcb.exitInfo2 = info2;
      onSvmExit(vcpu);
    },
  };
}

/** 64-bit mode at CODE. */
export function startState(): ProcessorState {
  const state = local(ProcessorState);
  startInLongMode(state, BigInt(CODE), BigInt(TABLES));
  state.rsp = 0x8000n;
  state.gdt.base = 0x7000n;
  state.gdt.limit = 0x1f;
  return state;
}

/** Four levels that map the first 4 MiB to themselves, in 4 KiB pages for the first 2 MiB. */
export function putIdentityTables(memory: Uint8Array): void {
  const view = new DataView(memory.buffer, memory.byteOffset);
  const put = (table: number, index: number, entry: bigint): void => view.setBigUint64(table + index * 8, entry, true);
  put(TABLES, 0, BigInt(TABLES + 0x1000) | 3n);
  put(TABLES + 0x1000, 0, BigInt(TABLES + 0x2000) | 3n);
  put(TABLES + 0x2000, 0, BigInt(TABLES + 0x3000) | 3n);
  put(TABLES + 0x2000, 1, 0x20_0000n | 0x83n);
  for (let page = 0; page < 512; page++) put(TABLES + 0x3000, page, BigInt(page * 0x1000) | 3n);
}

/** What EVENTINJ asks for. */
export function injected(vmcb: Vmcb): { vector: number; type: number; errorCode: number | null } | null {
  const event = vmcb.eventInj;
  if ((event & (1n << 31n)) === 0n) return null;
  const errorCode = (event & (1n << 11n)) !== 0n ? Number(event >> 32n) : null;
  return { vector: Number(event & 0xffn), type: Number((event >> 8n) & 7n), errorCode };
}

/** What second-level tables give for a guest-physical address: the leaf entry, its target, and the page's size. */
export function walkTables(root: bigint, address: bigint): { entry: bigint; target: bigint; bytes: bigint } | null {
  let table = root;
  for (let shift = 39n; shift >= 12n; shift -= 9n) {
    const entry = window(table + ((address >> shift) & 511n) * 8n, 8).u64(0);
    if ((entry & 1n) === 0n) return null;
    const frame = entry & 0x000f_ffff_ffff_f000n;
    const bytes = 1n << shift;
    if (shift === 12n || (entry & 0x80n) !== 0n) return { entry, target: frame + (address & (bytes - 1n)), bytes };
    table = frame;
  }
  return null;
}
