/* From golden/structs.ts. */

static struct Shape structs_shape __attribute__((aligned(64)));

#line 23 "golden/structs.ts"
void structs_move(struct Shape *target, uint32_t by) {
#line 24 "golden/structs.ts"
  target->start.x = by;
#line 25 "golden/structs.ts"
  target->isOpen = by > 4;
#line 26 "golden/structs.ts"
  target->flags = target->flags | 1;
#line 27 "golden/structs.ts"
  target->id = 3;
}

#line 30 "golden/structs.ts"
uint32_t structs_corner(uint32_t index) {
#line 31 "golden/structs.ts"
  if (index >= 4) {
#line 31 "golden/structs.ts"
    return 128;
  }
#line 32 "golden/structs.ts"
  struct Point *const point = &structs_shape.corners.at[index];
#line 33 "golden/structs.ts"
  structs_shape.weights.at[index & 1] = 5;
#line 34 "golden/structs.ts"
  structs_move(&structs_shape, point->x);
#line 35 "golden/structs.ts"
  return structs_distance(point);
}

#line 38 "golden/structs.ts"
static uint32_t structs_distance(struct Point *point) {
#line 39 "golden/structs.ts"
  return point->y < 0 ? 0 : point->x;
}
