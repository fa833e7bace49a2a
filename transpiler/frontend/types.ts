/** From TypeScript's types to the language's. */
import { ts } from 'ts-morph';
import { SUBSET } from '../diagnostics/subset.js';
import { holdsMembers } from '../ir/integers.js';
import type { IntegerName, IntegerType, Layout, Type } from '../ir/types.js';
import { type Context, refuse, symbolOf, textOf } from './context.js';
import { layoutOf } from './layouts.js';
import { libraryFolder } from './sources/load.js';

/** The brand of integer types (lib/integers.ts). */
const BRAND = '__int';

/** Widest first: a brand is the set of all names that may flow into it. */
const NAMES: readonly IntegerName[] = [
  'u32',
  'i32',
  'u16',
  'i16',
  'u8',
  'i8',
  'u64',
  'i64',
  'gpa',
  'hpa',
  'gva',
  'hva',
];

export const BIGINT_NAMES: ReadonlySet<IntegerName> = new Set<IntegerName>(['u64', 'i64', 'gpa', 'hpa', 'gva', 'hva']);

export function integerType(name: IntegerName): IntegerType {
  return { kind: 'integer', javascript: BIGINT_NAMES.has(name) ? 'bigint' : 'number', name, members: null };
}

/** The type that an annotation names. */
export function typeOfAnnotation(context: Context, annotation: ts.TypeNode): Type {
  if (namesItself(context, annotation))
    refuse(context, annotation, SUBSET.type, `${textOf(annotation)} stands for itself, which is no type`);
  const node = unionBehind(context, annotation);
  const nullable = ts.isUnionTypeNode(node) && node.types.some(isNullNode);
  const named = nullable ? node.types.filter((part) => !isNullNode(part)) : [node];
  const [only] = named;
  const type = named.length === 1 && only ? referenceType(context, only) : null;
  if (type) return { ...type, nullable };
  const found = nullable ? null : simpleType(context, context.checker.getTypeFromTypeNode(node));
  return (
    found ??
    refuse(
      context,
      node,
      SUBSET.type,
      `${textOf(node)} is not a type of the language`,
      'use an integer type, boolean, string, Bytes, an enum, or Ref<typeof Layout>',
    )
  );
}

/** The union that an alias of the program stands for, as in `type Maybe = Record | null`; any other type as it is. */
function unionBehind(context: Context, node: ts.TypeNode): ts.TypeNode {
  if (!ts.isTypeReferenceNode(node)) return node;
  const alias = symbolOf(context, node.typeName)?.declarations?.find((one) => ts.isTypeAliasDeclaration(one));
  const isOfProgram = alias && !alias.typeParameters && context.modules.has(alias.getSourceFile().fileName);
  if (!isOfProgram) return node;
  const behind = unionBehind(context, alias.type);
  return ts.isUnionTypeNode(behind) && behind.types.some(isNullNode) ? behind : node;
}

/** Whether the aliases that lead on from `annotation` come back to one of them. */
function namesItself(context: Context, annotation: ts.TypeNode): boolean {
  const seen = new Set<ts.TypeNode>();
  for (let node = annotation; ts.isTypeReferenceNode(node); ) {
    if (seen.has(node)) return true;
    seen.add(node);
    const alias = symbolOf(context, node.typeName)?.declarations?.find((one) => ts.isTypeAliasDeclaration(one));
    if (!alias) return false;
    node = alias.type;
  }
  return false;
}

function isNullNode(node: ts.TypeNode): boolean {
  return ts.isLiteralTypeNode(node) && node.literal.kind === ts.SyntaxKind.NullKeyword;
}

/** `Ref<typeof Layout>` or Bytes, through type aliases; null for other types. */
function referenceType(
  context: Context,
  node: ts.TypeNode,
): { kind: 'reference'; layout: Layout } | { kind: 'bytes' } | null {
  if (!ts.isTypeReferenceNode(node)) return null;
  const symbol = symbolOf(context, node.typeName);
  const declaration = symbol?.declarations?.[0];
  if (!symbol || !declaration) return null;
  const ofLibrary = declaration.getSourceFile().fileName.startsWith(libraryFolder());
  if (ofLibrary && symbol.name === 'Bytes') return { kind: 'bytes' };
  if (ofLibrary && symbol.name === 'Ref') {
    const [argument] = node.typeArguments ?? [];
    if (argument && ts.isTypeQueryNode(argument))
      return { kind: 'reference', layout: layoutOf(context, argument.exprName) };
    return refuse(context, node, SUBSET.type, 'a reference type is written Ref<typeof Layout>');
  }
  const alias = symbol.declarations?.find((one) => ts.isTypeAliasDeclaration(one));
  return alias ? referenceType(context, alias.type) : null;
}

function simpleType(context: Context, type: ts.Type): Type | null {
  if (type.flags & ts.TypeFlags.Void) return { kind: 'void' };
  if (type.flags & ts.TypeFlags.Never) return { kind: 'never' };
  if (type.flags & ts.TypeFlags.BooleanLike) return { kind: 'boolean' };
  if (type.flags & ts.TypeFlags.StringLike) return { kind: 'string' };
  return brandedType(context, type) ?? enumType(type);
}

/** The integer type whose brand `type` has. A union has its parts' brands, but is no type of C. */
function brandedType(context: Context, type: ts.Type): IntegerType | null {
  if (type.isUnion()) return null;
  const brand = context.checker.getPropertyOfType(type, BRAND);
  if (!brand) return null;
  const brandType = context.checker.getTypeOfSymbol(brand);
  const names = new Set(
    (brandType.isUnion() ? brandType.types : [brandType]).flatMap((part) =>
      part.isStringLiteral() ? [part.value] : [],
    ),
  );
  const name = NAMES.find((candidate) => names.has(candidate));
  return name === undefined ? null : integerType(name);
}

/** A union of number or bigint literals: the values of an enum, which one type of C holds. */
function enumType(type: ts.Type): IntegerType | null {
  const parts = type.isUnion() ? type.types : [type];
  const members = parts.flatMap((part) => literalValue(part) ?? []);
  if (members.length !== parts.length) return null;
  const wide = parts.every((part) => part.flags & ts.TypeFlags.BigIntLiteral);
  if (!wide && !parts.every((part) => part.isNumberLiteral())) return null;
  const found: IntegerType = {
    kind: 'integer',
    javascript: wide ? 'bigint' : 'number',
    name: null,
    members: members.sort((a, b) => (a < b ? -1 : 1)),
  };
  return holdsMembers(found) ? found : null;
}

function literalValue(type: ts.Type): bigint | null {
  if (type.isNumberLiteral()) return Number.isInteger(type.value) ? BigInt(type.value) : null;
  if (!type.isLiteral() || typeof type.value !== 'object') return null;
  const { negative, base10Value } = type.value;
  return negative ? -BigInt(base10Value) : BigInt(base10Value);
}
