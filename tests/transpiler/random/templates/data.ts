/** Memory of each type and shape, lists of each type, addresses of each space. */
import { anyLiteral, layoutOf, TYPES, type Template } from './template.js';

const SPACES = ['gpa', 'hpa', 'gva', 'hva'] as const;
const BASES = { u8: 8, u16: 16, u32: 32, u64: 64 } as const;

/** Each integer type in a list, a field, an array, a variable, a parameter and a result. */
const scalars: readonly Template[] = TYPES.map((type) => ({
  name: `values of ${type}`,
  write(draw, name) {
    const values = Array.from({ length: 2 + draw.below(5) }, () => anyLiteral(draw, type));
    const suffix = type.endsWith('64') ? 'n' : '';
    return `const list_${name} = list(${layoutOf(type)}, [${values.join(', ')}]);
const Cell_${name} = struct('Cell_${name}', { size: 48 }, { one: at(3, ${layoutOf(type)}), many: at(12, arr(${layoutOf(type)}, 4)) });
const cell_${name} = instance(Cell_${name});
const LIMIT_${name}: ${type} = ${anyLiteral(draw, type)};
export function ${name}(x: ${type}, i: u8): ${type} {
  let y: ${type} = x;
  const z: ${type} = list_${name}.get(i % ${values.length});
  cell_${name}.many.set(i & 3, y);
  if (z ${draw.pick(['<', '<=', '>', '!=='])} y) y = cell_${name}.many.get((i >> 1) & 3);
  if (y > LIMIT_${name}) y = y & ${draw.pick([1, 7, 85])}${suffix};
  cell_${name}.one = y;
  return cell_${name}.one;
}`;
  },
}));

const booleans: Template = {
  name: 'booleans in memory',
  write: (
    draw,
    name,
  ) => `const Lamps_${name} = struct('Lamps_${name}', { size: 8 }, { on: at(2, BOOL), all: at(3, arr(BOOL, 4)) });
const lamps_${name} = instance(Lamps_${name});
const IS_${name} = ${draw.pick(['true', 'false', '3 < 4', '!(3 < 4)'])};
export function ${name}(a: boolean, i: u8): boolean {
  let b: boolean = lamps_${name}.all.get(i & 3);
  const same = a === b;
  if (a !== lamps_${name}.on) b = ${draw.pick(['true', 'false'])};
  lamps_${name}.all.set((i >> 2) & 3, IS_${name} ? b : a);
  lamps_${name}.on = u32(b) + u32(same) === 1;
  return b && lamps_${name}.on ? same : a;
}`,
};

/** Addresses of each space. */
const addresses: readonly Template[] = SPACES.map((space) => ({
  name: `addresses of ${space}`,
  write(draw, name) {
    const type = `${space[0]?.toUpperCase()}${space.slice(1)}`;
    const limit = `0x${'f'.repeat(4 + draw.below(12))}n`;
    return `const Place_${name} = struct('Place_${name}', { size: 40 }, { one: at(0, ${layoutOf(space)}), many: at(8, arr(${layoutOf(space)}, 3)) });
const place_${name} = instance(Place_${name});
export function ${name}(a: ${type}, i: u8, n: u32): ${type} {
  const base: ${type} = ${space}(u64(n));
  let sum: ${type} = a;
  if (a <= ${limit} && base <= a) sum = base + (a - base) + ${draw.below(100)}n;
  place_${name}.one = sum;
  place_${name}.many.set(i % 3, ${space}(u64(n) << ${draw.below(33)}n));
  return place_${name}.one > place_${name}.many.get(i & 1) ? sum & ${limit} : place_${name}.many.get(2);
}`;
  },
}));

/** Bit fields of each width, by themselves, in structs and in arrays. */
const bitFields: readonly Template[] = Object.entries(BASES).map(([base, width]) => ({
  name: `bit fields of ${base}`,
  write(draw, name) {
    const low = 1 + draw.below(3);
    const middle = low + 1 + draw.below(width - low - 3);
    const suffix = base === 'u64' ? 'n' : '';
    const mask = (bits: number): string => `${(1n << BigInt(bits)) - 1n}${suffix}`;
    const isExact = base !== 'u32' && middle - low < 31;
    return `const Bits_${name} = bits(${layoutOf(base)}, { a: [0, ${low - 1}], b: [${low}, ${middle}], c: [${middle + 1}, ${width - 1}] });
const Owner_${name} = struct('Owner_${name}', { size: 40 }, { own: at(1, Bits_${name}), all: at(9, arr(Bits_${name}, 3)) });
const owner_${name} = instance(Owner_${name});
const alone_${name} = instance(Bits_${name});
export function ${name}(x: ${base}, i: u8): ${base} {
  owner_${name}.own.value = x;
  owner_${name}.own.a = ${isExact ? `x & ${mask(low)}` : `${base}(x & ${mask(low)})${` & ${mask(low)}`}`};
  const part = owner_${name}.own.b;
  alone_${name}.b = part;
  alone_${name}.c = owner_${name}.own.c;
  owner_${name}.all.at(i % 3).a = alone_${name}.a;
  owner_${name}.all.at((i + ${draw.below(3)}) % 3).value = alone_${name}.value;
  if (part > 0${suffix}) owner_${name}.own.b &= ${draw.below(4)}${suffix};
  return owner_${name}.all.at(i & 1).value;
}`;
  },
}));

const nested: Template = {
  name: 'arrays and structs in each other',
  write(draw, name) {
    const [rows, columns] = [2 + draw.below(5), 1 + draw.below(6)];
    return `const Point_${name} = struct('Point_${name}', { size: 6 }, { x: at(0, U16), y: at(2, I32) });
const Shape_${name} = struct('Shape_${name}', { size: 256 }, {
  grid: at(2, arr(arr(U16, ${columns}), ${rows})), points: at(100, arr(Point_${name}, 4)), first: at(130, Point_${name}),
});
type Shape_${name} = Ref<typeof Shape_${name}>;
const shape_${name} = instance(Shape_${name});
const pile_${name} = instance(arr(Shape_${name}, 3));
function turn_${name}(shape: Shape_${name}, by: u8): u32 {
  const point = shape.points.at(by & 3);
  shape.first.x = point.x;
  shape.first.y = -shape.grid.at(by % ${rows}).get(by % ${columns});
  return u32(shape.first.y + point.y);
}
export function ${name}(i: u8, j: u16, v: u16): u32 {
  if (i < ${rows} && j < ${columns}) shape_${name}.grid.at(i).set(j, v);
  pile_${name}.at(i % 3).points.at(j & 3).y = ${draw.pick(['v', '-v', '~v', 'i32(v * 65537)'])};
  pile_${name}.at(j % 3).first.x = v;
  return u32(turn_${name}(shape_${name}, i) + turn_${name}(pile_${name}.at(v % 3), 7));
}`;
  },
};

const windows: Template = {
  name: 'windows and physical memory',
  write(draw, name) {
    const length = 8 + draw.below(100);
    return `const Head_${name} = struct('Head_${name}', { size: 12 }, { tag: at(1, U16), wide: at(4, U64) });
export function ${name}(at: Hpa, offset: u32, value: u64): u64 {
  const bytes = window(at, ${length});
  const head = physical(Head_${name}, at);
  if (offset > ${length - 8}) return u64(bytes.length);
  bytes.setU8(offset, u8(value));
  bytes.setU16(offset, u16(value >> 3n));
  bytes.setU64(offset, value);
  head.tag = bytes.u16(offset);
  const rest = bytes.part(offset, 8);
  rest.setU32(${draw.below(5)}, rest.u32(${draw.below(5)}));
  return u64(bytes.u64(offset) + head.wide + u64(bytes.u8(0)) + rest.start - addressOf(head));
}`;
  },
};

const constants: Template = {
  name: 'constants of each type',
  write(draw, name) {
    const [a, b] = [draw.below(1000), 1 + draw.below(31)];
    return `const LESS_${name} = -${a} - 1;
const LESS64_${name} = -${a}n * ${b}n - 1n;
const TEXT_${name} = ${draw.pick(["'what??!'", "'a\\\\b\\n'", "'\"'", "'/* */'"])};
const YES_${name} = ${a} ${draw.pick(['<', '>='])} ${b};
const Kind_${name} = { low: ${a}, high: 0x8000_0000, last: 0xffff_ffff } as const;
export function ${name}(x: i64, i: u32): i64 {
  const chosen: u32 = YES_${name} ? Kind_${name}.high : Kind_${name}.low;
  if (i < TEXT_${name}.length) return LESS_${name} + TEXT_${name}.charCodeAt(i) > 0 ? x : LESS64_${name};
  return i64(u64(chosen)) + i64(LESS_${name});
}`;
  },
};

export const DATA: readonly Template[] = [...scalars, booleans, ...addresses, ...bitFields, nested, windows, constants];
