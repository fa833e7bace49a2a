/** Random functions: statements over the state that every random module has. */
import type { Draw } from './draw.js';
import { ExpressionWriter, type Scope } from './expressions.js';
import { idioms, LENGTHS } from './idioms.js';
import { kindOf, limits, type Named, type TypeName, type Value } from './values.js';

const VARIABLES: readonly TypeName[] = ['u8', 'u16', 'u32', 'u32', 'i32', 'u64', 'u64', 'i64'];
const FIELDS: Readonly<Record<string, TypeName>> = {
  'state.byte': 'u8',
  'state.tiny': 'i8',
  'state.word': 'u16',
  'state.short': 'i16',
  'state.sum': 'u32',
  'state.signed': 'i32',
  'state.quad': 'u64',
  'state.delta': 'i64',
  'state.record.count': 'u32',
  'state.record.small': 'i16',
  'state.record.signed': 'i64',
  'record.kind': 'u8',
  'record.total': 'u64',
  'device.control': 'u32',
  'device.data': 'u16',
  'device.wide': 'u64',
};
/** Bit fields with their widths. */
const BITS: Readonly<Record<string, number>> = { present: 1, kind: 4, wide: 23, top: 1 };

function sourceOf(text: string, type: TypeName, high = limits(type).high): Value {
  return { text, kind: kindOf(type), low: limits(type).low, high, brand: type };
}

const SOURCES: readonly Value[] = [
  ...Object.entries(FIELDS).map(([text, type]) => sourceOf(text, type)),
  ...Object.entries(BITS).map(([name, width]) => sourceOf(`state.flags.${name}`, 'u32', (1n << BigInt(width)) - 1n)),
  sourceOf('state.flags.value', 'u32'),
  sourceOf('words.get(5)', 'u32'),
  sourceOf('codes.get(3)', 'u32'),
  sourceOf('data.length', 'u32'),
  sourceOf('wordAt(clamped(words.get(0)))', 'u32'),
  sourceOf('handlers.get(words.get(1) & 3)(9)', 'u32'),
  sourceOf('describe(record, LARGE)', 'u64'),
  sourceOf('speedOf(mode)', 'u32'),
  sourceOf('firstOf(null, data)', 'u64'),
  sourceOf('firstOf(record, data)', 'u64'),
  sourceOf('distance(gpa(record.total), state.quad)', 'u64'),
  sourceOf('counted(state.sum, state.byte)', 'u64'),
  { ...sourceOf('MIXED', 'u8'), low: 35n, high: 35n, brand: null },
  { ...sourceOf('LARGE', 'u64'), low: (1n << 40n) + 5n, high: (1n << 40n) + 5n, brand: null },
];

/** A placeholder for the record's type, since its name contains the module's number. */
const RECORD = 'RECORD';

/** Writes one function; all its choices are drawn. */
export class FunctionWriter {
  private readonly draw: Draw;
  private names: readonly Named[];
  private flags: readonly string[] = ['state.on', 'record.on', 'choice'];
  private fresh = 0;

  constructor(draw: Draw) {
    this.draw = draw;
    this.names = ['a', 'b', 'c', 'd'].map((parameter) => this.named(parameter, draw.pick(VARIABLES), false));
  }

  /** The whole function, exported, for a module and a name. */
  write(): (module: number, name: string) => string {
    const result = this.draw.pick(VARIABLES);
    const list = this.names.map(({ text, brand }) => `${text}: ${brand}`).join(', ');
    const body = this.block(2 + this.draw.below(4), 2, result);
    const last = `return ${this.expressions().fitting(result).text};`;
    const text = indent([...body, last].join('\n'));
    return (module, name) =>
      `export function ${name}(${list}, choice: boolean, mode: Mode, record: ${RECORD}, data: Bytes): ${result} {\n${text}\n}`.replaceAll(
        RECORD,
        `Record${module}`,
      );
  }

  private named(
    text: string,
    brand: TypeName,
    mutable: boolean,
    value: Pick<Value, 'low' | 'high'> = limits(brand),
  ): Named {
    return { text, kind: kindOf(brand), low: value.low, high: value.high, brand, mutable };
  }

  private expressions(): ExpressionWriter {
    const scope: Scope = { names: this.names, flags: this.flags, sources: SOURCES };
    return new ExpressionWriter(this.draw, scope);
  }

  private freshName(prefix: string): string {
    return `${prefix}${this.fresh++}`;
  }

  /** Statements in a scope of their own; their declarations end with it. */
  private block(count: number, depth: number, result: TypeName): string[] {
    const { names, flags } = this;
    const lines = Array.from({ length: count }, () => this.statement(depth, result));
    this.names = names;
    this.flags = flags;
    return lines;
  }

  private statement(depth: number, result: TypeName): string {
    switch (this.draw.below(depth > 0 ? 14 : 8)) {
      case 0:
        return this.declareConst();
      case 1:
        return this.declareLet();
      case 2:
      case 3:
        return this.assign();
      case 4:
      case 5:
        return this.store();
      case 6:
        return this.intrinsic();
      case 7:
        return this.declareFlag();
      case 8:
      case 9:
        return this.branch(depth, result);
      case 10:
        return this.loop(depth, result);
      case 11:
        return this.select(depth, result);
      default:
        return this.idiom();
    }
  }

  private declareConst(): string {
    const type = this.draw.pick(VARIABLES);
    const value = this.expressions().fitting(type);
    const name = this.freshName('v');
    this.names = [...this.names, this.named(name, type, false, value)];
    return `const ${name}: ${type} = ${value.text};`;
  }

  private declareLet(): string {
    const type = this.draw.pick(VARIABLES);
    const value = this.expressions().fitting(type, 1);
    const name = this.freshName('v');
    this.names = [...this.names, this.named(name, type, true)];
    return `let ${name}: ${type} = ${value.text};`;
  }

  private declareFlag(): string {
    const name = this.freshName('is');
    const value = this.expressions().condition();
    this.flags = [...this.flags, name];
    return `const ${name} = ${value};`;
  }

  private assign(): string {
    const targets = this.names.filter(({ mutable }) => mutable);
    if (targets.length === 0) return this.declareLet();
    const { text, brand } = this.draw.pick(targets);
    const limit = limits(brand).high;
    const suffix = kindOf(brand) === 'bigint' ? 'n' : '';
    if (this.draw.once(4)) return `if (${text} < ${limit}${suffix}) ${text} += 1${suffix};`;
    return `${text} = ${this.expressions().fitting(brand).text};`;
  }

  private store(): string {
    const expressions = this.expressions();
    switch (this.draw.below(7)) {
      case 0: {
        const [name, width] = this.draw.pick(Object.entries(BITS));
        return `state.flags.${name} = ${expressions.integer('number', 2).text} & ${2 ** width - 1};`;
      }
      case 1:
        return `words.set(${this.draw.below(LENGTHS.words)}, ${expressions.fitting('u32').text});`;
      case 2:
        return `records.at(${this.draw.below(LENGTHS.records)}).total = ${expressions.fitting('u64').text};`;
      case 3:
        return `state.on = ${expressions.condition()};`;
      case 4:
        return this.wholeMemory();
      case 5: {
        const name = this.freshName('own');
        const value = expressions.fitting('u64').text;
        return `{ const ${name} = local(${RECORD}); ${name}.total = ${value}; state.quad = describe(${name}, 5n); }`;
      }
      default: {
        const [field, type] = this.draw.pick(Object.entries(FIELDS));
        return `${field} = ${expressions.fitting(type).text};`;
      }
    }
  }

  private wholeMemory(): string {
    const bytes = 4 * this.draw.below(LENGTHS.words + 1);
    if (this.draw.once(2)) return `fillMemory(addressOf(words), ${this.expressions().fitting('u8').text}, ${bytes}n);`;
    return `copyMemory(addressOf(words), addressOf(words) + ${LENGTHS.words * 4 - bytes}n, ${bytes}n);`;
  }

  private intrinsic(): string {
    const name = this.freshName('seen');
    const expressions = this.expressions();
    switch (this.draw.below(4)) {
      case 0:
        return `const ${name} = rdtsc(); state.quad = ${name};`;
      case 1:
        return `const ${name} = in8(${expressions.fitting('u16', 1).text}); state.word = ${name};`;
      case 2:
        return `const ${name} = tryRdmsr(${expressions.fitting('u32', 1).text}); if (!${name}.faulted) state.quad = ${name}.value;`;
      default:
        return `out8(${expressions.fitting('u16', 1).text}, ${expressions.fitting('u8', 1).text});`;
    }
  }

  private branch(depth: number, result: TypeName): string {
    const test = this.expressions().condition();
    const then = this.block(1 + this.draw.below(3), depth - 1, result);
    if (this.draw.once(4)) then.push(`return ${this.expressions().fitting(result, 1).text};`);
    const otherwise = this.draw.once(2)
      ? ` else {\n${indent(this.block(1 + this.draw.below(2), depth - 1, result).join('\n'))}\n}`
      : '';
    return `if (${test}) {\n${indent(then.join('\n'))}\n}${otherwise}`;
  }

  private loop(depth: number, result: TypeName): string {
    const name = this.freshName('i');
    const times = 1 + this.draw.below(6);
    const { names } = this;
    this.names = [...names, this.named(name, 'u32', false, { low: 0n, high: BigInt(times - 1) })];
    const body = this.block(1 + this.draw.below(3), depth - 1, result);
    const leave = this.draw.once(3)
      ? [`if (${this.expressions().condition(1)}) ${this.draw.pick(['break', 'continue'])};`]
      : [];
    this.names = names;
    const lines = indent([...leave, ...body].join('\n'));
    if (this.draw.once(2)) return `for (let ${name}: u32 = 0; ${name} < ${times}; ${name}++) {\n${lines}\n}`;
    return `for (let ${name}: u32 = ${times}; ${name} > 0; ) {\n  ${name} -= 1;\n${lines}\n}`;
  }

  private select(depth: number, result: TypeName): string {
    const subject = `u32(${this.expressions().integer('number', 1).text}) & 3`;
    const cases = ['case 0:', 'case 1:\n  case 3:', 'default:'].map((label) => {
      const body = indent(indent(this.block(1 + this.draw.below(2), depth - 1, result).join('\n')));
      return `  ${label} {\n${body}\n    break;\n  }`;
    });
    return `switch (${subject}) {\n${cases.join('\n')}\n}`;
  }

  /** A dangerous operation; its guard is nearly always right. */
  private idiom(): string {
    const chosen = this.draw.pick(idioms);
    const before: string[] = [];
    const operands = chosen.operands.map((type) => {
      if (type === 'bytes') return 'data';
      const name = this.freshName('w');
      before.push(`const ${name}: ${type} = ${this.expressions().fitting(type, 1).text};`);
      return name;
    });
    const { right, wrong } = chosen.write(operands, this.draw);
    const body = this.draw.once(20) ? wrong : right;
    return `{\n${indent([...before, 'let out: u64 = 0n;', body, 'state.quad = out;'].join('\n'))}\n}`;
  }
}

function indent(text: string): string {
  return text.replace(/^(?=.)/gm, '  ');
}
