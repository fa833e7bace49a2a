/** The table of intrinsics, from the declarations that programs import. */
import '../lib/index.js';
import { declaredIntrinsics, type Intrinsic } from '../lib/intrinsics.js';
import { markdownTable } from './regions.js';

/** One row for each intrinsic of the library, in the order of their declaration. */
export function intrinsicsTable(): string {
  const rows = [...declaredIntrinsics()].map(([name, intrinsic]) => [
    `\`${signature(name, intrinsic)}\``,
    intrinsic.about,
    intrinsic.effects.map((effect) => `\`${effect}\``).join(' ') || '-',
    `\`${intrinsic.c}\``,
    intrinsic.manual ?? '-',
  ]);
  return markdownTable(['intrinsic', 'what it does', 'effects', 'in C', 'manual'], rows);
}

function signature(name: string, { parameters, result }: Intrinsic): string {
  const list = parameters.map(([parameter, type]) => `${parameter}: ${typeName(type)}`).join(', ');
  return `${name}(${list}): ${typeof result === 'string' ? typeName(result) : result.name}`;
}

/** The type as a program writes it: address spaces are capitalized. */
function typeName(name: string): string {
  return /^[gh][pv]a$/.test(name) ? `${name[0]?.toUpperCase()}${name.slice(1)}` : name;
}
