/* From golden/volatileMemory.ts. */

#line 11 "golden/volatileMemory.ts"
void volatileMemory_send(uint64_t base, uint32_t value) {
#line 12 "golden/volatileMemory.ts"
  volatile struct Uart *const uart = (volatile struct Uart *)platform_physical(base);
#line 13 "golden/volatileMemory.ts"
  while (volatileMemory_isBusy(uart)) {
  }
#line 14 "golden/volatileMemory.ts"
  uart->control.value = 0x11;
#line 15 "golden/volatileMemory.ts"
  uart->fifo.at[3] = value;
#line 16 "golden/volatileMemory.ts"
  uart->data = 1;
}

#line 19 "golden/volatileMemory.ts"
static bool volatileMemory_isBusy(volatile struct Uart *uart) {
#line 20 "golden/volatileMemory.ts"
  return (uart->control.value & 0x1) == 1 && ((uart->control.value >> 4) & 0xf) != 0;
}
