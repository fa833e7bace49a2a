import t from 'tap';
import { Event, eventCount, recordEvent } from '../../../kernel/report/events.js';
import { powerOn } from '../support/startup.js';
import { logText } from '../support/startup.js';

t.beforeEach(() => powerOn(16));

t.test('an event is a line that says what, which and where', (t) => {
  recordEvent(Event.svmEnable, 0x1d01n, 0x1234n);
  t.equal(logText(), 'tsvm: event: the guest wrote EFER.SVME, value 0x1d01 at 0x1234\n');
  t.end();
});

t.test('a guest that repeats itself does not fill the log', (t) => {
  for (let i = 0; i < 100; i++) recordEvent(Event.hiddenMemory, 0x1000n, 0n);
  t.equal(logText().split('\n').length - 1, 8);
  t.match(logText(), /more of these are not logged\n$/);
  t.equal(eventCount(Event.hiddenMemory), 100n);
  t.end();
});

t.test('kinds of events are counted and logged apart', (t) => {
  for (let i = 0; i < 100; i++) recordEvent(Event.hiddenMemory, 0x1000n, 0n);
  recordEvent(Event.virtualizationInstruction, 0x80n, 0n);
  t.equal(eventCount(Event.virtualizationInstruction), 1n);
  t.match(logText(), /executed a virtualization instruction, exit code 0x80/);
  t.end();
});
