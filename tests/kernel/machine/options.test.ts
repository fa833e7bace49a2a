import fc from 'fast-check';
import t from 'tap';
import { bootInfo, setText } from '../../../kernel/handover/bootInfo.js';
import {
  ApicChoice,
  ConsoleChoice,
  CrashAction,
  options,
  parseOptions,
  TestTimer,
  TripleFaultAction,
} from '../../../kernel/machine/options.js';
import { OPTION_COUNT } from '../../../kernel/machine/optionTable.js';
import { refusal } from '../../../kernel/report/fail.js';
import { window } from '../../../transpiler/lib/index.js';
import { powerOn, stopOf } from '../support/startup.js';

const LINE = 0x1000;
const CHOICES =
  'the options are crash=halt|reset, console=com1|none, triple-fault=reset|halt, refusal=halt|firmware, ' +
  'apic=auto|trap|release, test-timer=off|1ms|10ms|1s, disk=0x80, chain=FILE, hypercall=kernel|user, msr=strict|open, require=nothing|locks, ' +
  'init=auto|hold|redirect';

/** What start-up says where it stops at the words from outside, or at those of the packed file; null where it does not. */
function parse(outside: Buffer, packed = '', isSecure = false): string | null {
  const memory = powerOn(0x4000);
  memory.set(outside, LINE);
  memory.set(Buffer.from(packed), LINE + outside.length);
  setText(bootInfo.options, window(BigInt(LINE), outside.length));
  setText(bootInfo.packedOptions, window(BigInt(LINE + outside.length), packed.length));
  bootInfo.isSecure = isSecure;
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

t.test('if the hypervisor cannot start, the machine halts unless the firmware shall go on', (t) => {
  t.equal(parse(Buffer.from('')), null);
  t.equal(refusal.firmwareGoesOn, false);
  t.equal(parse(Buffer.from('refusal=firmware')), null);
  t.equal(refusal.firmwareGoesOn, true);
  t.equal(parse(Buffer.from('refusal=firmware refusal=halt')), null);
  t.equal(refusal.firmwareGoesOn, false);
  t.end();
});

t.test('interception of local-APIC writes is an option, whose default the hypervisor chooses', (t) => {
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
  for (const [word, choice] of Object.entries({
    off: TestTimer.off,
    '1ms': TestTimer.every1Ms,
    '10ms': TestTimer.every10Ms,
    '1s': TestTimer.every1S,
  })) {
    t.equal(parse(Buffer.from(`test-timer=${word}`)), null);
    t.equal(options.testTimer, choice);
  }
  t.end();
});

t.test('an unknown option is named', (t) => {
  t.equal(parse(Buffer.from('crash=halt crash=now')), `tsvm: unknown option "crash=now"; ${CHOICES}`);
  t.equal(parse(Buffer.from('crash')), `tsvm: unknown option "crash"; ${CHOICES}`);
  t.end();
});

t.test('any line is accepted, or refused with one printable line', (t) => {
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
  t.equal(options.disk, 0);
  t.equal(parse(Buffer.from('disk=0x81 disk=0x9F')), null);
  t.equal(options.disk, 1 + 0x9f);
  for (const word of ['disk=81', 'disk=0x8', 'disk=0x800', 'disk=0x8g', 'disk=0x@0', 'disk=']) {
    t.equal(parse(Buffer.from(word)), `tsvm: unknown option "${word}"; ${CHOICES}`);
  }
  t.end();
});

t.test('each line of the table has the field at its place', (t) => {
  const fields = [
    ['crash=reset', () => options.crash],
    ['console=none', () => options.console],
    ['triple-fault=halt', () => options.tripleFault],
    ['refusal=firmware', () => options.refusal],
    ['apic=release', () => options.apic],
    ['test-timer=1s', () => options.testTimer],
    ['disk=0x00', () => options.disk],
    ['chain=x', () => options.chain],
    ['hypercall=user', () => options.hypercall],
    ['msr=open', () => options.msr],
    ['require=locks', () => options.require],
    ['init=redirect', () => options.init],
  ] as const;
  t.equal(fields.length, OPTION_COUNT);
  for (const [word, field] of fields) {
    t.equal(parse(Buffer.from('')), null);
    t.equal(field(), 0, `${word} by default`);
    t.equal(parse(Buffer.from(word)), null);
    t.not(field(), 0, word);
  }
  t.end();
});

const PACK = 'remove it, or make the file again with tsvm pack --options';
const WEAKENS = `it weakens protection, so under Secure Boot it counts only inside the signed file: ${PACK}`;
const WEAKER = `it is weaker than the one in the packed file, which stands: ${PACK}`;

t.test('under Secure Boot, words that weaken protection count only from the packed file', (t) => {
  for (const word of ['refusal=firmware', 'apic=release', 'chain=\\a.efi', 'hypercall=user', 'msr=open']) {
    t.equal(parse(Buffer.from(word)), null, `${word} without Secure Boot`);
    t.equal(parse(Buffer.from(word), '', true), `tsvm: the option "${word}"; ${WEAKENS}`);
    t.equal(
      parse(Buffer.from(word), word, true),
      `tsvm: the option "${word}"; ${WEAKENS}`,
      'even where it is there, too',
    );
    t.equal(parse(Buffer.from(''), word, true), null, `${word} in the packed file`);
  }
  t.equal(refusal.firmwareGoesOn, false);
  for (const word of ['refusal=halt', 'apic=auto', 'apic=trap', 'crash=reset', 'console=none', 'disk=0x81'])
    t.equal(parse(Buffer.from(word), '', true), null, `${word} weakens nothing`);
  t.end();
});

t.test('a refused refusal=firmware has no effect on the refusal itself', (t) => {
  t.not(parse(Buffer.from('refusal=firmware'), '', true), null);
  t.equal(refusal.firmwareGoesOn, false);
  t.end();
});

t.test('words from outside make the packed ones stricter, never weaker, with Secure Boot and without', (t) => {
  for (const isSecure of [false, true]) {
    t.equal(parse(Buffer.from('apic=trap refusal=halt'), 'apic=release refusal=firmware', isSecure), null);
    t.same([options.apic, refusal.firmwareGoesOn], [ApicChoice.trap, false]);
    t.equal(parse(Buffer.from('apic=auto'), 'apic=trap', isSecure), `tsvm: the option "apic=auto"; ${WEAKER}`);
    t.equal(parse(Buffer.from('crash=reset'), 'crash=halt', isSecure), null, 'neither is weaker');
    t.equal(options.crash, CrashAction.reset);
  }
  t.equal(parse(Buffer.from('apic=release'), 'apic=auto'), `tsvm: the option "apic=release"; ${WEAKER}`);
  t.equal(parse(Buffer.from('apic=release'), 'crash=halt'), null, 'another option is named there');
  t.end();
});

t.test('of the words in one source the last counts, even if it is weaker', (t) => {
  t.equal(parse(Buffer.from(''), 'apic=trap apic=release'), null);
  t.equal(options.apic, ApicChoice.release);
  t.equal(parse(Buffer.from('apic=trap apic=auto')), null);
  t.equal(options.apic, ApicChoice.auto);
  t.end();
});

t.test('for any words, none from outside weakens the packed one of its kind', (t) => {
  const words = fc.constantFrom(
    'apic=auto',
    'apic=trap',
    'apic=release',
    'refusal=halt',
    'refusal=firmware',
    'crash=reset',
  );
  const lines = fc.array(words, { maxLength: 5 }).map((list) => list.join(' '));
  const strictness = () => [[1, 2, 0][options.apic] ?? 0, [1, 0][options.refusal] ?? 0];
  fc.assert(
    fc.property(lines, lines, fc.boolean(), (outside, packed, isSecure) => {
      parse(Buffer.from(''), packed, isSecure);
      const before = strictness();
      if (parse(Buffer.from(outside), packed, isSecure) !== null) return;
      const after = strictness();
      for (const [index, kind] of ['apic=', 'refusal='].entries()) {
        if (packed.includes(kind)) t.ok((after[index] ?? 0) >= (before[index] ?? 0), `${packed} + ${outside}`);
        if (isSecure && outside.includes(kind)) t.ok((after[index] ?? 0) >= 1, `${packed} + ${outside}`);
      }
    }),
  );
  t.end();
});
