import fc from 'fast-check';
import t from 'tap';
import { bootInfo, setText } from '../../../kernel/boot/bootInfo.js';
import {
  ApicChoice,
  ConsoleChoice,
  CrashAction,
  options,
  parseOptions,
  TripleFaultAction,
} from '../../../kernel/machine/options.js';
import { refusal } from '../../../kernel/report/fail.js';
import { window } from '../../../transpiler/lib/index.js';
import { powerOn, stopOf } from '../support/startup.js';

const LINE = 0x1000;
const CHOICES =
  'the options are crash=halt|reset, console=com1|none, triple-fault=reset|halt, refusal=halt|firmware, ' +
  'apic=auto|trap|release, test-timer=1ms|10ms|1s, disk=0x80, chain=FILE';

function parse(line: Buffer): string | null {
  powerOn(0x4000).set(line, LINE);
  setText(bootInfo.options, window(BigInt(LINE), line.length));
  return stopOf(parseOptions);
}

t.test('without options a crash halts, messages go to COM1, a triple fault resets', (t) => {
  t.equal(parse(Buffer.from('')), null);
  t.equal(options.crash, CrashAction.halt);
  t.equal(options.console, ConsoleChoice.com1);
  t.equal(options.tripleFault, TripleFaultAction.reset);
  t.end();
});

t.test('each option is understood, the last one of a kind wins', (t) => {
  t.equal(parse(Buffer.from('crash=halt  console=none triple-fault=halt crash=reset ')), null);
  t.equal(options.crash, CrashAction.reset);
  t.equal(options.console, ConsoleChoice.none);
  t.equal(options.tripleFault, TripleFaultAction.halt);
  t.end();
});

t.test('where it cannot start, the machine halts unless the firmware is to go on', (t) => {
  t.equal(parse(Buffer.from('')), null);
  t.equal(refusal.firmwareGoesOn, false);
  t.equal(parse(Buffer.from('refusal=firmware')), null);
  t.equal(refusal.firmwareGoesOn, true);
  t.equal(parse(Buffer.from('refusal=firmware refusal=halt')), null);
  t.equal(refusal.firmwareGoesOn, false);
  t.end();
});

t.test('whether the local APIC is watched is a choice, at first the hypervisor’s own', (t) => {
  t.equal(parse(Buffer.from('')), null);
  t.equal(options.apic, ApicChoice.auto);
  for (const [word, choice] of Object.entries(ApicChoice)) {
    t.equal(parse(Buffer.from(`apic=${word}`)), null);
    t.equal(options.apic, choice);
  }
  t.end();
});

t.test('the test task runs as often as the option says, without it not at all', (t) => {
  t.equal(parse(Buffer.from('')), null);
  t.equal(options.testTimer, 0);
  for (const [word, microseconds] of Object.entries({ '1ms': 1_000, '10ms': 10_000, '1s': 1_000_000 })) {
    t.equal(parse(Buffer.from(`test-timer=${word}`)), null);
    t.equal(options.testTimer, microseconds);
  }
  t.end();
});

t.test('an unknown option is named', (t) => {
  t.equal(parse(Buffer.from('crash=halt crash=now')), `tsvm: unknown option "crash=now"; ${CHOICES}`);
  t.equal(parse(Buffer.from('crash')), `tsvm: unknown option "crash"; ${CHOICES}`);
  t.end();
});

t.test('any line is understood or refused in one printable line', (t) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 2048 }), (line) => {
      const stopped = parse(Buffer.from(line));
      t.ok(stopped === null || /^tsvm: unknown option "[ -~]+"; [ -~]+$/.test(stopped), stopped ?? 'understood');
    }),
  );
  t.end();
});

t.test('a disk is named by two hexadecimal digits', (t) => {
  t.equal(parse(Buffer.from('')), null);
  t.equal(options.givesDisk, false);
  t.equal(parse(Buffer.from('disk=0x81 disk=0x9F')), null);
  t.same([options.givesDisk, options.disk], [true, 0x9f]);
  for (const word of ['disk=81', 'disk=0x8', 'disk=0x800', 'disk=0x8g', 'disk=0x@0', 'disk=']) {
    t.equal(parse(Buffer.from(word)), `tsvm: unknown option "${word}"; ${CHOICES}`);
  }
  t.end();
});
