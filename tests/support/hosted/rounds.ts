/** Counts the rounds of loops in Node, so that a program with endless loops does not block a test. */
import ts from 'typescript';

const MOST_ROUNDS = 100_000;

/** Ends a run that takes too long. */
export class TooLong extends Error {}

let rounds = 0;

export function startRounds(): void {
  rounds = 0;
}

/** Is called in each round of each loop. */
export function countRound(): void {
  rounds += 1;
  if (rounds > MOST_ROUNDS) throw new TooLong();
}

/** Makes each loop of a module call `countRound` of its scope. */
export const countingRounds: ts.TransformerFactory<ts.SourceFile> = (context) => {
  const { factory } = context;
  const counted = (body: ts.Statement): ts.Block => {
    const call = factory.createCallExpression(factory.createIdentifier(countRound.name), undefined, []);
    return factory.createBlock([factory.createExpressionStatement(call), body]);
  };
  const visit = (node: ts.Node): ts.Node => {
    const inner = ts.visitEachChild(node, visit, context);
    if (ts.isWhileStatement(inner))
      return factory.updateWhileStatement(inner, inner.expression, counted(inner.statement));
    if (!ts.isForStatement(inner)) return inner;
    const { initializer, condition, incrementor, statement } = inner;
    return factory.updateForStatement(inner, initializer, condition, incrementor, counted(statement));
  };
  return (file) => ts.visitEachChild(file, visit, context);
};
