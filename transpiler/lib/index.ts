/** The language's library: what a program imports. `testing.js` beside it is for tests in Node. */
export * from './integers.js';
export * from './contracts.js';
export {
  arr,
  at,
  bits,
  BOOL,
  GPA,
  GVA,
  HPA,
  HVA,
  I16,
  I32,
  I64,
  I8,
  STRING,
  struct,
  U16,
  U32,
  U64,
  U8,
  type Ref,
} from './layout.js';
export {
  addressOf,
  compareExchange32,
  compareExchange64,
  copyMemory,
  exchange32,
  exchangeAdd32,
  fillMemory,
  instance,
  local,
  physical,
  window,
  type Bytes,
} from './memory.js';
export { list, table, type FunctionTable, type List } from './table.js';
export { intrinsics } from './intrinsics.js';
export * from './x86.js';
