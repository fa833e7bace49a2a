/** Small programs, made without the frontend: functions that call. */
import type { Location } from '../../../transpiler/ir/location.js';
import type {
  Expression,
  Function,
  FunctionTable,
  IntrinsicFunction,
  Module,
  Program,
  Statement,
} from '../../../transpiler/ir/nodes.js';

const VOID = { kind: 'void' } as const;
const INDEX = { kind: 'integer', javascript: 'number', name: 'u32', members: null } as const;

/** The n-th call of a module stands in line n. */
function place(line: number): Location {
  return { file: 'kernel/small.ts', line, column: 1, length: 1 };
}

export class SmallProgram {
  private readonly module: Module = {
    name: 'small',
    file: 'kernel/small.ts',
    functions: [],
    constants: [],
    lists: [],
    tables: [],
    instances: [],
    structs: [],
  };
  private lines = 0;

  get program(): Program {
    return { modules: [this.module], intrinsics: [], entries: [], layouts: [] };
  }

  function(name: string, promises: readonly string[] = []): Function {
    const made: Function = {
      name,
      module: this.module,
      at: place(1),
      exported: false,
      entry: null,
      parameters: [],
      result: VOID,
      requires: [],
      promises,
      promisesAt: promises.length > 0 ? place(1) : null,
      body: [],
    };
    this.module.functions.push(made);
    return made;
  }

  intrinsic(name: string, effects: readonly string[]): IntrinsicFunction {
    return { name, c: `x86_${name}`, parameters: [], result: VOID, effects };
  }

  table(name: string, fallback: Function, ...others: readonly Function[]): FunctionTable {
    const entries = new Map(others.map((other, index) => [index, other]));
    const made = { name, module: this.module, at: place(1), fallback, length: others.length + 1, entries };
    this.module.tables.push(made);
    return made;
  }

  /** Adds a call to the body of `from`, in a line of its own, which is returned. */
  call(from: Function, to: Function | IntrinsicFunction | FunctionTable): number {
    this.lines += 1;
    const at = place(this.lines);
    const expression: Expression = {
      kind: 'call',
      at,
      text: `${to.name}()`,
      type: VOID,
      callee: calleeOf(to, at),
      operands: [],
    };
    const statement: Statement = { kind: 'expression', at, expression };
    from.body = [...from.body, statement];
    return this.lines;
  }
}

function calleeOf(
  to: Function | IntrinsicFunction | FunctionTable,
  at: Location,
): Extract<Expression, { kind: 'call' }>['callee'] {
  if ('fallback' in to)
    return { kind: 'table', table: to, index: { kind: 'integer', value: 0n, at, text: '0', type: INDEX } };
  return 'effects' in to ? { kind: 'intrinsic', intrinsic: to } : { kind: 'function', function: to };
}
