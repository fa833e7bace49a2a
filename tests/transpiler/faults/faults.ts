/**
 * Faults that the transpiler once had, each as an edit of the compiled transpiler. Random programs must find each fault
 * when it is planted again. A replaced text stands exactly once in its file.
 */
export interface Edit {
  /** Below transpiler/, without its extension. */
  readonly file: string;
  readonly text: string;
  readonly by: string;
}

export interface Fault {
  readonly family: string;
  readonly name: string;
  readonly edits: readonly Edit[];
}

function edit(file: string, text: string, by: string): Edit {
  return { file, text, by };
}

const PROVER_FAULTS: readonly Fault[] = [
  {
    family: 'A1',
    name: 'a cache of results has two meanings for one key',
    edits: [edit('prove/derive', "meaning('multiples of', a, constant(kept))", "meaning('&', a, constant(kept))")],
  },
  {
    family: 'A2',
    name: 'what is to prove inside ensures is taken as true',
    edits: [
      edit(
        'prove/statements',
        'const formula = context.condition(statement.condition);',
        'const formula = context.silently(() => context.condition(statement.condition));',
      ),
    ],
  },
  {
    family: 'A2',
    name: 'a caller takes what is to prove inside ensures as true',
    edits: [
      edit('prove/context', "this.withPurpose('foreign', action)", 'this.silently(action)'),
      edit(
        'prove/statements',
        'const formula = context.condition(statement.condition);',
        'const formula = context.silently(() => context.condition(statement.condition));',
      ),
    ],
  },
  {
    family: 'A3',
    name: 'the ensures of two returns are compared by the names in them',
    edits: [
      edit('prove/ensures', 'a === b && b !== otherResult', 'a.name === b.name && b !== otherResult'),
      edit('prove/ensures', 'checkTerms(subject, one, report);', ''),
    ],
  },
  {
    family: 'A4',
    name: 'the remainder of the least i64 by -1 is not looked for',
    edits: [edit('prove/arithmetic', 'checkTrap(context, expression, left, right);', ';')],
  },
  {
    family: 'A4',
    name: 'the least i32 is divided by -1 in 32 bits',
    edits: [edit('emit/arithmetic', "if (machine !== 'int32_t' || ", 'if (true || ')],
  },
  {
    family: 'A5',
    name: 'an unsigned value is negated in a signed type',
    edits: [
      edit(
        'emit/arithmetic',
        'const computed = isSigned(chosen) && !holds(chosen, rangeOf(node.operand)) ? unsigned(chosen) : chosen;',
        'const computed = chosen;',
      ),
    ],
  },
  {
    family: 'A6',
    name: 'labels that the subject of a switch cannot have are taken',
    edits: [edit('frontend/switches', 'if (known < low || known > high)', 'if (false)')],
  },
  {
    family: 'A7',
    name: 'type predicates are believed',
    edits: [edit('frontend/functions', 'if (ts.isTypePredicateNode(declaration.type))', 'if (false)')],
  },
  {
    family: 'A7',
    name: 'let x! is believed',
    edits: [edit('frontend/statements', 'if (declaration.exclamationToken)', 'if (false)')],
  },
  {
    family: 'A7',
    name: '@ts-ignore is believed',
    edits: [edit('frontend/sources/typeSwitches', '/@ts-(ignore|expect-error|nocheck)/', '/(@ts-never)/')],
  },
  {
    family: 'A7',
    name: 'a union of integer types is taken for one of them',
    edits: [edit('frontend/types', 'if (type.isUnion())\n        return null;\n    const brand', 'const brand')],
  },
  {
    family: 'A8',
    name: 'references to memory of another layout are taken',
    edits: [
      edit('frontend/placing', "if (kind === 'null' || type.kind === 'never' ||", "if (true || kind === 'null' ||"),
    ],
  },
];

const OTHER_FAULTS: readonly Fault[] = [
  {
    family: 'B1',
    name: 'constants are computed without the rules of operators',
    edits: [
      edit('frontend/declarations', 'checkScript(context, initializer, value);', ''),
      edit('frontend/constants', 'checkOperands(context, node, expression, left, right);', ''),
      edit('frontend/constants', 'if (fits(exact, range) || (expression.wraps', 'if (true || (expression.wraps'),
    ],
  },
  {
    family: 'B1',
    name: 'numbers above 2^53 are taken as they are written',
    edits: [edit('frontend/expressions', 'value > BigInt(Number.MAX_SAFE_INTEGER)', 'false')],
  },
  {
    family: 'B2',
    name: 'lists may hold what their type does not',
    edits: [
      edit('frontend/declarations', 'if (value >= low && value <= high)\n            return value;', 'return value;'),
    ],
  },
  {
    family: 'B3',
    name: 'two names of locals become one in C',
    edits: [edit('ir/cNames', '`_${character.charCodeAt(0).toString(16)}_`', "'_'")],
  },
  {
    family: 'B3',
    name: 'the memory of a local has the C name of an instance',
    edits: [edit('ir/cNames', '`${localName(variable)}_storage_`', '`${variable.name}_storage`')],
  },
  {
    family: 'B4',
    name: 'the left of = is evaluated after the right',
    edits: [
      edit(
        'emit/statements',
        'const before = fixOperands(emission, [...partsOf(target), value]);',
        'const before = [];',
      ),
    ],
  },
  {
    family: 'B4',
    name: 'what leads to bits is evaluated twice',
    edits: [
      edit(
        'emit/statements',
        'const before = [...fixActing(emission, partsOf(target)), ...fixOperands(emission, [...partsOf(target), value])];',
        'const before = [];',
      ),
    ],
  },
  {
    family: 'B5',
    name: 'contracts may act',
    edits: [edit('check/contracts', 'if (deed === null)', 'if (true)')],
  },
  {
    family: 'B6',
    name: 'ensures may speak of parameters that have another value by now',
    edits: [edit('prove/ensures', 'if (isParameter && !assigned.has(variable))', 'if (isParameter)')],
  },
  {
    family: 'B7',
    name: 'a case sees what another one declares',
    edits: [edit('frontend/switches', 'refuseSharedNames(body, clause);', '')],
  },
  {
    family: 'B7',
    name: 'a struct takes the C name of bit fields',
    edits: [edit('frontend/layouts', '|bits_|', '|')],
  },
  {
    family: 'B7',
    name: 'the address of a local is taken by another name',
    edits: [edit('check/locals', 'found.add(statement.variable);', ';')],
  },
  {
    family: 'B7',
    name: 'a byte that is no boolean becomes one in C',
    edits: [
      edit(
        'emit/expressions',
        "return equation('!==', primary(byte), primary('0'));",
        "return { ...primary('*(bool *)&' + byte) };",
      ),
    ],
  },
  {
    family: 'B7',
    name: 'trigraphs are left in C',
    edits: [edit('emit/expressions', '.replace(/\\?{2,}/g,', '.replace(/\\?{999,}/g,')],
  },
  {
    family: 'B7',
    name: 'a field of bits may be called value',
    edits: [edit('frontend/layouts', "if (name === 'value')", 'if (false)')],
  },
];

/** One fault of each kind in the families A1 to B7. */
export const FAULTS: readonly Fault[] = [...PROVER_FAULTS, ...OTHER_FAULTS];
