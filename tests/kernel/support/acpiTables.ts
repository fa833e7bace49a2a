/** The firmware's side: ACPI tables in memory. */
import { viewOf } from './startup.js';

const HEADER = 36;

/** Makes the bytes `from` up to `to` sum to 0 by the one at `at`. */
export function putChecksum(memory: Uint8Array, from: number, to: number, at: number): void {
  memory[at] = 0;
  memory[at] = -memory.subarray(from, to).reduce((sum, byte) => sum + byte, 0) & 0xff;
}

/** A table with a header that is right. */
export function putTable(memory: Uint8Array, address: number, signature: string, body: Uint8Array): void {
  const length = HEADER + body.length;
  memory.set(Buffer.from(signature, 'latin1'), address);
  viewOf(memory).setUint32(address + 4, length, true);
  memory.set(body, address + HEADER);
  putChecksum(memory, address, address + length, address + 9);
}

/** A MADT with these entries after its fixed part. */
export function putMadt(memory: Uint8Array, address: number, ...entries: readonly number[][]): void {
  putTable(memory, address, 'APIC', Uint8Array.from([0, 0, 0xe0, 0xfe, 1, 0, 0, 0, ...entries.flat()]));
}

/** A local APIC's entry. */
export function localApic(id: number, flags: number): number[] {
  return [0, 8, id, id, flags, 0, 0, 0];
}

/** A local x2APIC's entry. */
export function localX2apic(id: number, flags: number): number[] {
  const wide = [...new Uint8Array(Uint32Array.of(id).buffer)];
  return [9, 16, 0, 0, ...wide, flags, 0, 0, 0, ...wide];
}

/** An RSDT that lists the tables at `addresses`. */
export function putRsdt(memory: Uint8Array, address: number, ...addresses: readonly number[]): void {
  putTable(memory, address, 'RSDT', new Uint8Array(Uint32Array.from(addresses).buffer));
}

/** An XSDT that lists the tables at `addresses`. */
export function putXsdt(memory: Uint8Array, address: number, ...addresses: readonly bigint[]): void {
  putTable(memory, address, 'XSDT', new Uint8Array(BigUint64Array.from(addresses).buffer));
}

/** The root pointer: of revision 0 with an RSDT, of revision 2 where an XSDT is given. */
export function putRsdp(memory: Uint8Array, address: number, rsdt: number, xsdt?: bigint): void {
  const view = viewOf(memory);
  memory.set(Buffer.from('RSD PTR '), address);
  memory[address + 15] = xsdt === undefined ? 0 : 2;
  view.setUint32(address + 16, rsdt, true);
  putChecksum(memory, address, address + 20, address + 8);
  if (xsdt === undefined) return;
  view.setUint32(address + 20, 36, true);
  view.setBigUint64(address + 24, xsdt, true);
  putChecksum(memory, address, address + 36, address + 32);
}
