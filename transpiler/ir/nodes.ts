/**
 * The typed program that the frontend makes, the checks prove and the emitter prints.
 *
 * Nothing here knows TypeScript. `range` is filled in by the prover: the values an integer
 * expression can have, exact (not modulo anything). `wraps` is set by the frontend on operators
 * that stand in the modular context of a cast: directly below `u32(...)`, `u64(...)` and the
 * like, through + - * & | ^ ~ << and conditionals; their result counts only modulo 2^width.
 * Number operators below a 64-bit cast do not wrap: JavaScript computes them exactly first.
 * A number `/` stands only directly below `u32(...)` or a narrower cast, which truncates it.
 */
import type { Location } from './location.js';
import type { IntegerName, Layout, Range, StructLayout, Type } from './types.js';

interface Node {
  readonly at: Location;
}
interface ExpressionNode extends Node {
  readonly type: Type;
  /** The source text, on one line, for messages. */
  readonly text: string;
  range?: Range;
}

/**
 * `>>` on numbers needs a left operand within int32, `>>>` (numbers only) one within uint32: there
 * both are the quotient by a power of two, rounded down.
 */
export type BinaryOperator = '+' | '-' | '*' | '/' | '%' | '&' | '|' | '^' | '<<' | '>>' | '>>>';
export type CompareOperator = '<' | '<=' | '>' | '>=' | '===' | '!==';
export type BuiltinName = 'mul32' | 'addSat32' | 'addSat64' | 'subSat64' | 'min32' | 'min64';

export type Expression = ExpressionNode &
  (
    | { readonly kind: 'integer'; readonly value: bigint }
    | { readonly kind: 'boolean'; readonly value: boolean }
    | { readonly kind: 'string'; readonly value: string }
    | { readonly kind: 'null' }
    | { readonly kind: 'constant'; readonly constant: Constant }
    | { readonly kind: 'variable'; readonly variable: Variable }
    | { readonly kind: 'unary'; readonly operator: '-' | '~'; readonly operand: Expression; readonly wraps: boolean }
    | {
        readonly kind: 'binary';
        readonly operator: BinaryOperator;
        readonly left: Expression;
        readonly right: Expression;
        readonly wraps: boolean;
      }
    | {
        readonly kind: 'compare';
        readonly operator: CompareOperator;
        readonly left: Expression;
        readonly right: Expression;
      }
    | { readonly kind: 'isNull'; readonly operand: Expression; readonly negated: boolean }
    | {
        readonly kind: 'logical';
        readonly operator: '&&' | '||';
        readonly left: Expression;
        readonly right: Expression;
      }
    | { readonly kind: 'not'; readonly operand: Expression }
    | {
        readonly kind: 'conditional';
        readonly test: Expression;
        readonly then: Expression;
        readonly otherwise: Expression;
        readonly wraps: boolean;
      }
    | { readonly kind: 'cast'; readonly to: IntegerName; readonly operand: Expression }
    | { readonly kind: 'builtin'; readonly name: BuiltinName; readonly operands: readonly Expression[] }
    | { readonly kind: 'call'; readonly callee: Callee; readonly operands: readonly Expression[] }
    /** A struct's field: a load where it is scalar, a reference otherwise. */
    | { readonly kind: 'field'; readonly base: Expression; readonly struct: StructLayout; readonly field: string }
    /** An array's element by get() or at(): a load where it is scalar, a reference otherwise. */
    | { readonly kind: 'element'; readonly base: Expression; readonly index: Expression; readonly length: number }
    /** A named bit range; `field` is null for the whole `value`. */
    | { readonly kind: 'bits'; readonly base: Expression; readonly field: string | null }
    | { readonly kind: 'bytesLength'; readonly base: Expression }
    | { readonly kind: 'bytesStart'; readonly base: Expression }
    | {
        readonly kind: 'bytesRead';
        readonly base: Expression;
        readonly bytes: 1 | 2 | 4 | 8;
        readonly offset: Expression;
      }
    | {
        readonly kind: 'bytesPart';
        readonly base: Expression;
        readonly offset: Expression;
        readonly length: Expression;
      }
    | { readonly kind: 'stringLength'; readonly base: Expression }
    | { readonly kind: 'charCode'; readonly base: Expression; readonly index: Expression }
    | { readonly kind: 'listGet'; readonly list: ConstantList; readonly index: Expression }
    | { readonly kind: 'instance'; readonly instance: Instance }
    | { readonly kind: 'local'; readonly layout: Layout }
    | { readonly kind: 'physical'; readonly layout: Layout; readonly address: Expression }
    | { readonly kind: 'window'; readonly start: Expression; readonly length: Expression }
    | { readonly kind: 'addressOf'; readonly base: Expression }
  );

export type Callee =
  | { readonly kind: 'function'; readonly function: Function }
  | { readonly kind: 'intrinsic'; readonly intrinsic: IntrinsicFunction }
  | { readonly kind: 'table'; readonly table: FunctionTable; readonly index: Expression };

export type Target = ExpressionOf<'variable'> | ExpressionOf<'field'> | ExpressionOf<'element'> | ExpressionOf<'bits'>;
export type ExpressionOf<K extends Expression['kind']> = Extract<Expression, { readonly kind: K }>;

export type Statement = Node &
  (
    | { readonly kind: 'declare'; readonly variable: Variable; readonly value: Expression | null }
    | { readonly kind: 'assign'; readonly target: Target; readonly value: Expression }
    | {
        readonly kind: 'bytesWrite';
        readonly base: Expression;
        readonly bytes: 1 | 2 | 4 | 8;
        readonly offset: Expression;
        readonly value: Expression;
      }
    | { readonly kind: 'expression'; readonly expression: Expression }
    | {
        readonly kind: 'if';
        readonly test: Expression;
        readonly then: readonly Statement[];
        readonly otherwise: readonly Statement[];
      }
    /** `for` and `while`; `before` is the initializer, `update` runs after the body and on `continue`. */
    | {
        readonly kind: 'loop';
        readonly before: readonly Statement[];
        readonly test: Expression | null;
        readonly update: readonly Statement[];
        readonly body: readonly Statement[];
      }
    /** No case falls through, except that several values share one body. Bodies end without their `break`. */
    | {
        readonly kind: 'switch';
        readonly subject: Expression;
        readonly cases: readonly { readonly values: readonly Expression[]; readonly body: readonly Statement[] }[];
        readonly otherwise: readonly Statement[] | null;
      }
    /** Leaves the innermost loop. (A `break` that ends a case is not in the tree.) */
    | { readonly kind: 'break' }
    | { readonly kind: 'continue' }
    | { readonly kind: 'return'; readonly value: Expression | null }
    | { readonly kind: 'block'; readonly body: readonly Statement[] }
    | { readonly kind: 'contract'; readonly contract: 'ensures' | 'invariant'; readonly condition: Expression }
    /** `unreachable(subject)` where no value of an enum is left. The subject is not evaluated. */
    | { readonly kind: 'unreachable'; readonly subject: ExpressionOf<'variable'> }
    /**
     * Stands for a statement that was refused; such a program is not emitted. `changes`: the variables that it may give
     * other values. `ends`: what follows may rest on more of it, as on a guard that leaves.
     */
    | { readonly kind: 'refused'; readonly changes: readonly Variable[]; readonly ends: boolean }
  );

export interface Variable {
  readonly name: string;
  readonly type: Type;
  readonly at: Location;
  readonly role: 'parameter' | 'const' | 'let';
}

export interface Function {
  readonly name: string;
  readonly module: Module;
  readonly at: Location;
  readonly exported: boolean;
  /** The symbol that assembly calls it by, where it is an entry point. */
  entry: string | null;
  readonly parameters: readonly Variable[];
  readonly result: Type;
  /** Its `requires`, in order, in terms of its parameters. */
  readonly requires: Expression[];
  /** Its `effects(...)`. */
  readonly promises: readonly string[];
  readonly promisesAt: Location | null;
  /** Filled after the signature is known, so that calls can refer to a function first. */
  body: readonly Statement[];
}

/** A module-level constant with a value known at build. */
export interface Constant {
  /** As the program spells it; a member of an enum with its enum: `ExitReason.cpuid`. */
  readonly name: string;
  readonly module: Module;
  readonly at: Location;
  readonly exported: boolean;
  readonly type: Type;
  readonly value: bigint | boolean | string;
  /** What it was computed from; the C repeats it in a _Static_assert. */
  readonly expression: Expression | null;
}

/** `list(U32, [...])`; the values are all bigint (integers), or all string. */
export interface ConstantList {
  readonly name: string;
  readonly module: Module;
  readonly at: Location;
  readonly type: Type;
  readonly values: readonly (bigint | string)[];
}

/** `table(...)`: one function per index. */
export interface FunctionTable {
  readonly name: string;
  readonly module: Module;
  readonly at: Location;
  readonly fallback: Function;
  readonly length: number;
  readonly entries: ReadonlyMap<number, Function>;
}

/** `instance(Layout)`: a static variable. */
export interface Instance {
  readonly name: string;
  readonly module: Module;
  readonly at: Location;
  readonly layout: Layout;
  readonly align: number;
}

export interface IntrinsicFunction {
  readonly name: string;
  readonly c: string;
  readonly parameters: readonly { readonly name: string; readonly type: Type }[];
  /** A reference type where a struct is returned by value; it then only initializes a const. */
  readonly result: Type;
  readonly effects: readonly string[];
  /** The first parameter is the address of memory that C gets a pointer to. */
  readonly takesMemory?: true;
}

export interface Module {
  /** Path relative to the program's folder without `.ts`: `exits/cpuid`; `lib/x86` for the library's own. */
  readonly name: string;
  /** As in `Location.file`. */
  readonly file: string;
  readonly functions: Function[];
  readonly constants: Constant[];
  readonly lists: ConstantList[];
  readonly tables: FunctionTable[];
  readonly instances: Instance[];
  readonly structs: StructLayout[];
}

export interface Program {
  /** In dependency order, ties by name: the same for the same sources, wherever they are. */
  readonly modules: readonly Module[];
  readonly intrinsics: readonly IntrinsicFunction[];
  readonly entries: readonly Function[];
  /** Layouts of arrays and bit fields, wherever they stand. */
  readonly layouts: readonly Layout[];
}
