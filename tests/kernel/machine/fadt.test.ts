import fc from 'fast-check';
import t from 'tap';
import { NO_PORT, powerTimerMask, powerTimerPort } from '../../../kernel/machine/fadt.js';
import { fadtBody, powerOnWithFadt, TimedMachine } from '../support/clocks.js';
import { viewOf } from '../support/startup.js';

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
