import { arr, at, BOOL, HPA, I16, instance, struct, U16, U32, U64, U8, type Ref, type u32 } from '../../../../transpiler/lib/index.js';

export const Point = struct('Point', { size: 8 }, { x: at(0, U32), y: at(4, I16) });
export type Point = Ref<typeof Point>;

export const Shape = struct(
  'Shape',
  { size: 0x80 },
  {
    id: at(0x01, U8),
    flags: at(0x03, U16),
    isOpen: at(0x08, BOOL),
    start: at(0x10, Point),
    corners: at(0x20, arr(Point, 4)),
    weights: at(0x40, arr(U64, 2)),
    base: at(0x50, HPA),
  },
);
export type Shape = Ref<typeof Shape>;

const shape = instance(Shape, { align: 64 });

export function move(target: Shape, by: u32): void {
  target.start.x = by;
  target.isOpen = by > 4;
  target.flags |= 1;
  target.id = 3;
}

export function corner(index: u32): u32 {
  if (index >= shape.corners.length) return Shape.bytes;
  const point = shape.corners.at(index);
  shape.weights.set(index & 1, 5n);
  move(shape, point.x);
  return distance(point);
}

function distance(point: Point): u32 {
  return point.y < 0 ? 0 : point.x;
}
