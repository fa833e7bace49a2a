import fc from 'fast-check';
import t from 'tap';
import { findTable, readAcpi, rsdpAddress } from '../../../kernel/machine/acpi.js';
import { MADT, readProcessors } from '../../../kernel/machine/madt.js';
import { localApic, putChecksum, putMadt, putRsdp, putRsdt, putTable, putXsdt } from '../support/acpiTables.js';
import { logText, powerOn, stopOf, viewOf } from '../support/startup.js';

const RSDP = 0xf_5ab0;
const ROOT = 0x10_0000;
const TABLE = 0x10_1000;
const OTHER = 0x10_8000;
const MIB = 0x10_0000;
/** The whole space that 32-bit pointers reach; only the pages that a test touches are ever real. */
const allMemory = new Uint8Array(2 ** 32);

function power(): Uint8Array {
  allMemory.fill(0, 0, 2 * MIB);
  return powerOn(allMemory);
}

/** A machine with one MADT of these entries. */
function powerWith(...entries: readonly number[][]): Uint8Array {
  const memory = power();
  putMadt(memory, TABLE, ...entries);
  putRsdt(memory, ROOT, TABLE);
  putRsdp(memory, RSDP, ROOT);
  return memory;
}

function readAll(): void {
  readAcpi();
  readProcessors();
}

function flip(memory: Uint8Array, address: number): void {
  memory[address] = (memory[address] ?? 0) ^ 1;
}

t.test('tables are found through the RSDT', (t) => {
  powerWith(localApic(0, 1));
  t.equal(stopOf(readAcpi), null);
  t.equal(rsdpAddress(), BigInt(RSDP));
  t.equal(findTable(MADT)?.start, BigInt(TABLE));
  t.equal(findTable(MADT)?.length, 52);
  t.equal(findTable(0x4746_434d), null);
  t.end();
});

t.test('the XSDT is preferred', (t) => {
  const memory = power();
  putMadt(memory, TABLE, localApic(0, 1));
  putXsdt(memory, ROOT, BigInt(TABLE));
  putRsdp(memory, RSDP, 0x5000, BigInt(ROOT));
  t.equal(stopOf(readAcpi), null);
  t.equal(findTable(MADT)?.start, BigInt(TABLE));
  t.end();
});

t.test('the EBDA is searched first, and only its first KiB', (t) => {
  const memory = powerWith(localApic(0, 1));
  viewOf(memory).setUint16(0x40e, 0x9fc0, true);
  putRsdp(memory, 0x9_fc00 + 1024, ROOT);
  t.equal(stopOf(readAcpi), null);
  t.equal(rsdpAddress(), BigInt(RSDP));
  putRsdp(memory, 0x9_fc00 + 992, ROOT);
  t.equal(stopOf(readAcpi), null);
  t.equal(rsdpAddress(), BigInt(0x9_fc00 + 992));
  t.end();
});

t.test('a pointer with a wrong checksum is passed over', (t) => {
  const memory = powerWith(localApic(0, 1));
  putRsdp(memory, RSDP - 0x1000, 0x5000);
  flip(memory, RSDP - 0x1000 + 8);
  t.equal(stopOf(readAcpi), null);
  t.equal(rsdpAddress(), BigInt(RSDP));
  t.end();
});

t.test('a pointer at the last possible place is found', (t) => {
  const memory = power();
  putMadt(memory, TABLE, localApic(0, 1));
  putRsdt(memory, ROOT, TABLE);
  putRsdp(memory, 0xf_ffe0, ROOT);
  t.equal(stopOf(readAcpi), null);
  t.equal(rsdpAddress(), 0xf_ffe0n);
  t.end();
});

t.test('tables that are not asked for may be damaged, out of reach, and many', (t) => {
  const damage: readonly ((memory: Uint8Array) => void)[] = [
    (memory) => flip(memory, OTHER + 40),
    (memory) => viewOf(memory).setUint32(OTHER + 4, 2 ** 31, true),
    (memory) => putRsdt(memory, ROOT, 0xffff_ffff, TABLE),
    (memory) => putRsdt(memory, ROOT, ...Array<number>(200).fill(OTHER), TABLE),
  ];
  for (const change of damage) {
    const memory = powerWith(localApic(0, 1));
    putTable(memory, OTHER, 'SSDT', new Uint8Array(64));
    putRsdt(memory, ROOT, OTHER, TABLE);
    change(memory);
    t.equal(stopOf(readAll), null);
    t.equal(findTable(MADT)?.start, BigInt(TABLE));
  }
  t.end();
});

t.test('a table above 4 GiB is passed over, which is said', (t) => {
  const memory = power();
  putMadt(memory, TABLE, localApic(0, 1));
  putXsdt(memory, ROOT, 0x1_0000_0000n, BigInt(TABLE));
  putRsdp(memory, RSDP, 0, BigInt(ROOT));
  t.equal(stopOf(readAll), null);
  t.equal(logText(), 'tsvm: the ACPI table at 0x100000000 lies above 4 GiB, so it is passed over\n');
  t.end();
});

t.test('damaged tables are refused', (t) => {
  const refusals: readonly (readonly [string, (memory: Uint8Array) => void])[] = [
    ['the firmware gives no ACPI tables', (memory) => memory.fill(0, RSDP, RSDP + 36)],
    ['the ACPI table at 0x100000 has a wrong checksum', (memory) => flip(memory, ROOT + 20)],
    ['the ACPI table at 0x101000 has a wrong checksum', (memory) => flip(memory, TABLE + 40)],
    ['the ACPI table at 0x101000 has a bad length', (memory) => viewOf(memory).setUint32(TABLE + 4, 35, true)],
    ['the ACPI table at 0x101000 has a bad length', (memory) => viewOf(memory).setUint32(TABLE + 4, 2 ** 31, true)],
    ['the ACPI table at 0xffffffff lies above 4 GiB', (memory) => putRsdp(memory, RSDP, 0xffff_ffff)],
  ];
  for (const [line, damage] of refusals) {
    damage(powerWith(localApic(0, 1)));
    t.equal(stopOf(readAll), `tsvm: ${line}`);
  }
  t.end();
});

t.test('whatever the tables hold, they are taken or refused', (t) => {
  const anyBytes = fc.uint8Array({ maxLength: 600 });
  const anyAddress = fc.oneof(fc.constantFrom(ROOT, TABLE, 0), fc.integer({ min: 0, max: 0xffff_ffff }));
  fc.assert(
    fc.property(
      anyBytes,
      fc.array(anyAddress, { maxLength: 5 }),
      anyAddress,
      fc.boolean(),
      (bytes, list, root, extended) => {
        const memory = power();
        putMadt(memory, TABLE, [...bytes]);
        if (extended) putXsdt(memory, ROOT, ...list.map((address) => BigInt(address)));
        else putRsdt(memory, ROOT, ...list);
        putRsdp(memory, RSDP, root, extended ? BigInt(root) << 4n : undefined);
        viewOf(memory).setUint16(0x40e, bytes[0] ?? 0, true);
        const stopped = stopOf(readAll);
        t.ok(stopped === null || /^(tsvm: [ -~]+\n?)+$/.test(stopped), stopped ?? 'taken');
      },
    ),
    { numRuns: 300 },
  );
  t.end();
});

t.test('a table with any bytes and a right checksum is taken or refused', (t) => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 36, maxLength: 200 }), fc.nat(300), (bytes, length) => {
      const memory = power();
      memory.set(bytes, TABLE);
      memory.set(Buffer.from('APIC'), TABLE);
      viewOf(memory).setUint32(TABLE + 4, length, true);
      putChecksum(memory, TABLE, TABLE + length, TABLE + 9);
      putRsdt(memory, ROOT, TABLE);
      putRsdp(memory, RSDP, ROOT);
      const stopped = stopOf(() => {
        readAcpi();
        readProcessors();
      });
      t.ok(stopped === null || /^(tsvm: [ -~]+\n?)+$/.test(stopped), stopped ?? 'taken');
    }),
    { numRuns: 300 },
  );
  t.end();
});
