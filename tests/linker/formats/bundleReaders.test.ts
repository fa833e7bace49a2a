/**
 * Reads one corpus of archives with both readers: that of start-up (kernel/boot/bundle/bundle.ts) and that of `inspect`
 * (linker/formats/bundle.ts). Both must find the same parts, or both refuse.
 */
import fc from 'fast-check';
import { createHash } from 'node:crypto';
import t from 'tap';
import { bootInfo, GuestPart, textBytes } from '../../../kernel/handover/bootInfo.js';
import { readBundle as readAtStart } from '../../../kernel/boot/bundle/bundle.js';
import { makeBundle, readBundle } from '../../../linker/formats/bundle.js';
import { cpioArchive, readArchive } from '../../../linker/formats/cpio.js';
import { window } from '../../../transpiler/lib/index.js';
import { bundle, digestLine } from '../../kernel/support/bootLoaders.js';
import { powerOn, stopOf } from '../../kernel/support/startup.js';

const AT = 0x1000;
const KERNEL = Buffer.from('a kernel');
const INITRD = Buffer.alloc(301, 'initrd');

interface Answer {
  readonly kernel: string;
  readonly initrd: string | null;
  readonly commandLine: string;
}

/** The parts that start-up finds; null if it refuses. */
function startUp(archive: Buffer): Answer | null {
  const memory = powerOn(AT + archive.length + 1);
  memory.set(archive, AT);
  const stopped = stopOf(() => {
    readAtStart(window(BigInt(AT), archive.length));
  });
  if (stopped !== null) return null;
  const part = (number: number) => {
    const { start, end } = bootInfo.parts.at(number);
    return end === 0n ? null : archive.subarray(Number(start) - AT, Number(end) - AT).toString('latin1');
  };
  const line = textBytes(bootInfo.commandLine);
  const commandLine = Array.from({ length: line.length }, (_, i) => String.fromCharCode(line.u8(i))).join('');
  return { kernel: part(GuestPart.kernel) ?? '', initrd: part(GuestPart.initrd), commandLine };
}

/** The parts that `inspect` finds; null if it says that start-up refuses. */
function inspected(archive: Buffer): Answer | null {
  const found = readBundle(archive);
  if (found === null || found.refusal !== null) return null;
  const files = readArchive(archive) ?? [];
  const content = (name: string) => {
    const file = files.find(({ path }) => path === `guest/${name}`);
    return file === undefined ? null : Buffer.from(file.content).toString('latin1');
  };
  for (const { name, bytes, sha256 } of found.parts) {
    const bytesOf = Buffer.from(content(name) ?? '', 'latin1');
    if (bytesOf.length !== bytes || createHash('sha256').update(bytesOf).digest('hex') !== sha256)
      throw new Error(name);
  }
  const commandLine = (content('cmdline') ?? '').replace(/\n$/, '');
  return { kernel: content('kernel') ?? '', initrd: content('initrd'), commandLine };
}

const file = (path: string, content: Uint8Array | string, mode = 0o100644) =>
  ({ kind: 'file', path, mode, content: Buffer.from(content) }) as const;
const whole = bundle({ 'guest/kernel': KERNEL, 'guest/initrd': INITRD, 'guest/cmdline': 'quiet\n' });
const small = bundle({ 'guest/kernel': KERNEL });
const hidden = cpioArchive([file('guest/initrd', INITRD), file('guest/cmdline', 'init=/evil')]);

/** Changes the field `index` of the header of the member `path`. */
function withField(archive: Buffer, path: string, index: number, digits: string): Buffer {
  const changed = Buffer.from(archive);
  changed.write(digits, archive.indexOf(`${path}\0`) - 110 + 6 + index * 8, 'latin1');
  return changed;
}

const taken: Readonly<Record<string, Buffer>> = {
  'a bundle': whole,
  'a bundle of the linker': makeBundle({ kernel: KERNEL, initrd: INITRD, cmdline: Buffer.from('quiet') }, 'sha256'),
  'zeros behind it': Buffer.concat([whole, Buffer.alloc(4096)]),
  'an odd number of zeros behind it': Buffer.concat([whole, Buffer.alloc(7)]),
  'an archive of something else in front': Buffer.concat([cpioArchive([file('etc/x', 'x')]), Buffer.alloc(512), whole]),
  'two archives, of which the second has the rest': Buffer.concat([
    cpioArchive([
      file('guest/digests', digestLine('guest/kernel', KERNEL) + digestLine('guest/initrd', INITRD)),
      file('guest/kernel', KERNEL),
    ]),
    cpioArchive([file('guest/initrd', INITRD)]),
  ]),
  'anything behind 64 KiB of zeros': Buffer.concat([whole, Buffer.alloc(0x1_0000), Buffer.from('anything')]),
  'the second kind of header': Buffer.from(whole.toString('latin1').replaceAll('070701', '070702'), 'latin1'),
  'capital digits': Buffer.from(
    bundle(
      { 'guest/kernel': KERNEL },
      digestLine('guest/kernel', KERNEL).toUpperCase().replace('GUEST/KERNEL', 'guest/kernel'),
    ),
  ),
  'an asterisk in the list': bundle({ 'guest/kernel': KERNEL }, digestLine('guest/kernel', KERNEL).replace('  ', ' *')),
  'a wrong digest behind the right one': bundle(
    { 'guest/kernel': KERNEL },
    `${digestLine('guest/kernel', KERNEL)}00000000  guest/kernel\n`,
  ),
  'an empty command line': bundle({ 'guest/kernel': KERNEL, 'guest/cmdline': '' }),
  'a command line of a newline': bundle({ 'guest/kernel': KERNEL, 'guest/cmdline': '\n' }),
};

const refused: Readonly<Record<string, Buffer>> = {
  'two archives, of which the second has more': Buffer.concat([small, hidden]),
  'more behind the trailer, after zeros': Buffer.concat([small, Buffer.alloc(512), hidden]),
  'two kernels': Buffer.concat([whole, small]),
  'bytes that are no archive behind the trailer': Buffer.concat([whole, Buffer.from('anything')]),
  'no trailer': whole.subarray(0, whole.lastIndexOf('070701')),
  'an unknown member of guest/': cpioArchive([file('guest/kernel', KERNEL), file('guest/more', '')]),
  'a member with a zero in its name': cpioArchive([file('guest/kernel\0x', KERNEL)]),
  'a folder in place of the kernel': withField(small, 'guest/kernel', 1, '000041ed'),
  'a mode that is no number': withField(small, 'guest/kernel', 1, '0000 1ed'),
  'a huge size': withField(small, 'guest/kernel', 6, 'ffffffff'),
  'a huge name': withField(small, 'guest/kernel', 11, 'ffffffff'),
  'no name': withField(small, 'guest/kernel', 11, '00000000'),
  'a size that is no number': withField(small, 'guest/kernel', 6, '0x000008'),
  'a policy': bundle({ 'guest/kernel': KERNEL, 'guest/policy': 'x' }),
  'no kernel': bundle({ 'guest/cmdline': 'quiet' }),
  'an empty kernel': bundle({ 'guest/kernel': '' }),
  'an empty initrd': bundle({ 'guest/kernel': KERNEL, 'guest/initrd': '' }),
  'two lines': bundle({ 'guest/kernel': KERNEL, 'guest/cmdline': 'a\nb' }),
  'a command line that is too long': bundle({ 'guest/kernel': KERNEL, 'guest/cmdline': 'a'.repeat(2049) }),
  'no list of digests': cpioArchive([file('guest/kernel', KERNEL)]),
  'a list without the kernel': bundle({ 'guest/kernel': KERNEL }, digestLine('guest/initrd', INITRD)),
  'a wrong digest in front of the right one': bundle(
    { 'guest/kernel': KERNEL },
    `00000000  guest/kernel\n${digestLine('guest/kernel', KERNEL)}`,
  ),
  'a digest of a length that no kind has': bundle({ 'guest/kernel': KERNEL }, '0000  guest/kernel\n'),
  zeros: Buffer.alloc(512),
  nothing: Buffer.alloc(0),
};

t.test('archives that start-up accepts are accepted by inspect, with the same parts', (t) => {
  for (const [name, archive] of Object.entries(taken)) {
    const answer = startUp(archive);
    t.ok(answer, `${name}: taken`);
    t.same(inspected(archive), answer, name);
  }
  t.end();
});

t.test('archives that start-up refuses are refused by inspect', (t) => {
  for (const [name, archive] of Object.entries(refused)) {
    t.equal(startUp(archive), null, `${name}: refused`);
    t.equal(inspected(archive), null, name);
  }
  t.end();
});

t.test('a bundle truncated anywhere is refused by both', (t) => {
  for (let length = 0; length < whole.lastIndexOf('TRAILER!!!') + 11; length++) {
    const cut = whole.subarray(0, length);
    t.equal(startUp(cut), null);
    t.equal(inspected(cut), null);
  }
  t.end();
});

t.test('for any change, repetition or concatenation both give the same answer', (t) => {
  const parts = Object.values({ ...taken, ...refused });
  const archive = fc.array(fc.constantFrom(...parts), { minLength: 1, maxLength: 3 }).map((all) => Buffer.concat(all));
  const change = fc.tuple(
    fc.nat(4096),
    fc.oneof(fc.constantFrom(...'0123456789abcdefF x\0'), fc.string({ maxLength: 3 })),
  );
  fc.assert(
    fc.property(archive, fc.array(change, { maxLength: 4 }), fc.nat(64), (bytes, changes, cut) => {
      const changed = Buffer.from(bytes.subarray(0, bytes.length - Math.min(cut < 32 ? 0 : cut, bytes.length)));
      for (const [at, text] of changes) changed.write(text, at % Math.max(1, changed.length), 'latin1');
      t.same(inspected(changed), startUp(changed));
    }),
    { numRuns: 400 },
  );
  t.end();
});
