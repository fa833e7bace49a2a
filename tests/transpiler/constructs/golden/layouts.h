#pragma once

struct CpuidResult {
  uint32_t eax;
  uint32_t ebx;
  uint32_t ecx;
  uint32_t edx;
} LAYOUT;
_Static_assert(offsetof(struct CpuidResult, eax) == 0, "CpuidResult.eax");
_Static_assert(offsetof(struct CpuidResult, ebx) == 4, "CpuidResult.ebx");
_Static_assert(offsetof(struct CpuidResult, ecx) == 8, "CpuidResult.ecx");
_Static_assert(offsetof(struct CpuidResult, edx) == 12, "CpuidResult.edx");
_Static_assert(sizeof(struct CpuidResult) == 16, "CpuidResult");

struct MsrResult {
  uint64_t value;
  uint8_t faulted;
  uint8_t unnamed_0x9[7];
} LAYOUT;
_Static_assert(offsetof(struct MsrResult, value) == 0, "MsrResult.value");
_Static_assert(offsetof(struct MsrResult, faulted) == 8, "MsrResult.faulted");
_Static_assert(sizeof(struct MsrResult) == 16, "MsrResult");

struct bits_u64 {
  uint64_t value;
} LAYOUT;

struct bits_u16 {
  uint16_t value;
} LAYOUT;

struct Holder {
  struct bits_u64 entry;
  struct bits_u16 small;
  uint8_t unnamed_0xa[2];
  uint32_t plain;
} LAYOUT;
_Static_assert(offsetof(struct Holder, entry) == 0, "Holder.entry");
_Static_assert(offsetof(struct Holder, small) == 8, "Holder.small");
_Static_assert(offsetof(struct Holder, plain) == 12, "Holder.plain");
_Static_assert(sizeof(struct Holder) == 16, "Holder");

struct Scratch {
  uint32_t first;
  uint32_t second;
  uint8_t unnamed_0x8[4];
} LAYOUT;
_Static_assert(offsetof(struct Scratch, first) == 0, "Scratch.first");
_Static_assert(offsetof(struct Scratch, second) == 4, "Scratch.second");
_Static_assert(sizeof(struct Scratch) == 12, "Scratch");

struct Words {
  uint32_t default_;
  uint32_t int_;
} LAYOUT;
_Static_assert(offsetof(struct Words, default_) == 0, "Words.default");
_Static_assert(offsetof(struct Words, int_) == 4, "Words.int");
_Static_assert(sizeof(struct Words) == 8, "Words");

struct Item {
  uint32_t value;
} LAYOUT;
_Static_assert(offsetof(struct Item, value) == 0, "Item.value");
_Static_assert(sizeof(struct Item) == 4, "Item");

struct array_8_u32 {
  uint32_t at[8];
} LAYOUT;

struct Counter {
  uint32_t value;
  struct array_8_u32 seen;
  uint8_t unnamed_0x24[28];
} LAYOUT;
_Static_assert(offsetof(struct Counter, value) == 0, "Counter.value");
_Static_assert(offsetof(struct Counter, seen) == 4, "Counter.seen");
_Static_assert(sizeof(struct Counter) == 64, "Counter");

struct AddressedLock {
  uint32_t taken;
} LAYOUT;
_Static_assert(offsetof(struct AddressedLock, taken) == 0, "AddressedLock.taken");
_Static_assert(sizeof(struct AddressedLock) == 4, "AddressedLock");

struct AddressedPair {
  uint32_t first;
  uint32_t second;
  struct AddressedLock lock;
} LAYOUT;
_Static_assert(offsetof(struct AddressedPair, first) == 0, "AddressedPair.first");
_Static_assert(offsetof(struct AddressedPair, second) == 4, "AddressedPair.second");
_Static_assert(offsetof(struct AddressedPair, lock) == 8, "AddressedPair.lock");
_Static_assert(sizeof(struct AddressedPair) == 12, "AddressedPair");

struct Point {
  uint32_t x;
  int16_t y;
  uint8_t unnamed_0x6[2];
} LAYOUT;
_Static_assert(offsetof(struct Point, x) == 0, "Point.x");
_Static_assert(offsetof(struct Point, y) == 4, "Point.y");
_Static_assert(sizeof(struct Point) == 8, "Point");

struct array_4_Point {
  struct Point at[4];
} LAYOUT;

struct array_2_u64 {
  uint64_t at[2];
} LAYOUT;

struct Shape {
  uint8_t unnamed_0x0[1];
  uint8_t id;
  uint8_t unnamed_0x2[1];
  uint16_t flags;
  uint8_t unnamed_0x5[3];
  uint8_t isOpen;
  uint8_t unnamed_0x9[7];
  struct Point start;
  uint8_t unnamed_0x18[8];
  struct array_4_Point corners;
  struct array_2_u64 weights;
  uint64_t base;
  uint8_t unnamed_0x58[40];
} LAYOUT;
_Static_assert(offsetof(struct Shape, id) == 1, "Shape.id");
_Static_assert(offsetof(struct Shape, flags) == 3, "Shape.flags");
_Static_assert(offsetof(struct Shape, isOpen) == 8, "Shape.isOpen");
_Static_assert(offsetof(struct Shape, start) == 16, "Shape.start");
_Static_assert(offsetof(struct Shape, corners) == 32, "Shape.corners");
_Static_assert(offsetof(struct Shape, weights) == 64, "Shape.weights");
_Static_assert(offsetof(struct Shape, base) == 80, "Shape.base");
_Static_assert(sizeof(struct Shape) == 128, "Shape");

struct bits_u32 {
  uint32_t value;
} LAYOUT;

struct array_4_u32 {
  uint32_t at[4];
} LAYOUT;

struct Uart {
  uint8_t data;
  uint8_t unnamed_0x1[3];
  struct bits_u32 control;
  uint8_t unnamed_0x8[8];
  struct array_4_u32 fifo;
} LAYOUT;
_Static_assert(offsetof(struct Uart, data) == 0, "Uart.data");
_Static_assert(offsetof(struct Uart, control) == 4, "Uart.control");
_Static_assert(offsetof(struct Uart, fifo) == 16, "Uart.fifo");
_Static_assert(sizeof(struct Uart) == 32, "Uart");

struct array_2_u32 {
  uint32_t at[2];
} LAYOUT;
