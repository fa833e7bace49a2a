import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { stackBounds, StackError } from '../../../transpiler/program/stack.js';
import { SmallProgram } from './support.js';

/** What gcc writes of a C text. */
function graphOf(text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'stack-'));
  try {
    writeFileSync(join(folder, 'unit.c'), text);
    execFileSync('gcc', ['-O2', '-mno-red-zone', '-fcallgraph-info=su,da', '-c', 'unit.c', '-o', 'unit.o'], {
      cwd: folder,
    });
    return readFileSync(join(folder, 'unit.ci'), 'utf8');
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const KEPT = '__attribute__((noinline, noclone)) void';
const USE = (bytes: number): string => `{ volatile char room[${bytes}]; room[0] = 1; }`;

t.test('the deepest path counts', (t) => {
  const graph = graphOf(`
    ${KEPT} small_low(void) { ${USE(1000)} }
    ${KEPT} small_high(void) { ${USE(100)} }
    ${KEPT} entered(void) { small_high(); small_low(); small_high(); }
  `);
  const [bound] = stackBounds(new SmallProgram().program, graph, [], ['entered']);
  t.same(
    bound?.path.map(({ symbol }) => symbol),
    ['entered', 'small_low'],
  );
  t.equal(
    bound?.bytes,
    bound?.path.reduce((sum, { bytes }) => sum + bytes, 0),
  );
  t.ok(bound && bound.bytes > 1000 && bound.bytes < 1100);
  t.end();
});

t.test('a call through a table reaches what the table of that line holds', (t) => {
  const small = new SmallProgram();
  const [enter, low, high] = [small.function('enter'), small.function('low'), small.function('high')];
  const line = small.call(enter, small.table('handlers', low, high));
  const graph = graphOf(`
    ${KEPT} small_low(void) { ${USE(1000)} }
    ${KEPT} small_high(void) { ${USE(100)} }
    void (*const small_handlers[2])(void) = { small_low, small_high };
    ${KEPT} small_enter(int i) {
      #line ${line} "kernel/small.ts"
      small_handlers[i](); ${USE(8)}
    }
  `);
  const [bound] = stackBounds(small.program, graph, [], ['small_enter']);
  t.same(bound?.path[1]?.symbol, 'small_low');
  t.end();
});

t.test('assembly counts with what is said of it, on the way in and out', (t) => {
  const graph = graphOf(`
    void written(void);
    ${KEPT} entered(void) { ${USE(8)} written(); ${USE(8)} }
  `);
  const assembly = [
    { symbol: 'stub', bytes: 160, calls: ['entered'] },
    { symbol: 'written', bytes: 4096, calls: [] },
  ];
  const [bound] = stackBounds(new SmallProgram().program, graph, assembly, ['stub']);
  t.same(
    bound?.path.map(({ symbol }) => symbol),
    ['stub', 'entered', 'written'],
  );
  t.end();
});

t.test('what nothing describes is an error that names it', (t) => {
  const graph = graphOf('void elsewhere(void); void entered(void) { elsewhere(); elsewhere(); }');
  const bound = (): unknown => stackBounds(new SmallProgram().program, graph, [], ['entered']);
  t.throws(
    bound,
    new StackError('nothing says how much stack elsewhere takes: it needs a line in the list of assembly functions'),
  );
  t.end();
});

t.test('a frame without a fixed size is an error', (t) => {
  const graph = graphOf('void take(char *); void entered(int n) { char room[n]; take(room); }');
  const take = { symbol: 'take', bytes: 8, calls: [] };
  t.throws(() => stackBounds(new SmallProgram().program, graph, [take], ['entered']), {
    message: 'the frame of entered has no fixed size',
  });
  t.end();
});

t.test('a circle is an error', (t) => {
  const graph = graphOf('void elsewhere(void); void entered(void) { elsewhere(); elsewhere(); }');
  const back = { symbol: 'elsewhere', bytes: 8, calls: ['entered'] };
  t.throws(() => stackBounds(new SmallProgram().program, graph, [back], ['entered']), {
    message: 'entered -> elsewhere -> entered is a circle',
  });
  t.end();
});
