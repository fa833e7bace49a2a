/** What a function can reach: found by walking its statements and those of what it calls. */
import type { Function, Instance } from '../../../transpiler/ir/nodes.js';

/** The instances that `start` and the functions it calls name, in the order they are met. */
export function instancesReachedFrom(start: Function): readonly Instance[] {
  const instances = new Set<Instance>();
  const seen = new Set<unknown>();
  const walk = (node: unknown): void => {
    if (typeof node !== 'object' || node === null || seen.has(node)) return;
    seen.add(node);
    if (node instanceof Map || Array.isArray(node)) {
      for (const part of node.values()) walk(part);
      return;
    }
    for (const [key, part] of Object.entries(node)) {
      if (key === 'instance') instances.add(part as Instance);
      else if (!skipped.has(key)) walk(part);
    }
  };
  walk(start);
  return [...instances];
}

/** Properties that lead to types, places or the rest of the program. */
const skipped = new Set(['at', 'type', 'layout', 'struct', 'module', 'constant', 'list', 'intrinsic']);
