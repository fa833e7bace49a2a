import fc from 'fast-check';
import t from 'tap';
import {
  dsdtAddress,
  extendedDsdtAddress,
  isHardwareReduced,
  NO_PORT,
  powerTimerMask,
  powerTimerPort,
  sleepPort,
  SleepRegister,
} from '../../../kernel/machine/fadt.js';
import { fadtBody, powerOnWithFadt, TimedMachine } from '../support/clocks.js';
import { logText, viewOf } from '../support/startup.js';

const HEADER = 36;
const TIMER_HAS_32_BITS = 1 << 8;

function powerOn(body: Uint8Array | null): void {
  powerOnWithFadt(new TimedMachine(), body);
}

/** A FADT of ACPI 2.0, whose extended block is at `address` in the space of that number. */
function extended(port: number, space: number, address: bigint): Uint8Array {
  const body = fadtBody(port, 0, 244 - HEADER);
  body[208 - HEADER] = space;
  viewOf(body).setBigUint64(212 - HEADER, address, true);
  return body;
}

t.test('the timer’s port is read from the table of ACPI 1.0', (t) => {
  powerOn(fadtBody(0xb008, 0));
  t.equal(powerTimerPort(), 0xb008);
  t.end();
});

t.test('the extended block replaces it where it names a port', (t) => {
  powerOn(extended(0xb008, 1, 0x608n));
  t.equal(powerTimerPort(), 0x608);
  t.end();
});

t.test('an extended block that is empty or not behind a port does not', (t) => {
  for (const body of [extended(0xb008, 1, 0n), extended(0xb008, 0, 0xfed0_0000n), extended(0xb008, 1, 0x1_0000n)]) {
    powerOn(body);
    t.equal(powerTimerPort(), 0xb008);
  }
  t.end();
});

t.test('without the table, without a block, or with one beyond the ports there is no timer', (t) => {
  for (const body of [null, fadtBody(0, 0), fadtBody(0x1_0000, 0), new Uint8Array(40)]) {
    powerOn(body);
    t.equal(powerTimerPort(), NO_PORT);
  }
  t.end();
});

t.test('the timer has 24 bits, or 32 where the flag says so', (t) => {
  powerOn(fadtBody(0xb008, 0));
  t.equal(powerTimerMask(), 0xff_ffff);
  powerOn(fadtBody(0xb008, TIMER_HAS_32_BITS));
  t.equal(powerTimerMask(), 0xffff_ffff);
  powerOn(fadtBody(0xb008, TIMER_HAS_32_BITS).subarray(0, 79 - HEADER));
  t.equal(powerTimerMask(), 0xff_ffff);
  t.end();
});

t.test('any table gives a port or none', (t) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (body) => {
      powerOn(body);
      const port = powerTimerPort();
      t.ok(port >= 0 && port <= 0xfffc);
      t.ok([0xff_ffff, 0xffff_ffff].includes(powerTimerMask()));
    }),
    { numRuns: 50 },
  );
  t.end();
});

/** A FADT with these doublewords, and generic addresses with a space before them. */
function withFields(
  fields: Readonly<Record<number, number>>,
  spaces: Readonly<Record<number, number>> = {},
  length = 276,
) {
  const body = new Uint8Array(length - HEADER);
  for (const [at, value] of Object.entries(fields)) viewOf(body).setUint32(Number(at) - HEADER, value, true);
  for (const [at, space] of Object.entries(spaces)) body[Number(at) - HEADER] = space;
  powerOn(body);
}

const ports = () => Object.values(SleepRegister).map((register) => sleepPort(register));

t.test('the bytes of sleep are in the high half of PM1 control, and the sleep control register itself', (t) => {
  withFields({ 64: 0x604, 68: 0xb004, 176: 0x1804, 188: 0x1904, 248: 0x700 }, { 172: 1, 184: 1, 244: 1 });
  t.same(ports(), [0x700, 0x605, 0xb005, 0x1805, 0x1905]);
  t.end();
});

t.test('a register that is not there, or beyond the end of the table, has no port', (t) => {
  withFields({ 64: 0x604 });
  t.same(ports(), [NO_PORT, 0x605, NO_PORT, NO_PORT, NO_PORT]);
  withFields({ 64: 0x604 }, {}, 71);
  t.same(ports(), [NO_PORT, 0x605, NO_PORT, NO_PORT, NO_PORT]);
  t.end();
});

t.test('a register in memory, or without a port, stops start-up in one line', (t) => {
  const NOT_BEHIND_A_PORT =
    'tsvm: the ACPI table FADT names a register of sleep that is not behind a port: tsvm cannot intercept it';
  for (const [register, fields, spaces] of [
    [SleepRegister.control, { 248: 0xfed8_0000 }, { 244: 0 }],
    [SleepRegister.extendedPm1a, { 176: 0x1804 }, { 172: 0 }],
    [SleepRegister.extendedPm1b, { 188: 0x1804, 192: 1 }, { 184: 1 }],
    [SleepRegister.pm1a, { 64: 0x1_0000 }, {}],
  ] as const) {
    withFields(fields, spaces);
    const log = logText().length;
    t.throws(() => sleepPort(register));
    t.equal(logText().slice(log), `${NOT_BEHIND_A_PORT}\n`);
  }
  powerOn(null);
  t.throws(() => sleepPort(SleepRegister.pm1a));
  t.match(logText(), /ACPI lists no FADT/);
  t.end();
});

t.test('the firmware’s code is where both fields say; hardware may be reduced', (t) => {
  withFields({ 40: 0x7fe_1000, 140: 0x7fe_2000, 112: 1 << 20 });
  t.same([dsdtAddress(), extendedDsdtAddress(), isHardwareReduced()], [0x7fe_1000n, 0x7fe_2000n, true]);
  withFields({ 40: 0x7fe_1000 }, {}, 116);
  t.same([dsdtAddress(), extendedDsdtAddress(), isHardwareReduced()], [0x7fe_1000n, 0n, false]);
  t.end();
});
