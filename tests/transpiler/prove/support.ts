/** Runs the frontend and the prover on small programs. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import type { Test as Tap } from 'tap';
import type { Change, Diagnostic } from '../../../transpiler/diagnostics/diagnostic.js';
import { PROOF } from '../../../transpiler/diagnostics/proof.js';
import { load } from '../../../transpiler/frontend/sources/load.js';
import { lower } from '../../../transpiler/frontend/lower.js';
import type { Program } from '../../../transpiler/ir/nodes.js';
import { prove } from '../../../transpiler/prove/index.js';
import { applied } from '../diagnostics/apply.js';

/** Above build/js/tests/transpiler/prove. */
const repository = join(import.meta.dirname, '../../../../..');

/** The text of a small program, with what it uses of the language's library. */
export function withImports(text: string, library = `${repository}/transpiler/lib/index.js`): string {
  return `import {
  addressOf, addSat32, addSat64, arr, at, bits, BOOL, cpuid, ensures, gpa, haltForever, hpa, i32, i64, instance, invariant, list, local,
  min32, min64, mul32, physical, pause, readCr0, requires, STRING, struct, subSat64, table, U16, u16, U32, u32, U64, u64, U8, u8,
  unreachable, window, type Bytes, type Gpa, type Hpa, type Ref,
} from '${library}';
${text}`;
}

export interface Proved {
  readonly program: Program;
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * Loads the modules, each the text of one file without its imports, and proves them. Throws where the
 * frontend refuses one: such a test is no test of the prover.
 */
export function proveModules(modules: Readonly<Record<string, string>>): Proved {
  const folder = mkdtempSync(join(tmpdir(), 'prove-'));
  try {
    for (const [name, text] of Object.entries(modules)) writeFileSync(join(folder, `${name}.ts`), withImports(text));
    const refused: Diagnostic[] = [];
    const sources = load(folder, join(repository, 'tsconfig.json'), (diagnostic) => refused.push(diagnostic));
    const program = lower(sources, (diagnostic) => refused.push(diagnostic));
    if (refused.length > 0) throw new Error(refused.map(describe).join('\n'));
    const diagnostics: Diagnostic[] = [];
    prove(program, (diagnostic) => diagnostics.push(diagnostic));
    return { program, diagnostics };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Checks that each proposed change leaves the program with fewer faults. New `requires` are left to its callers. */
function checkChanges(t: Tap, modules: Readonly<Record<string, string>>, found: readonly Diagnostic[]): void {
  const changed = found.flatMap(({ at, changes = [] }) => {
    const name = basename(at.file, '.ts');
    return changes.map((change) => ({ name, text: changedText(modules[name] ?? '', at, change) }));
  });
  const tried = Object.fromEntries(changed.map(({ name, text }, which) => [`${name}_${which}`, text]));
  const { diagnostics } = proveModules(tried);
  const faultsOf = (name: string, all: readonly Diagnostic[]): number =>
    all.filter(({ at, code }) => basename(at.file, '.ts') === name && code !== PROOF.requires.code).length;
  for (const [which, { name, text }] of changed.entries()) {
    const left = faultsOf(`${name}_${which}`, diagnostics);
    t.ok(left === 0 || left < faultsOf(name, found), `a fix that helps: ${text}`);
  }
}

/** The text of a module, still without its imports. */
function changedText(text: string, at: Diagnostic['at'], change: Change): string {
  const imports = withImports('');
  return applied(`${imports}${text}`, at, change).slice(imports.length);
}

function describe({ code, at, message, known }: Diagnostic): string {
  return [`${at.file}:${at.line}:${at.column} ${code} ${message}`, ...known].join('\n  ');
}

/** One function, with the codes of the prover's diagnostics for it. */
export interface Case {
  /** The behaviour that the case shows. */
  readonly name: string;
  readonly text: string;
  /** None: the function is accepted. */
  readonly codes?: readonly string[];
}

/** Proves all cases in one program and checks each; then applies and checks each proposed change. */
export function checkCases(t: Tap, cases: readonly Case[]): void {
  const modules = Object.fromEntries(cases.map(({ text }, position) => [`case${position}`, text]));
  const { diagnostics } = proveModules(modules);
  checkChanges(t, modules, diagnostics);
  for (const [position, { name, codes = [] }] of cases.entries()) {
    const found = diagnostics.filter(({ at }) => at.file.endsWith(`/case${position}.ts`));
    t.same(found.map(({ code }) => code).sort(), [...codes].sort(), name, { found: found.map(describe) });
  }
}
