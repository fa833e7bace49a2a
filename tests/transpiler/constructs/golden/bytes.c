/* From golden/bytes.ts. */

#line 3 "golden/bytes.ts"
uint32_t bytes_checksum(Bytes bytes) {
#line 4 "golden/bytes.ts"
  uint32_t sum = 0;
#line 5 "golden/bytes.ts"
  for (uint32_t i = 0; i < bytes.length; i = i + 1) {
#line 5 "golden/bytes.ts"
    sum = sum + bytes_read8(bytes, i);
  }
#line 6 "golden/bytes.ts"
  return sum;
}

#line 9 "golden/bytes.ts"
uint64_t bytes_header(uint64_t start) {
#line 10 "golden/bytes.ts"
  const Bytes bytes = bytes_window(start, 64);
#line 11 "golden/bytes.ts"
  const Bytes body = bytes_part(bytes, 16, 32);
#line 12 "golden/bytes.ts"
  bytes_write16(body, 0, 7);
#line 13 "golden/bytes.ts"
  bytes_write64(body, 24, bytes_read64(bytes, 0));
#line 14 "golden/bytes.ts"
  return (uint64_t)bytes_read32(body, 28);
}

#line 17 "golden/bytes.ts"
Bytes bytes_find(uint64_t start) {
#line 18 "golden/bytes.ts"
  const Bytes bytes = bytes_window(start, 16);
#line 19 "golden/bytes.ts"
  return bytes_read32(bytes, 0) == 0x2d5359 ? bytes : NO_BYTES;
}

#line 22 "golden/bytes.ts"
uint64_t bytes_use(uint64_t start) {
#line 23 "golden/bytes.ts"
  const Bytes found = bytes_find(start);
#line 24 "golden/bytes.ts"
  if (found.memory == NULL) {
#line 24 "golden/bytes.ts"
    return start;
  }
#line 25 "golden/bytes.ts"
  platform_copyMemory(start, found.start, (uint64_t)found.length);
#line 26 "golden/bytes.ts"
  platform_fillMemory(start, 0xff, 16);
#line 27 "golden/bytes.ts"
  return found.start;
}

#line 31 "golden/bytes.ts"
bool bytes_mark(uint64_t address, uint32_t low, uint64_t all) {
#line 32 "golden/bytes.ts"
  return memory_compareExchange32(platform_physical(address), low, 1) == low && memory_compareExchange64(platform_physical(address), all, all | 2) == all;
}

#line 36 "golden/bytes.ts"
bool bytes_take(uint64_t address) {
#line 37 "golden/bytes.ts"
  return memory_exchange32(platform_physical(address), 1) == 0;
}

#line 41 "golden/bytes.ts"
uint32_t bytes_draw(uint64_t address) {
#line 42 "golden/bytes.ts"
  return memory_exchangeAdd32(platform_physical(address), 1);
}
