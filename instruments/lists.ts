/**
 * The kernel's lists of exits, owners and events, read from their sources: a name, its number, and the comment before it, which says what it
 * means. The pages, the texts of the log and the names of tsvm-stat are made of them.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

export interface Listed {
  readonly name: string;
  readonly number: number;
  readonly text: string;
}

/** The lists by what they hold, each with the file and the name of its enumeration. */
const LISTS = {
  'AMD-V exits': ['kernel/svm/control/exitCode.ts', 'ExitCode'],
  'VT-x exits': ['kernel/vmx/control/exitReason.ts', 'ExitReason'],
  owners: ['kernel/access/owner.ts', 'Owner'],
  events: ['kernel/observe/events.ts', 'Event'],
} as const;
export type ListName = keyof typeof LISTS;
export const listNames = Object.keys(LISTS).filter(isListName);

export function isListName(name: string): name is ListName {
  return Object.hasOwn(LISTS, name);
}

/** A list of the project in `root`. */
export function kernelList(root: string, list: ListName): Listed[] {
  const [path, name] = LISTS[list];
  return readList(path, readFileSync(join(root, path), 'utf8'), name);
}

/** The enumeration `name` of the source `text`. Throws where there is none, or a member has no comment or no number. */
export function readList(path: string, text: string, name: string): Listed[] {
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  const declaration = source.statements
    .filter(ts.isVariableStatement)
    .flatMap((statement) => statement.declarationList.declarations)
    .find((found) => found.name.getText() === name);
  const initializer = declaration?.initializer;
  if (!initializer || !ts.isAsExpression(initializer) || !ts.isObjectLiteralExpression(initializer.expression))
    throw new Error(`${path}: there is no enumeration ${name}`);
  return initializer.expression.properties.map((member) => listed(path, name, member));
}

function listed(path: string, list: string, member: ts.ObjectLiteralElementLike): Listed {
  const name = member.name?.getText() ?? member.getText();
  const number = ts.isPropertyAssignment(member) ? Number(member.initializer.getText().replaceAll('_', '')) : NaN;
  if (!Number.isInteger(number)) throw new Error(`${path}: ${list}.${name} is no number`);
  const [comment] = ts.getJSDocCommentsAndTags(member).filter(ts.isJSDoc);
  const text = ts.getTextOfJSDocComment(comment?.comment)?.replace(/\s+/g, ' ').trim();
  if (text === undefined || text === '')
    throw new Error(`${path}: ${list}.${name} has no comment that says what it means`);
  return { name, number, text };
}
