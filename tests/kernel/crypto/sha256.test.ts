import { createHash } from 'node:crypto';
import fc from 'fast-check';
import t from 'tap';
import { Digest, sha256 } from '../../../kernel/crypto/sha256.js';
import { local, window } from '../../../transpiler/lib/index.js';
import { powerOn } from '../support/startup.js';

function digestOf(data: Uint8Array): string {
  powerOn(data);
  const digest = local(Digest);
  sha256(window(0n, data.length), digest);
  return Array.from({ length: 8 }, (_, i) => digest.words.get(i).toString(16).padStart(8, '0')).join('');
}

t.test('the examples of the standard', (t) => {
  const two = 'abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq';
  t.equal(digestOf(Buffer.from('abc')), 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  t.equal(digestOf(Buffer.from(two)), '248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1');
  t.end();
});

t.test('data of any length has the digest that Node gives it', (t) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300, size: 'max' }), (data) => {
      t.equal(digestOf(data), createHash('sha256').update(data).digest('hex'));
    }),
    { numRuns: 200 },
  );
  t.end();
});
