/**
 * MSRs that decide what answers at an address: memory, a device, the memory of system management mode. A
 * guest that changed them could lay something else over the hypervisor's memory.
 */
import { list, requires, U32, type u32 } from '../../transpiler/lib/index.js';

/** How many there are. */
export const ADDRESS_DECODING_COUNT = 12;
const registers = list(U32, [
  0xc001_0010, // SYSCFG: whether the following count (APM 2, 3.2.5)
  0xc001_0016, // IORR_BASE0 to IORR_MASK1 (APM 2, 7.9.2)
  0xc001_0017,
  0xc001_0018,
  0xc001_0019,
  0xc001_001a, // TOP_MEM, TOP_MEM2 (APM 2, 7.9.4)
  0xc001_001d,
  0xc001_0058, // MMIO_CFG_BASE_ADDR: PCI configuration in memory
  0xc001_0111, // SMM_BASE, SMM_ADDR, SMM_MASK (APM 2, 10.2)
  0xc001_0112,
  0xc001_0113,
  0xc001_0116, // SMM_CTL
]);

/** The MSR of that index. */
export function addressDecodingMsr(index: u32): u32 {
  requires(index < ADDRESS_DECODING_COUNT);
  return registers.get(index);
}

/** Whether `number` is one of these MSRs. */
export function decidesAddresses(number: u32): boolean {
  for (let i: u32 = 0; i < ADDRESS_DECODING_COUNT; i++) {
    if (registers.get(i) === number) return true;
  }
  return false;
}
