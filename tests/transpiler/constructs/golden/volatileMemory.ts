import { arr, at, bits, physical, struct, U32, U8, type Hpa, type Ref, type u32 } from '../../../../transpiler/lib/index.js';

const Control = bits(U32, { enabled: [0, 0], mode: [4, 7] });
const Uart = struct(
  'Uart',
  { size: 0x20, volatile: true },
  { data: at(0, U8), control: at(4, Control), fifo: at(0x10, arr(U32, 4)) },
);
type Uart = Ref<typeof Uart>;

export function send(base: Hpa, value: u32): void {
  const uart = physical(Uart, base);
  while (isBusy(uart)) {}
  uart.control.value = 0x11;
  uart.fifo.set(3, value);
  uart.data = 1;
}

function isBusy(uart: Uart): boolean {
  return uart.control.enabled === 1 && uart.control.mode !== 0;
}
