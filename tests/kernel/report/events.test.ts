/** Events: what the log says of them, and that an exit which records one waits for nobody. */
import t from 'tap';
import { beginCrash } from '../../../kernel/crash/crash.js';
import { Event, eventRing } from '../../../kernel/observe/events.js';
import { printNews, releaseConsole, takeConsole } from '../../../kernel/report/consoleLock.js';
import { recordEvent } from '../../../kernel/report/events.js';
import { vcpuAddress } from '../../../kernel/vcpu/processors.js';
import { directAddress } from '../../../kernel/x86/platform.js';
import { GS_BASE } from '../../../kernel/x86/registers.js';
import { eventCount } from '../support/events.js';
import { startGuest, type Guest } from '../support/guest.js';
import { logText } from '../support/startup.js';

const ROOM = 32;

/** A machine of three processors. */
let guest: Guest;
t.beforeEach(() => {
  guest = startGuest([], undefined, 1, 2);
});

/** Records an event on processor `number`. */
function recordOn(number: number, event: Event, detail = 0x1000n): void {
  guest.processor.msrs.set(GS_BASE, directAddress(vcpuAddress(number)));
  recordEvent(event, detail, 0x1234n);
}

/** The log's lines of events, by what they end with. */
const details = (): string[] =>
  [...logText().matchAll(/^tsvm: event: .* (0x\w+) at 0x1234/gm)].map((line) => line[1] ?? '');

t.test('an event is a line that says what, which and where, at once', (t) => {
  recordOn(0, Event.svmEnable, 0x1d01n);
  t.equal(logText(), 'tsvm: event: the guest wrote EFER.SVME, value 0x1d01 at 0x1234\n');
  t.end();
});

t.test('a guest that repeats itself does not fill the log', (t) => {
  for (let i = 0; i < 100; i++) recordOn(i % 3, Event.hiddenMemory);
  t.equal(logText().split('\n').length - 1, 8);
  t.match(logText(), /more of these are not logged\n$/);
  t.equal(eventCount(Event.hiddenMemory), 100n);
  t.end();
});

t.test('kinds of events are counted and logged apart', (t) => {
  for (let i = 0; i < 100; i++) recordOn(0, Event.hiddenMemory);
  recordOn(0, Event.virtualizationInstruction, 0x80n);
  t.equal(eventCount(Event.virtualizationInstruction), 1n);
  t.match(logText(), /executed a virtualization instruction, exit code 0x80/);
  t.end();
});

t.test('while another processor has the console nobody waits; it prints the events of all, in their order', (t) => {
  takeConsole();
  recordOn(2, Event.hiddenMemory, 0x10n);
  recordOn(0, Event.fixedMsr, 0x11n);
  recordOn(2, Event.fixedMsr, 0x12n);
  recordOn(1, Event.hiddenMemory, 0x13n);
  t.equal(logText(), '');
  releaseConsole();
  t.same(details(), ['0x10', '0x11', '0x12', '0x13']);
  printNews();
  t.equal(details().length, 4, 'each once');
  t.end();
});

t.test('what finds its ring full is counted, and the log says how many, once', (t) => {
  takeConsole();
  for (let i = 0; i < ROOM + 3; i++) recordOn(1, i % 8 === 0 ? Event.fixedMsr : Event.microcode, BigInt(i));
  recordOn(2, Event.sleep);
  releaseConsole();
  const lost = 'tsvm: events lost, since others were waiting to be printed: 3 of processor 1\n';
  t.ok(logText().endsWith(lost));
  t.equal(eventCount(Event.fixedMsr) + eventCount(Event.microcode), BigInt(ROOM + 3), 'the counts have all');
  recordOn(1, Event.sleep);
  t.equal(logText().split(lost).length, 2);
  t.end();
});

t.test('events that were recorded before their kind was full are not logged beyond its eight', (t) => {
  takeConsole();
  for (let i = 0; i < 20; i++) recordOn(i % 3, Event.microcode, BigInt(i));
  releaseConsole();
  t.same(details(), ['0x0', '0x1', '0x2', '0x3', '0x4', '0x5', '0x6', '0x7']);
  t.equal(eventRing(1).taken, eventRing(1).written);
  t.end();
});

t.test('a ring that has gone round often keeps its order', (t) => {
  const kinds = Object.values(Event);
  for (const kind of kinds) for (let i = 0; i < 8; i++) recordOn(1, kind, BigInt(kind * 8 + i));
  t.ok(eventRing(1).written > 3 * ROOM);
  t.same(
    details(),
    kinds.flatMap((kind) => [...Array(8).keys()].map((i) => `0x${(kind * 8 + i).toString(16)}`)),
  );
  t.end();
});

t.test('the last report begins with the events that wait', (t) => {
  takeConsole();
  recordOn(1, Event.hiddenMemory, 0x77n);
  beginCrash();
  t.match(logText(), /event: the guest reached for hidden memory at 0x77 at 0x1234\ntsvm: crash: $/);
  t.end();
});

t.test('before a processor has its record no guest runs, and nothing is recorded', (t) => {
  guest.processor.msrs.set(GS_BASE, 0n);
  recordEvent(Event.hiddenMemory, 0n, 0n);
  t.equal(logText(), '');
  t.equal(eventCount(Event.hiddenMemory), 0n);
  t.end();
});
