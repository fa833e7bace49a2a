import fc from 'fast-check';
import { execFileSync } from 'node:child_process';
import t from 'tap';
import { DIGEST_KINDS, makeBundle, readBundle } from '../../../linker/formats/bundle.js';
import { cpioArchive, readArchive } from '../../../linker/formats/cpio.js';

const KERNEL = Buffer.from('a kernel');
const COMMAND_LINE = Buffer.from('console=ttyS0');

t.test('a bundle holds its parts and their digests', (t) => {
  const { parts, refusal } = readBundle(makeBundle({ cmdline: COMMAND_LINE, kernel: KERNEL })) ?? {};
  t.match(parts, [
    { name: 'kernel', bytes: KERNEL.length, matches: true },
    { name: 'cmdline', bytes: COMMAND_LINE.length, matches: true },
  ]);
  t.equal(refusal, null);
  t.end();
});

function listIn(bundle: Buffer): string {
  const list = readArchive(bundle)?.find(({ path }) => path === 'guest/digests');
  return Buffer.from(list?.content ?? []).toString('latin1');
}

t.test('sha256sum confirms the digests', (t) => {
  const digest = execFileSync('sha256sum', { input: KERNEL }).toString('latin1').split(' ')[0];
  t.equal(listIn(makeBundle({ kernel: KERNEL }, 'sha256')), `${digest}  guest/kernel\n`);
  t.end();
});

t.test('by default the digests are CRC-32C (RFC 3720, B.4)', (t) => {
  t.equal(listIn(makeBundle({ kernel: Buffer.alloc(32) })), '8a9136aa  guest/kernel\n');
  t.equal(listIn(makeBundle({ cmdline: Buffer.alloc(32, 0xff) })), '62a8ab43  guest/cmdline\n');
  t.end();
});

t.test('a changed part does not match its digest', (t) => {
  for (const kind of DIGEST_KINDS) {
    const bundle = makeBundle({ kernel: KERNEL, cmdline: COMMAND_LINE }, kind);
    t.match(readBundle(bundle)?.parts, [{ matches: true }, { matches: true }]);
    bundle.write('A', bundle.indexOf('a kernel'));
    t.match(readBundle(bundle)?.parts, [{ matches: false }, { matches: true }]);
    t.match(readBundle(bundle)?.refusal, /guest\/kernel has another digest/);
  }
  t.end();
});

t.test('equal parts give equal bundles', (t) => {
  t.same(makeBundle({ kernel: KERNEL }), makeBundle({ kernel: KERNEL }));
  t.end();
});

t.test('a truncated bundle is not a bundle, wherever it ends', (t) => {
  const bundle = makeBundle({ kernel: KERNEL, cmdline: COMMAND_LINE });
  for (let length = 0; length < bundle.length - 3; length += 1) t.equal(readBundle(bundle.subarray(0, length)), null);
  t.end();
});

t.test('an archive with other files is not a bundle', (t) => {
  t.equal(readBundle(cpioArchive([{ kind: 'folder', path: 'etc' }])), null);
  t.end();
});

t.test('any bytes are a bundle or not a bundle, without an error', (t) => {
  const bundle = makeBundle({ kernel: KERNEL, initrd: Buffer.alloc(9) });
  const changes = fc.array(fc.tuple(fc.nat(bundle.length - 1), fc.nat(255)), { minLength: 1, maxLength: 8 });
  const property = fc.property(changes, (changed) => {
    const bytes = Buffer.from(bundle);
    for (const [at, value] of changed) bytes.writeUInt8(value, at);
    readBundle(bytes);
  });
  t.doesNotThrow(() => fc.assert(property));
  t.end();
});
