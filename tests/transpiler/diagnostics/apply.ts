/** Applies the change that a diagnostic proposes to the text of its program. */
import ts from 'typescript';
import type { Change, Write } from '../../../transpiler/diagnostics/diagnostic.js';
import type { Location } from '../../../transpiler/ir/location.js';

/** The text of the program with the change, which is for what stands at `at`. */
export function applied(source: string, at: Location, change: Change): string {
  const file = ts.createSourceFile('example.ts', source, ts.ScriptTarget.ES2023, true);
  switch (change.kind) {
    case 'write':
      return edited(file, [change]);
    case 'requires': {
      const start = enclosing(file, offsetOf(file, at), ts.isFunctionDeclaration).body?.getStart() ?? 0;
      return `${source.slice(0, start + 1)} requires(${change.condition});${source.slice(start + 1)}`;
    }
    case 'guard': {
      const statement = enclosing(file, offsetOf(file, change.at), isStatement);
      const [start, end] = [statement.getStart(), statement.getEnd()];
      const copies = change.copies.map(({ name, value }) => `const ${name} = ${value};`);
      const guard = `${[...copies, `if (!(${change.condition})) return haltForever();`].join(' ')} `;
      const isAlone = !ts.isBlock(statement.parent) && !ts.isCaseOrDefaultClause(statement.parent);
      const written = edited(file, change.writes);
      const after = written.length - source.length + end;
      const body = written.slice(start, after);
      return `${written.slice(0, start)}${isAlone ? '{ ' : ''}${guard}${body}${isAlone ? ' }' : ''}${written.slice(after)}`;
    }
  }
}

function edited(file: ts.SourceFile, writes: readonly Write[]): string {
  const lastFirst = writes.map(({ at, text }) => ({ start: offsetOf(file, at), length: at.length, text }));
  lastFirst.sort((a, b) => b.start - a.start);
  return lastFirst.reduce(
    (text, { start, length, text: by }) => text.slice(0, start) + by + text.slice(start + length),
    file.text,
  );
}

function offsetOf(file: ts.SourceFile, { line, column }: Location): number {
  return file.getPositionOfLineAndCharacter(line - 1, column - 1);
}

function isStatement(node: ts.Node): node is ts.Statement {
  return ts.isStatement(node) && !ts.isBlock(node);
}

/** The innermost node of the kind around a position. */
function enclosing<T extends ts.Node>(file: ts.SourceFile, position: number, isKind: (node: ts.Node) => node is T): T {
  let found: T | null = null;
  const visit = (node: ts.Node): void => {
    if (node.getStart() > position || node.getEnd() <= position) return;
    if (isKind(node)) found = node;
    ts.forEachChild(node, visit);
  };
  visit(file);
  if (found === null) throw new Error(`nothing of the kind at ${position} of ${file.text}`);
  return found;
}
