/** No function may reach itself. */
import type { Report } from '../diagnostics/diagnostic.js';
import { PROGRAM } from '../diagnostics/program.js';
import type { Function, Program } from '../ir/nodes.js';
import { callsIn, functionsOf, type Call } from './callGraph.js';

/** Reports each circle of calls once, at a call in it. */
export function checkRecursion(program: Program, report: Report): void {
  const path: Function[] = [];
  const finished = new Set<Function>();

  function walk(subject: Function): void {
    path.push(subject);
    for (const call of callsIn(subject)) {
      for (const callee of functionsOf(call.callee)) {
        const start = path.indexOf(callee);
        if (start >= 0) reportCircle(path.slice(start), call, report);
        else if (!finished.has(callee)) walk(callee);
      }
    }
    path.pop();
    finished.add(subject);
  }

  for (const module of program.modules) {
    for (const subject of module.functions) if (!finished.has(subject)) walk(subject);
  }
}

/** `closing` is the call from the last function of the circle to its first. */
function reportCircle(circle: readonly Function[], closing: Call, report: Report): void {
  const [first] = circle;
  report({
    code: PROGRAM.recursion.code,
    at: closing.at,
    message: `${first?.name} calls itself`,
    known: [[...circle, first].map((subject) => subject?.name).join(' -> '), ...throughTable(closing)],
    fixes: ['write the repetition as a loop'],
  });
}

function throughTable({ callee }: Call): readonly string[] {
  return callee.kind === 'table'
    ? [`the last call goes through ${callee.table.name}, which may hold any of its entries`]
    : [];
}
