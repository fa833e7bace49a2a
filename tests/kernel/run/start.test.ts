import t from 'tap';
import { readAcpi } from '../../../kernel/machine/acpi.js';
import { readProcessors } from '../../../kernel/machine/madt.js';
import { allocatorStart } from '../../../kernel/paging/allocator.js';
import { startClock } from '../../../kernel/time/clock.js';
import {
  allocateProcessors,
  currentVcpu,
  PROCESSOR_BYTES,
  vcpuOf,
  vcpuTable,
} from '../../../kernel/vcpu/processors.js';
import { startProcessors, useProcessor } from '../../../kernel/run/start.js';
import { useTrampoline } from '../../../kernel/space/trampoline.js';
import { addMemory, resetMemory, simulate } from '../../../transpiler/lib/testing.js';
import { bounds } from '../../support/image.js';
import { localApic, putMadt, putRsdp, putRsdt, putTable } from '../support/acpiTables.js';
import { fadtBody, POWER_TIMER_PORT, TimedMachine } from '../support/clocks.js';
import { HALTED } from '../support/guest.js';
import { logText, viewOf } from '../support/startup.js';

const DIRECT = 0xffff_8000_0000_0000n;
const TRAMPOLINE = 0x9_c000;
const APIC = 0xfee0_0000n;
const REGION = 0x40_0000n;
const COMMAND_MSR = 0x830;
const MICROSECOND = 1_000n;
const SECOND = 1_000_000n * MICROSECOND;

interface Sent {
  readonly command: number;
  readonly destination: number;
}

/** A machine whose processors answer the SIPI of the number `answersSipi`, or none. */
class Machine extends TimedMachine {
  readonly sent: Sent[] = [];
  readonly msrs = new Map<number, bigint>([
    [0x1b, APIC | 0x900n],
    [0xc000_0101, 0n],
  ]);
  answersSipi = 1;
  private readonly sipis = new Map<number, number>();

  rdmsr = (msr: number): bigint => this.msrs.get(msr) ?? 0n;
  wrmsr(msr: number, value: bigint): void {
    if (msr === COMMAND_MSR) this.take(Number(value & 0xffff_ffffn), Number(value >> 32n));
    else this.msrs.set(msr, value);
  }
  override pause(): void {
    this.now += MICROSECOND;
  }
  take(command: number, destination: number): void {
    this.sent.push({ command, destination });
    if ((command & 0x700) !== 0x600) return;
    const count = (this.sipis.get(destination) ?? 0) + 1;
    this.sipis.set(destination, count);
    if (count === this.answersSipi) vcpuOf(destination / 2).mailbox.isReady = 1;
  }
  imageBounds = (): typeof bounds => ({ ...bounds, physical: 0x20_0000n });
  readCr3 = (): bigint => 0x7f_5000n;
  readCr4 = (): bigint => 0x20n;
  writeCr4 = (): void => undefined;
  lgdt = (): void => undefined;
  lidt = (): void => undefined;
  ltr = (): void => undefined;
  markAllocation = (): void => undefined;
}

let memory: Uint8Array = new Uint8Array();

/** Three processors with the APIC IDs 0, 2 and 4, in x2APIC mode. */
function power(machine: Machine): Machine {
  resetMemory();
  simulate(machine);
  machine.msrs.set(0x1b, APIC | 0xd00n);
  memory = addMemory(0n, Number(REGION));
  addMemory(REGION, 0x20_0000);
  allocatorStart(REGION, 0x20_0000n);
  putTable(memory, 0xe_2000, 'FACP', fadtBody(POWER_TIMER_PORT, 0));
  putMadt(memory, 0xe_1000, localApic(0, 1), localApic(2, 1), localApic(4, 1));
  putRsdt(memory, 0xe_0000, 0xe_1000, 0xe_2000);
  putRsdp(memory, 0xf_0000, 0xe_0000);
  readAcpi();
  readProcessors();
  startClock();
  allocateProcessors();
  useTrampoline(BigInt(TRAMPOLINE));
  return machine;
}

const INIT = 0x4500;
const SIPI = 0x469c;

t.test('each further processor gets one INIT and one SIPI to the trampoline', (t) => {
  const machine = power(new Machine());
  startProcessors();
  const commands = machine.sent.map(({ command, destination }) => [command, destination]);
  t.same(commands, [
    [INIT, 2],
    [SIPI, 2],
    [INIT, 4],
    [SIPI, 4],
  ]);
  t.end();
});

t.test('a second SIPI starts a processor that missed the first', (t) => {
  const machine = power(new Machine());
  machine.answersSipi = 2;
  const before = machine.now;
  startProcessors();
  t.same(
    machine.sent.slice(0, 3).map(({ command }) => command),
    [INIT, SIPI, SIPI],
  );
  t.ok(machine.now - before < SECOND / 10n);
  t.end();
});

t.test('a processor that does not answer stops start-up within about a second, in one line', (t) => {
  const machine = power(new Machine());
  machine.answersSipi = 3;
  const before = machine.now;
  const log = logText();
  t.throws(startProcessors, HALTED);
  t.equal(logText().slice(log.length), 'tsvm: the processor with APIC ID 0x2 does not answer\n');
  t.ok(machine.now - before < 2n * SECOND);
  t.end();
});

t.test('in xAPIC mode the commands go through the registers', (t) => {
  const machine = power(new Machine());
  const page = viewOf(addMemory(APIC, 0x1000));
  machine.msrs.set(0x1b, APIC | 0x900n);
  t.throws(startProcessors, HALTED, 'nobody answers what is written to memory');
  t.equal(page.getUint32(0x310, true), 2 << 24);
  t.equal(page.getUint32(0x300, true), SIPI);
  t.end();
});

t.test('the trampoline page has what runtime-c/trampoline.asm reads', (t) => {
  power(new Machine());
  memory[0x20_0000 + Number(bounds.trampoline - bounds.text)] = 0x90;
  startProcessors();
  const page = viewOf(memory.subarray(TRAMPOLINE, TRAMPOLINE + 0x1000));
  t.equal(page.getUint8(0), 0x90, 'the code');
  t.equal(page.getUint16(0x100, true), 0x17);
  t.equal(page.getUint32(0x102, true), TRAMPOLINE + 0x128);
  t.equal(page.getUint32(0x108, true), TRAMPOLINE + 0x80);
  t.equal(page.getUint16(0x10c, true), 8);
  t.equal(page.getUint32(0x110, true), 0x7f_5000);
  t.equal(page.getUint32(0x114, true), 3);
  t.equal(page.getBigUint64(0x118, true), vcpuTable());
  t.equal(page.getBigUint64(0x130, true), 0x0020_9b00_0000_0000n);
  t.end();
});

t.test('each processor has a stack of its own, and GS leads to its vcpu', (t) => {
  const machine = power(new Machine());
  t.equal(currentVcpu(), null, 'before it has one');
  const tops = [0, 1, 2].map((number) => vcpuOf(number).stackTop);
  t.same(
    tops,
    [0n, 1n, 2n].map((number) => DIRECT + REGION + number * PROCESSOR_BYTES + 0x5000n),
  );
  useProcessor(vcpuOf(2));
  t.equal(machine.msrs.get(0xc000_0101), DIRECT + REGION + 2n * PROCESSOR_BYTES + 0xb000n);
  t.equal(currentVcpu()?.number, 2);
  t.equal(currentVcpu()?.apicId, 4);
  t.end();
});
