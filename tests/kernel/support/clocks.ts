/** A machine that has time: a time-stamp counter, and a power-management timer behind a port. */
import { Halted } from '../../support/image.js';
import { readAcpi } from '../../../kernel/machine/acpi.js';
import { resetMemory, addMemory, simulate } from '../../../transpiler/lib/testing.js';
import { putRsdp, putRsdt, putTable } from './acpiTables.js';
import { viewOf } from './startup.js';

export const POWER_TIMER_PORT = 0x608;
export const POWER_TIMER_FREQUENCY = 3_579_545n;
const NANOSECONDS = 1_000_000_000n;
const HEADER = 36;

export interface Hardware {
  /** Counts of the time-stamp counter a second. */
  readonly tscFrequency?: bigint;
  readonly hasInvariantTsc?: boolean;
  readonly powerTimerBits?: 24 | 32;
  /** What a reading of the port takes, in nanoseconds. */
  readonly portTime?: bigint;
}

/** Its time goes on by what tests say, and by what reading a port takes. */
export class TimedMachine {
  /** Since power-on, in nanoseconds. */
  now = 123_456_789n;
  readonly written = new Map<number, bigint>();
  readonly hardware: Required<Hardware>;

  constructor(hardware: Hardware = {}) {
    this.hardware = {
      tscFrequency: 2_500_000_000n,
      hasInvariantTsc: true,
      powerTimerBits: 24,
      portTime: 1_000n,
      ...hardware,
    };
  }

  rdtsc(): bigint {
    return (this.now * this.hardware.tscFrequency) / NANOSECONDS;
  }
  /** The timer is read in the middle of the time that the port takes. */
  in32(port: number): number {
    if (port !== POWER_TIMER_PORT) throw new Error(`port ${port.toString(16)} is not the timer's`);
    const half = this.hardware.portTime / 2n;
    this.now += half;
    const counts = (this.now * POWER_TIMER_FREQUENCY) / NANOSECONDS;
    this.now += this.hardware.portTime - half;
    return Number(BigInt.asUintN(this.hardware.powerTimerBits, counts));
  }
  cpuid(leaf: number): { eax: number; ebx: number; ecx: number; edx: number } {
    const none = { eax: 0, ebx: 0, ecx: 0, edx: 0 };
    if (leaf === 0x8000_0000) return { ...none, eax: 0x8000_0008 };
    return leaf === 0x8000_0007 ? { ...none, edx: this.hardware.hasInvariantTsc ? 1 << 8 : 0 } : none;
  }
  /** What a reading of memory takes, between which the hypervisor pauses. */
  pause(): void {
    this.now += 100n;
  }
  vmwrite(field: number, value: bigint): void {
    this.written.set(field, value);
  }
  haltForever(): never {
    throw new Halted();
  }
}

/** The body of a FADT of ACPI 1.0 with a power-management timer at `port`. */
export function fadtBody(port: number, flags: number, bytes = 116 - HEADER): Uint8Array {
  const body = new Uint8Array(bytes);
  viewOf(body).setUint32(76 - HEADER, port, true);
  viewOf(body).setUint32(112 - HEADER, flags, true);
  return body;
}

/** Powers on a machine whose firmware has the FADT of this body, or none. */
export function powerOnWithFadt(machine: object, body: Uint8Array | null): void {
  resetMemory();
  simulate(machine);
  const memory = addMemory(0n, 0x20_0000);
  if (body === null) putRsdt(memory, 0x10_0000);
  else {
    putTable(memory, 0x10_1000, 'FACP', body);
    putRsdt(memory, 0x10_0000, 0x10_1000);
  }
  putRsdp(memory, 0xf_5ab0, 0x10_0000);
  readAcpi();
}

/** Powers on a machine with a power-management timer. */
export function powerOnTimed(hardware: Hardware = {}): TimedMachine {
  const machine = new TimedMachine(hardware);
  powerOnWithFadt(machine, fadtBody(POWER_TIMER_PORT, machine.hardware.powerTimerBits === 32 ? 1 << 8 : 0));
  return machine;
}

export const HPET_ADDRESS = 0xfed0_0000;
const HPET_CONFIGURATION = 0x10;
const HPET_COUNTER = 0xf0;

/** A machine without a power-management timer, but with an HPET, which counts while it is enabled. */
export class HpetMachine extends TimedMachine {
  registers: DataView = new DataView(new ArrayBuffer(0x400));
  enabledTime = 0n;
  readonly period: bigint;

  constructor(period: bigint, hardware: Hardware = {}) {
    super(hardware);
    this.period = period;
  }
  get isEnabled(): boolean {
    return (this.registers.getUint32(HPET_CONFIGURATION, true) & 1) !== 0;
  }
  override rdtsc(): bigint {
    this.pass(50n);
    return super.rdtsc();
  }
  override pause(): void {
    this.pass(100n);
  }
  pass(nanoseconds: bigint): void {
    this.now += nanoseconds;
    if (this.isEnabled) this.enabledTime += nanoseconds;
    const count = BigInt.asUintN(32, (this.enabledTime * 1_000_000n) / this.period + 0xffff_f000n);
    this.registers.setUint32(HPET_COUNTER, Number(count), true);
  }
}

/** Powers it on, with an ACPI table that says where the HPET is. */
export function powerOnWithHpet(machine: HpetMachine, space = 0): void {
  resetMemory();
  simulate(machine);
  const memory = addMemory(0n, 0x20_0000);
  const body = new Uint8Array(56 - HEADER);
  viewOf(body).setUint8(40 - HEADER, space);
  viewOf(body).setBigUint64(44 - HEADER, BigInt(HPET_ADDRESS), true);
  putTable(memory, 0x10_1000, 'HPET', body);
  putRsdt(memory, 0x10_0000, 0x10_1000);
  putRsdp(memory, 0xf_5ab0, 0x10_0000);
  machine.registers = viewOf(addMemory(BigInt(HPET_ADDRESS), 0x400));
  machine.registers.setUint32(4, Number(machine.period), true);
  readAcpi();
}
