import { table, u32 } from '../../../../transpiler/lib/index.js';
import { Mode } from './enums.js';

type Handler = (value: u32) => u32;

function same(value: u32): u32 {
  return value;
}

function twice(value: u32): u32 {
  return u32(value * 2);
}

function ignore(_value: u32): u32 {
  return 0;
}

const handlers = table<Handler>(20, same, { [Mode.fast]: twice, 2: ignore });

export function handle(reason: u32, value: u32): u32 {
  return reason < handlers.length ? handlers.get(reason)(value) : value;
}
