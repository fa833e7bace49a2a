/** Programs that were once accepted although they left an array, trapped, or did something else in C than in Node. */

/** A program of one module, with the expected result. */
export interface Program {
  /** The behaviour that it shows. */
  readonly name: string;
  readonly text: string;
  /** The code that it is refused with; none: it is accepted, and `calls` do the same in Node and in C. */
  readonly code?: string;
  readonly calls?: readonly (readonly [name: string, ...arguments: bigint[]])[];
}

/** What most of them use; `id` keeps the names of structs apart. */
export function preamble(id: number): string {
  return `const LIST = list(U32, [10, 20, 30, 40]);
const Part${id} = struct('Part${id}', { size: 16 }, { x: at(0, U32), i: at(4, U32), arr: at(8, arr(U8, 8)) });
type S = Ref<typeof Part${id}>;
const s = instance(Part${id});
`;
}
