import fc from 'fast-check';
import t from 'tap';
import { bootInfo, GuestPart, isGiven, textBytes } from '../../../../kernel/handover/bootInfo.js';
import { readEmbeddedBundle } from '../../../../kernel/boot/boot.js';
import { readBundle, readPackedBundle } from '../../../../kernel/boot/bundle/bundle.js';
import { type Bytes, window } from '../../../../transpiler/lib/index.js';
import { cpioArchive } from '../../../../linker/formats/cpio.js';
import { DIGEST_KINDS } from '../../../../linker/formats/bundle.js';
import { bundle, digestLine } from '../../support/bootLoaders.js';
import { powerOn, stopOf } from '../../support/startup.js';

const AT = 0x1000;
const NO_KERNEL = 'an initrd without a kernel: the archive that was given has no guest/kernel';
const POLICY = 'guest/policy cannot be enforced by this version: make the bundle without a policy';
const kernel = Buffer.alloc(1000, 'kernel');
const initrd = Buffer.alloc(3001, 'initrd');

function text(bytes: Bytes): string {
  return Array.from({ length: bytes.length }, (_, i) => String.fromCharCode(bytes.u8(i))).join('');
}

function read(archive: Uint8Array): string | null {
  const memory = powerOn(AT + archive.length);
  memory.set(archive, AT);
  return stopOf(() => readBundle(window(BigInt(AT), archive.length)));
}

function contentOf(archive: Buffer, part: number): Buffer {
  const { start, end } = bootInfo.parts.at(part);
  return archive.subarray(Number(start) - AT, Number(end) - AT);
}

t.test('kernel, initrd and command line are found', (t) => {
  const archive = bundle({
    'guest/initrd': initrd,
    'guest/cmdline': 'console=ttyS0 quiet\n',
    'guest/kernel': kernel,
    'other/file': 'is no matter',
  });
  t.equal(read(archive), null);
  t.same(contentOf(archive, GuestPart.kernel), kernel);
  t.same(contentOf(archive, GuestPart.initrd), initrd);
  t.equal(text(textBytes(bootInfo.commandLine)), 'console=ttyS0 quiet');
  t.end();
});

t.test('all but the kernel may be missing', (t) => {
  t.equal(read(bundle({ 'guest/kernel': kernel })), null);
  t.notOk(isGiven(GuestPart.initrd));
  t.end();
});

t.test('an archive may follow another one after zeros', (t) => {
  const whole = bundle({ 'guest/kernel': kernel });
  const names = cpioArchive([{ kind: 'file', path: 'other', mode: 0o644, content: initrd }]);
  t.equal(read(Buffer.concat([names, Buffer.alloc(512), whole, Buffer.alloc(100)])), null);
  t.ok(isGiven(GuestPart.kernel));
  t.end();
});

t.test('one line names the fault of a bundle', (t) => {
  const wrong = digestLine('guest/kernel', initrd);
  const right = digestLine('guest/kernel', kernel);
  const whole = bundle({ 'guest/kernel': kernel });
  const twice = Buffer.concat([bundle({ 'guest/kernel': kernel }), bundle({ 'guest/kernel': kernel })]);
  const cases: readonly (readonly [string, Buffer])[] = [
    ['the bundle is no cpio archive in the newc format', Buffer.from('\x1f\x8b a compressed initrd')],
    ['the bundle is damaged or truncated', whole.subarray(0, 700)],
    ['the bundle is damaged or truncated', Buffer.concat([whole, Buffer.from('rubbish')])],
    [
      'guest/kernel has another digest than guest/digests says: the bundle is damaged',
      bundle({ 'guest/kernel': kernel }, wrong),
    ],
    [
      'guest/kernel has another digest than guest/digests says: the bundle is damaged',
      bundle({ 'guest/kernel': kernel }, wrong.replace(/^..../, 'zzzz')),
    ],
    [
      'guest/kernel has another digest than guest/digests says: the bundle is damaged',
      bundle({ 'guest/kernel': kernel }, right.slice(1)),
    ],
    ['guest/kernel has no digest in guest/digests', bundle({ 'guest/kernel': kernel }, '')],
    ['the bundle: guest/kernel is there twice', twice],
    ['the bundle: guest/kernels is not known', bundle({ 'guest/kernels': kernel })],
    [NO_KERNEL, cpioArchive([{ kind: 'file', path: 'init', mode: 0o755, content: initrd }])],
    [NO_KERNEL, bundle({ 'guest/initrd': initrd })],
    [NO_KERNEL, bundle({})],
    [POLICY, bundle({ 'guest/kernel': kernel, 'guest/policy': 'deny all' })],
    [POLICY, bundle({ 'guest/policy': 'deny all' })],
    ["the guest's kernel: it is empty", bundle({ 'guest/kernel': '' })],
    ['guest/cmdline has more than one line', bundle({ 'guest/kernel': kernel, 'guest/cmdline': 'one\ntwo\n' })],
    ['guest/cmdline is longer than 2,048 bytes', bundle({ 'guest/kernel': kernel, 'guest/cmdline': 'x'.repeat(2049) })],
  ];
  for (const [line, archive] of cases) t.equal(read(archive), `tsvm: ${line}`);
  t.end();
});

t.test(
  'the guest of the boot loader replaces the bundle in the image, but the policy of that is still refused',
  (t) => {
    const end = BigInt(AT);
    const embed = (archive: Buffer): string | null => {
      const memory = powerOn(AT + archive.length, { physical: 0n, text: 0n, end, bundleBytes: BigInt(archive.length) });
      memory.set(archive, AT);
      bootInfo.parts.at(GuestPart.kernel).end = 1n;
      return stopOf(readEmbeddedBundle);
    };
    t.equal(embed(bundle({ 'guest/kernel': kernel })), null);
    t.equal(bootInfo.parts.at(GuestPart.kernel).end, 1n);
    t.equal(embed(bundle({ 'guest/kernel': kernel, 'guest/policy': 'deny all' })), `tsvm: ${POLICY}`);
    t.end();
  },
);

for (const kind of DIGEST_KINDS) {
  t.test(`any changed byte of the kernel is found by ${kind}`, (t) => {
    const archive = bundle({ 'guest/kernel': kernel }, digestLine('guest/kernel', kernel, kind));
    const start = archive.indexOf(kernel);
    t.equal(read(archive), null);
    fc.assert(
      fc.property(fc.nat(kernel.length - 1), fc.integer({ min: 1, max: 255 }), (offset, change) => {
        const damaged = Buffer.from(archive);
        damaged.writeUInt8(damaged.readUInt8(start + offset) ^ change, start + offset);
        t.match(read(damaged), /another digest/);
      }),
      { numRuns: 30 },
    );
    t.end();
  });
}

t.test('any archive is accepted, or refused with one line', (t) => {
  const whole = bundle({ 'guest/kernel': kernel.subarray(0, 40), 'guest/cmdline': 'quiet' });
  const change = fc.tuple(fc.nat(whole.length - 1), fc.oneof(fc.nat(255), fc.constantFrom(0x30, 0x46, 0x66, 0)));
  fc.assert(
    fc.property(fc.array(change, { maxLength: 6 }), fc.nat(whole.length), (changes, length) => {
      const archive = Buffer.from(whole);
      for (const [offset, value] of changes) archive[offset] = value;
      const stopped = read(archive.subarray(0, length));
      t.ok(stopped === null || /^tsvm: [ -~]+$/.test(stopped), stopped ?? 'taken');
    }),
    { numRuns: 1000 },
  );
  t.end();
});

/** Why start-up stops with this bundle in the image; null if it goes on. */
function readPacked(archive: Uint8Array, isGuestGiven = false): string | null {
  const memory = powerOn(AT + archive.length);
  memory.set(archive, AT);
  if (isGuestGiven) bootInfo.parts.at(GuestPart.kernel).end = 1n;
  return stopOf(() => readPackedBundle(window(BigInt(AT), archive.length)));
}

t.test('the bundle of the image may contain options, also without a guest', (t) => {
  t.equal(readPacked(bundle({ 'guest/options': 'apic=trap\n', 'guest/kernel': kernel })), null);
  t.equal(text(textBytes(bootInfo.packedOptions)), 'apic=trap');
  t.ok(isGiven(GuestPart.kernel));
  t.equal(readPacked(bundle({ 'guest/options': 'apic=trap' })), null);
  t.notOk(isGiven(GuestPart.kernel));
  t.equal(readPacked(bundle({ 'guest/options': 'apic=trap', 'guest/kernel': kernel }), true), null);
  t.equal(text(textBytes(bootInfo.packedOptions)), 'apic=trap', 'they count where a boot loader gave another guest');
  t.equal(bootInfo.parts.at(GuestPart.kernel).end, 1n);
  t.end();
});

t.test('one line names the fault of options in a bundle', (t) => {
  const options = 'guest/options';
  const others = digestLine(options, kernel);
  t.equal(readPacked(bundle({ [options]: 'a\nb' })), `tsvm: ${options} has more than one line`);
  t.equal(readPacked(bundle({ [options]: 'x'.repeat(2049) })), `tsvm: ${options} is longer than 2,048 bytes`);
  t.match(readPacked(bundle({ [options]: 'apic=trap' }, others)), /guest\/options has another digest/);
  t.equal(readPacked(bundle({ [options]: 'a', 'guest/initrd': initrd })), `tsvm: ${NO_KERNEL}`);
  t.match(read(bundle({ [options]: 'apic=trap', 'guest/kernel': kernel })), /guest\/options counts in the image only/);
  t.end();
});
