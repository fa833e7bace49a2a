import { entryPoints, type u32 } from '../../../../transpiler/lib/index.js';
import { double } from './parts/double.js';

function start(magic: u32): void {
  double(magic);
}

function unreached(): void {}

export const entries = entryPoints({ image_start: start });
