/** What to say about TypeScript syntax that the language does not have. */
import { ts } from 'ts-morph';
import type { Coded } from './context.js';
import { SUBSET } from '../diagnostics/subset.js';

export interface Refused {
  readonly code: Coded;
  readonly message: string;
  readonly fixes: readonly string[];
}

const refused = (code: Coded, message: string, ...fixes: string[]): Refused => ({ code, message, fixes });

const CLOSURE = refused(SUBSET.functionForm, 'the language has no functions inside expressions', 'declare a function');
const OBJECT = refused(
  SUBSET.expression,
  'the language has no object literals',
  'declare a struct, and an instance or a local',
);
const ASSERTION = refused(
  SUBSET.assertion,
  'a type assertion is not checked',
  'convert with u32(...), u64(...) or compare',
);
const LOOP = refused(
  SUBSET.statement,
  'the loops of the language are for (;;) and while',
  'count with for (let i: u32 = 0; ...)',
);
const EXCEPTION = refused(SUBSET.statement, 'the language has no exceptions', 'return a value that says what happened');
const DECLARATION = refused(SUBSET.functionForm, 'declarations like this stand at the top level, or not at all');

const SYNTAX: ReadonlyMap<ts.SyntaxKind, Refused> = new Map([
  [ts.SyntaxKind.ArrowFunction, CLOSURE],
  [ts.SyntaxKind.FunctionExpression, CLOSURE],
  [ts.SyntaxKind.ClassExpression, CLOSURE],
  [ts.SyntaxKind.FunctionDeclaration, DECLARATION],
  [ts.SyntaxKind.ClassDeclaration, DECLARATION],
  [ts.SyntaxKind.EnumDeclaration, DECLARATION],
  [ts.SyntaxKind.ModuleDeclaration, DECLARATION],
  [ts.SyntaxKind.InterfaceDeclaration, DECLARATION],
  [ts.SyntaxKind.TypeAliasDeclaration, DECLARATION],
  [ts.SyntaxKind.ObjectLiteralExpression, OBJECT],
  [
    ts.SyntaxKind.ArrayLiteralExpression,
    refused(SUBSET.expression, 'the language has no array literals', 'declare a list(...)'),
  ],
  [
    ts.SyntaxKind.TemplateExpression,
    refused(SUBSET.expression, 'the language makes no strings', 'print the parts one by one'),
  ],
  [ts.SyntaxKind.NoSubstitutionTemplateLiteral, refused(SUBSET.expression, 'write this string with quotes')],
  [ts.SyntaxKind.RegularExpressionLiteral, refused(SUBSET.expression, 'the language has no regular expressions')],
  [ts.SyntaxKind.AsExpression, ASSERTION],
  [ts.SyntaxKind.TypeAssertionExpression, ASSERTION],
  [ts.SyntaxKind.SatisfiesExpression, ASSERTION],
  [
    ts.SyntaxKind.NonNullExpression,
    refused(SUBSET.assertion, '! is not checked', 'compare with null: if (x === null) { ... }'),
  ],
  [ts.SyntaxKind.ForOfStatement, LOOP],
  [ts.SyntaxKind.ForInStatement, LOOP],
  [ts.SyntaxKind.DoStatement, LOOP],
  [
    ts.SyntaxKind.LabeledStatement,
    refused(SUBSET.statement, 'the language has no labels', 'put the inner loop in a function'),
  ],
  [ts.SyntaxKind.TryStatement, EXCEPTION],
  [ts.SyntaxKind.ThrowStatement, EXCEPTION],
  [ts.SyntaxKind.PrefixUnaryExpression, refused(SUBSET.assignmentForm, '++ and -- are statements, not values')],
  [ts.SyntaxKind.PostfixUnaryExpression, refused(SUBSET.assignmentForm, '++ and -- are statements, not values')],
]);

const OPERATORS: ReadonlyMap<ts.SyntaxKind, Refused> = new Map([
  [ts.SyntaxKind.EqualsEqualsToken, refused(SUBSET.looseEquality, '== converts its operands', 'write ===')],
  [ts.SyntaxKind.ExclamationEqualsToken, refused(SUBSET.looseEquality, '!= converts its operands', 'write !==')],
  [
    ts.SyntaxKind.QuestionQuestionToken,
    refused(SUBSET.expression, 'the language has no ??', 'write x !== null ? x : y'),
  ],
  [ts.SyntaxKind.CommaToken, refused(SUBSET.expression, 'the language has no comma operator', 'write two statements')],
  [ts.SyntaxKind.AsteriskAsteriskToken, refused(SUBSET.expression, 'the language has no **', 'shift, or multiply')],
]);

/** Why `node` is not of the language, and what to write. */
export function describeSyntax(node: ts.Node): Refused {
  if (ts.isBinaryExpression(node)) {
    const { kind } = node.operatorToken;
    if (kind >= ts.SyntaxKind.FirstAssignment && kind <= ts.SyntaxKind.LastAssignment)
      return refused(SUBSET.assignmentForm, 'an assignment is a statement, not a value');
    return (
      OPERATORS.get(kind) ?? refused(SUBSET.expression, `the language has no operator ${node.operatorToken.getText()}`)
    );
  }
  if (ts.isPrefixUnaryExpression(node) && node.operator === ts.SyntaxKind.PlusToken)
    return refused(SUBSET.expression, 'unary + converts its operand', 'leave it out');
  const code = ts.isStatement(node) ? SUBSET.statement : SUBSET.expression;
  const name = (ts.SyntaxKind[node.kind] ?? '').replace(/([a-z])([A-Z])/g, '$1 $2').toLowerCase();
  return SYNTAX.get(node.kind) ?? refused(code, `the language has no ${name}`);
}
