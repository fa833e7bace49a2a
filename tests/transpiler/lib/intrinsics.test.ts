import t from 'tap';
import { cpuid, intrinsics, rdtsc, wrmsr } from '../../../transpiler/lib/index.js';
import { NotSimulatedError, simulate } from '../../../transpiler/lib/testing.js';

t.afterEach(() => simulate(null));

t.test('an intrinsic is the method of that name of the simulated machine', (t) => {
  const written: [number, bigint][] = [];
  simulate({
    rdtsc: () => 42n,
    wrmsr: (msr: number, value: bigint) => void written.push([msr, value]),
  });
  t.equal(rdtsc(), 42n);
  wrmsr(0x277, 6n);
  t.same(written, [[0x277, 6n]]);
  t.end();
});

t.test('a method may keep state in the machine', (t) => {
  class Clock {
    ticks = 0n;
    rdtsc(): bigint {
      return ++this.ticks;
    }
  }
  simulate(new Clock());
  t.same([rdtsc(), rdtsc()], [1n, 2n]);
  t.end();
});

t.test('a struct result is any object with its fields', (t) => {
  simulate({ cpuid: (leaf: number) => ({ eax: leaf, ebx: 1, ecx: 2, edx: 3 }) });
  const seen = cpuid(7, 0);
  t.same([seen.eax, seen.ebx], [7, 1]);
  t.end();
});

t.test('an intrinsic that the machine lacks says so', (t) => {
  t.throws(() => rdtsc(), new NotSimulatedError('rdtsc'));
  simulate({ rdtsc: () => 0n });
  t.throws(() => cpuid(0, 0), new NotSimulatedError('cpuid'));
  t.end();
});

t.test('a program declares intrinsics of its own in the same way', (t) => {
  const { relocate } = intrinsics({
    relocate: {
      parameters: [['to', 'hpa']],
      result: 'void',
      effects: ['control'],
      c: 'platform_relocate',
      about: 'Moves the image.',
    },
  });
  const moves: bigint[] = [];
  simulate({ relocate: (to: bigint) => void moves.push(to) });
  relocate(0x20_0000n);
  t.same(moves, [0x20_0000n]);
  t.end();
});
