/** A guest on a simulated Intel processor: the same memory as that of guest.ts. */
import { allocatorStart } from '../../../kernel/paging/allocator.js';
import { readMtrrs } from '../../../kernel/paging/mtrr.js';
import { buildNestedTables } from '../../../kernel/space/nestedPaging.js';
import { useProcessor } from '../../../kernel/run/start.js';
import { vcpuOf } from '../../../kernel/vcpu/processors.js';
import type { Vcpu } from '../../../kernel/vcpu/vcpu.js';
import { vmxCheck } from '../../../kernel/vmx/control/capability.js';
import { vmxEntryFormat } from '../../../kernel/vmx/control/entryFormat.js';
import { onVmxExit } from '../../../kernel/vmx/exit.js';
import { vmxPrepare } from '../../../kernel/vmx/start.js';
import { Field } from '../../../kernel/vmx/control/vmcs.js';
import { addMemory, resetMemory, simulate } from '../../../transpiler/lib/testing.js';
import {
  AmdProcessor,
  giveProcessors,
  HIDDEN,
  HIDDEN_BYTES,
  putIdentityTables,
  startState,
  type CpuidRegisters,
} from './guest.js';

const ECX_VMX = 1 << 5;
const ECX_XSAVE = 1 << 26;

/** A word of controls as its capability MSR tells it: what must be 1, what may be. */
function controls(forced: number, allowed: number): bigint {
  return (BigInt(allowed) << 32n) | BigInt(forced);
}

/** A Haswell, as far as the hypervisor looks. */
export class IntelProcessor extends AmdProcessor {
  override readonly msrs = new Map<number, bigint>([
    [0x3a, 5n],
    [0x2ff, 0x806n],
    [0x277, 0x0007_0406_0007_0406n],
    [0xc000_0080, 0xd00n],
    [0xc000_0101, 0n],
    [0x480, (1n << 55n) | 0x12n],
    [0x485, 5n],
    [0x486, 0x8000_0021n],
    [0x487, 0xffff_ffffn],
    [0x488, 0x2000n],
    [0x489, 0x3727ffn],
    [0x48b, controls(0, 0x0010_3fff)],
    [0x48c, 0xf01_0633_4141n],
    [0x48d, controls(0x16, 0x7f)],
    [0x48e, controls(0x0400_6172, 0xfff9_fffe)],
    [0x48f, controls(0x0003_6dfb, 0x007f_ffff)],
    [0x490, controls(0x0000_11fb, 0x0000_ffff)],
  ]);
  override readonly leaves: Record<number, CpuidRegisters> = {
    0: { eax: 0x16 },
    1: { ecx: 0xffff_ffff },
    7: { ecx: 0xffff_ffff },
    0x8000_0000: { eax: 0x8000_0008 },
    0x8000_0001: { edx: (1 << 11) | (1 << 20) | (1 << 26) },
    0x8000_0006: { ecx: 0x100_6040 },
    0x8000_0008: { eax: 39 },
  };
  readonly fields = new Map<number, bigint>();
  /** What XSETBV takes. */
  readonly extendedControls = new Set([1n, 3n, 7n]);
  cr0 = 0x8001_0011n;
  cr4 = 0x20n;
  cr2 = 0n;
  dr6 = 0xffff_0ff0n;
  xcr0 = 1n;

  vmread(field: number): bigint {
    return this.fields.get(field) ?? 0n;
  }
  vmwrite(field: number, value: bigint): void {
    this.fields.set(field, value);
  }
  vmxon(): boolean {
    return (this.cr4 & 0x2000n) !== 0n && (this.cr0 & 0x20n) !== 0n && ((this.msrs.get(0x3a) ?? 0n) & 5n) === 5n;
  }
  /** Whether VMXOFF was executed. */
  leftVmx = false;
  vmxoff(): void {
    this.leftVmx = true;
  }
  vmclear = (): boolean => true;
  vmptrld = (): boolean => true;
  invept = (): void => undefined;
  invvpid = (): void => undefined;
  readCr0 = (): bigint => this.cr0;
  readCr4 = (): bigint => this.cr4;
  writeCr0(value: bigint): void {
    this.cr0 = value;
  }
  writeCr4(value: bigint): void {
    this.cr4 = value;
  }
  readDr6 = (): bigint => this.dr6;
  writeCr2(value: bigint): void {
    this.cr2 = value;
  }
  writeDr6(value: bigint): void {
    this.dr6 = value;
  }
  tryXsetbv(register: number, value: bigint): boolean {
    if (register !== 0 || !this.extendedControls.has(value)) return false;
    this.xcr0 = value;
    return true;
  }
  /** Time stands still. */
  override in32(): number {
    return 0;
  }
  rdtsc = (): bigint => 0n;
  lgdt = (): void => undefined;
  lidt = (): void => undefined;
  ltr = (): void => undefined;
}

export interface IntelGuest {
  readonly processor: IntelProcessor;
  /** The guest's memory from address 0 on. */
  readonly memory: Uint8Array;
  readonly vcpu: Vcpu;
  /** The top of the guest's extended page tables. */
  readonly tables: bigint;
  read(field: number): bigint;
  write(field: number, value: bigint): void;
  /** The hypervisor handles an exit for this reason, which an instruction of two bytes made. */
  exit(reason: number, qualification?: bigint): void;
}

/** A guest in 64-bit mode, privilege level 0. The machine has more processors with these APIC IDs. */
export function startIntelGuest(processor = new IntelProcessor(), ...apicIds: readonly number[]): IntelGuest {
  resetMemory();
  simulate(processor);
  const memory = addMemory(0n, Number(HIDDEN));
  addMemory(HIDDEN, Number(HIDDEN_BYTES));
  allocatorStart(HIDDEN, HIDDEN_BYTES);
  readMtrrs();
  vmxCheck();
  const tables = buildNestedTables(vmxEntryFormat(), HIDDEN, HIDDEN_BYTES, HIDDEN + HIDDEN_BYTES);
  putIdentityTables(memory);
  giveProcessors(memory, ...apicIds);
  const vcpu = vcpuOf(0);
  useProcessor(vcpu);
  vmxPrepare(vcpu, tables, startState());
  return {
    processor,
    memory,
    vcpu,
    tables,
    read: (field) => processor.vmread(field),
    write: (field, value) => processor.vmwrite(field, value),
    exit(reason, qualification = 0n) {
      processor.vmwrite(Field.exitReason, BigInt(reason));
      processor.vmwrite(Field.exitQualification, qualification);
      processor.vmwrite(Field.instructionLength, 2n);
      processor.vmwrite(Field.entryInterruptionInformation, 0n);
      onVmxExit(vcpu, reason);
    },
  };
}

/** A processor that has VMX, XSAVE and nothing else that CPUID 1 shows in ECX. */
export function plainProcessor(): IntelProcessor {
  const processor = new IntelProcessor();
  processor.leaves[1] = { ecx: ECX_VMX | ECX_XSAVE };
  return processor;
}

/** What the entry injects. */
export function injectedEvent(guest: IntelGuest): { vector: number; type: number; errorCode: number | null } | null {
  const event = guest.read(Field.entryInterruptionInformation);
  if ((event & (1n << 31n)) === 0n) return null;
  const errorCode = (event & (1n << 11n)) !== 0n ? Number(guest.read(Field.entryErrorCode)) : null;
  return { vector: Number(event & 0xffn), type: Number((event >> 8n) & 7n), errorCode };
}
