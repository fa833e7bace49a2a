/** Whether the C of a checked program has a check of each obligation. */
import type { Test } from 'tap';
import { ObligationChecks, textOfCheck } from '../../../transpiler/emit/checks.js';
import { quoted } from '../../../transpiler/emit/expressions.js';
import { reachable } from '../../../transpiler/emit/reachable.js';
import type { TranspiledChecked } from '../../../transpiler/index.js';
import type { Claim, Obligation } from '../../../transpiler/ir/obligations.js';

/** Compares what is in the C with the obligations of the functions in it. Returns the kinds of claims. */
export function eachIsChecked(t: Test, { program, obligations, files }: TranspiledChecked): ReadonlySet<Claim['kind']> {
  const { functions } = reachable(program, new ObligationChecks(obligations));
  const expected = [...functions].flatMap((one) => obligations.in(one));
  const found = countOf([...files.values()].flatMap((text) => text.match(/(?<=, )"(?:[^"\\]|\\.)*"(?=\);)/g) ?? []));
  const wanted = countOf(expected.map((obligation) => quoted(textOfCheck(obligation))));
  const without = expected.filter((obligation) => {
    const text = quoted(textOfCheck(obligation));
    return (found.get(text) ?? 0) < (wanted.get(text) ?? 0);
  });
  t.same(without.map(textOfCheck), [], 'obligations without a check');
  const checks = [...found.keys()].filter((text) => /^"\S+:\d+:\d+: \w+ /.test(text));
  t.same(
    checks.filter((text) => !wanted.has(text)),
    [],
    'checks without an obligation',
  );
  for (const [kind, count] of countOf(expected.map(kindOf))) {
    t.equal(expected.filter((one) => kindOf(one) === kind && found.has(quoted(textOfCheck(one)))).length, count, kind);
  }
  t.ok(expected.length > 50, `${expected.length} obligations`);
  return new Set(expected.map(({ claim }) => claim.kind));
}

function kindOf({ code, claim }: Obligation): string {
  return `${code} ${claim.kind}`;
}

function countOf(texts: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1);
  return counts;
}
