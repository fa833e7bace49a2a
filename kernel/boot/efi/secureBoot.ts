/**
 * Finds out whether Secure Boot is on: whether UEFI firmware starts signed files only (UEFI Specification 2.10, 3.3 and
 * 32.3).
 */
import {
  addressOf,
  arr,
  at,
  instance,
  physical,
  struct,
  U16,
  u64,
  U64,
  U8,
  type u32,
} from '../../../transpiler/lib/index.js';
import { bootInfo } from '../../handover/bootInfo.js';
import { efiCall } from '../../handover/efiCalls.js';
import { firmware, guidAt } from '../../handover/efiServices.js';
import {
  EFI_NOT_FOUND,
  EFI_SUCCESS,
  EfiRuntimeServices,
  EfiSystemTable,
  GLOBAL_VARIABLE_HIGH,
  GLOBAL_VARIABLE_LOW,
} from '../../handover/efiTables.js';

const NAME = 'SecureBoot';
const NAME_UNITS = 11;
const OFF = 0;

const Variable = struct(
  'SecureBootVariable',
  { size: 40 },
  { name: at(0, arr(U16, NAME_UNITS)), bytes: at(24, U64), value: at(32, U8) },
);
const variable = instance(Variable, { align: 8 });

/** Asks the firmware. Secure Boot counts as on, unless the firmware says "off" or has no such variable. */
export function readSecureBoot(): void {
  for (let i: u32 = 0; i < NAME.length; i++) variable.name.set(i, NAME.charCodeAt(i));
  variable.bytes = 1n;
  const service = physical(
    EfiRuntimeServices,
    physical(EfiSystemTable, firmware.systemTable).runtimeServices,
  ).getVariable;
  const name = u64(addressOf(variable));
  const status = efiCall(
    service,
    name,
    guidAt(GLOBAL_VARIABLE_LOW, GLOBAL_VARIABLE_HIGH),
    0n,
    u64(name + 24n),
    u64(name + 32n),
    0n,
    0n,
  );
  const isOff = status === EFI_SUCCESS && variable.bytes === 1n && variable.value === OFF;
  bootInfo.isSecure = !isOff && status !== EFI_NOT_FOUND;
}
