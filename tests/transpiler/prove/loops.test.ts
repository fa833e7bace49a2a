/**
 * Odd loops: several variables that change irregularly, breaks and continues, nested loops. A loop that the prover
 * accepts must run in Node without an index out of bounds and without a value that does not fit.
 */
import fc from 'fast-check';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import ts from 'typescript';
import { proveModules, withImports } from './support.js';

const FUNCTIONS = 50;
/** TSVM_SEED=... repeats a run. */
const seed = Number(process.env['TSVM_SEED'] ?? Math.floor(Math.random() * 0x7fff_ffff));
const PREAMBLE = `const Cells = struct('Cells', { size: 8 }, { cells: at(0, arr(U8, 8)) });
const box = instance(Cells);`;

const variable = fc.constantFrom('x', 'y', 'z');
const constant = fc.integer({ min: 0, max: 9 }).map(String);
const operand = fc.oneof(variable, constant, fc.constant('n'));
const comparison = fc
  .tuple(variable, fc.constantFrom('<', '<=', '>', '>=', '===', '!=='), operand)
  .map((parts) => parts.join(' '));
const condition = fc.oneof(
  { weight: 4, arbitrary: comparison },
  {
    weight: 1,
    arbitrary: fc.tuple(comparison, fc.constantFrom('&&', '||'), comparison).map((parts) => parts.join(' ')),
  },
  { weight: 1, arbitrary: comparison.map((one) => `!(${one})`) },
);

/** An assignment, with the guard that it needs most of the time. */
const assignment = fc.tuple(variable, variable, operand, fc.nat(9)).map(([to, from, by, kind]) => {
  switch (kind) {
    case 0:
      return `${to} = ${by};`;
    case 1:
      return `${to} = min32(${from}, ${by});`;
    case 2:
      return `${to} = (${from} + ${by}) & 7;`;
    case 3:
      return `if (${from} >= ${by}) ${to} = ${from} - ${by};`;
    case 4:
      return `${to} = ${from} - ${by};`;
    case 5:
      return `${to} = u32(${from} / 2);`;
    case 6:
      return `if (${from} < 100) ${to} = ${from} + ${by} % 5;`;
    case 7:
      return `${to} = ${from} < ${by} ? ${from} : ${by};`;
    case 8:
      return `if (${from} < ${by}) ${to} = ${from} + 1;`;
    default:
      return `if (${to} < 200) ${to} += 2;`;
  }
});
const use = fc.tuple(operand, operand, variable, fc.nat(3)).map(([index, value, guarded, kind]) => {
  switch (kind) {
    case 0:
      return `if (${guarded} < 8) box.cells.set(${guarded}, ${value} & 0xff);`;
    case 1:
      return `if (${index} < 8 && ${guarded} <= ${index}) box.cells.set(${index} - ${guarded}, 1);`;
    default:
      return `box.cells.set(${index}, min32(${value}, 255) + 0);`;
  }
});
const { statements } = fc.letrec<{ statement: string; statements: string }>((tie) => ({
  statements: fc.array(tie('statement'), { minLength: 1, maxLength: 4 }).map((all) => all.join('\n')),
  statement: fc.oneof(
    { maxDepth: 1 },
    { weight: 5, arbitrary: assignment },
    { weight: 2, arbitrary: use },
    { weight: 1, arbitrary: condition.map((test) => `if (${test}) break;`) },
    { weight: 1, arbitrary: condition.map((test) => `if (${test}) continue;`) },
    {
      weight: 2,
      arbitrary: fc
        .tuple(condition, tie('statements'), tie('statements'))
        .map(([test, then, otherwise]) => `if (${test}) {\n${then}\n} else {\n${otherwise}\n}`),
    },
    { weight: 2, arbitrary: fc.tuple(condition, tie('statements')).map(loopOf) },
  ),
}));

/** A loop that ends when the fuel is used up. */
function loopOf([test, body]: readonly [string, string]): string {
  return `while (fuel > 0 && (${test})) {\nfuel -= 1;\n${body}\n}`;
}

const body = fc.tuple(
  fc.tuple(constant, fc.oneof(constant, fc.constant('n')), constant),
  fc.tuple(condition, statements).map(loopOf),
  use,
);

function functionOf(
  [[x, y, z], loop, last]: readonly [readonly [string, string, string], string, string],
  index: number,
): string {
  const head = `export function f${index}(n: u32): void {\nrequires(n < 50);\nlet fuel: u32 = 40;`;
  return `${head}\nlet x: u32 = ${x};\nlet y: u32 = ${y};\nlet z: u32 = ${z};\n${loop}\n${last}\n}`;
}

t.test(`accepted loops run without an error (TSVM_SEED=${seed})`, { timeout: 120_000 }, async (t) => {
  const functions = fc.sample(body, { seed, numRuns: FUNCTIONS }).map(functionOf);
  const refused = refusedIn(functions);
  const accepted = functions.filter((_, index) => !refused.has(index));
  t.ok(accepted.length > FUNCTIONS / 20, `${accepted.length} of ${FUNCTIONS} are accepted`);

  const failures: string[] = [];
  const loaded = await run(accepted);
  for (const [index, text] of accepted.entries()) {
    for (let n = 0; n < 50; n++) {
      const failure = failureOf(loaded[`f${functions.indexOf(text)}`], n);
      if (failure !== null) failures.push(`${index}: n = ${n}: ${failure}\n${text}`);
    }
  }
  t.same(failures, []);
});

/** The functions that the prover refuses, by their number. */
function refusedIn(functions: readonly string[]): ReadonlySet<number> {
  const text = [PREAMBLE, ...functions].join('\n');
  const { diagnostics } = proveModules({ loops: text });
  const lines = withImports(text).split('\n');
  return new Set(
    diagnostics.map(({ at }) => {
      const start = lines.slice(0, at.line).findLast((line) => line.startsWith('export function'));
      return Number(/f(\d+)/.exec(start ?? '')?.[1]);
    }),
  );
}

type Loaded = Readonly<Record<string, (n: number) => void>>;

/** The functions as Node runs them, from below the compiled tests, where their imports are. */
async function run(functions: readonly string[]): Promise<Loaded> {
  const folder = join(import.meta.dirname, `loops-${process.pid}`);
  mkdirSync(folder);
  try {
    const text = withImports([PREAMBLE, ...functions].join('\n'), '../../../../transpiler/lib/index.js');
    const compilerOptions = { target: ts.ScriptTarget.ES2023, module: ts.ModuleKind.ESNext };
    writeFileSync(join(folder, 'loops.js'), ts.transpileModule(text, { compilerOptions }).outputText);
    return (await import(join(folder, 'loops.js'))) as Loaded;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function failureOf(tested: ((n: number) => void) | undefined, n: number): string | null {
  try {
    tested?.(n);
    return null;
  } catch (error) {
    return String(error);
  }
}
