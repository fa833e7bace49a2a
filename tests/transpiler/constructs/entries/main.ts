import { entryPoints, type u32 } from '../../../../transpiler/lib/index.js';
import { double } from './parts/double.js';

function start(magic: u32): void {
  double(magic);
}

export function unreached(): u32 {
  return 1;
}

export const entries = entryPoints({ image_start: start });
