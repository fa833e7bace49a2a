import t from 'tap';
import type { FunctionTable, List } from '../../../transpiler/lib/index.js';
import { loadKernel } from './kernel.js';

t.setTimeout(300_000);

const { program, loaded } = await loadKernel();

for (const module of program.modules) {
  const exported = loaded.exports.get(module.name) ?? {};
  const constants = module.constants.filter((constant) => constant.exported);
  if (constants.length > 0) {
    t.test(`${module.file}: Node exports the constants that the transpiler computed`, (t) => {
      for (const { name, value } of constants) t.equal(plain(valueOf(exported, name)), value, name);
      t.end();
    });
  }
  const lists = module.lists.filter(({ name }) => name in exported);
  if (lists.length > 0) {
    t.test(`${module.file}: Node exports the lists that the transpiler computed`, (t) => {
      for (const { name, values } of lists) {
        const list = exported[name] as List<number | bigint | string>;
        t.same(
          Array.from({ length: list.length }, (_, index) => plain(list.get(index))),
          values,
          name,
        );
      }
      t.end();
    });
  }
  const tables = module.tables.filter(({ name }) => name in exported);
  if (tables.length > 0) {
    t.test(`${module.file}: Node exports the function tables that the transpiler read`, (t) => {
      for (const { name, length, entries, fallback } of tables) {
        const table = exported[name] as FunctionTable<() => void>;
        const expected = Array.from({ length }, (_, index) => (entries.get(index) ?? fallback).name);
        t.same(
          Array.from({ length: table.length }, (_, index) => table.get(index).name),
          expected,
          name,
        );
      }
      t.end();
    });
  }
}

/** What a module exports as `name`, or as `Enum.member`. */
function valueOf(exported: Readonly<Record<string, unknown>>, name: string): unknown {
  return name.split('.').reduce((value: unknown, key) => (value as Record<string, unknown>)[key], exported);
}

/** As the intermediate representation holds values: every integer is a bigint. */
function plain(value: unknown): unknown {
  return typeof value === 'number' ? BigInt(value) : value;
}
