/** VM exits after which the guest cannot continue. */
import { stopGuest } from '../../exits/stopGuest.js';
import { endLine, print } from '../../report/console.js';
import { beginCrash, endCrash } from '../../crash/crash.js';
import { printRow } from '../../report/registers.js';
import { printGuestRegisters } from '../../vcpu/printRegisters.js';
import type { Vcpu } from '../../vcpu/vcpu.js';
import { vmread } from '../control/operations.js';
import { Field } from '../control/vmcs.js';

/** Handles a triple fault. */
export function onTripleFault(_vcpu: Vcpu): void {
  stopGuest('the guest shut its processor down (triple fault)', vmread(Field.guestRip));
}

/** Handles a VM exit that nothing asked for. */
export function onUnexpected(vcpu: Vcpu): void {
  beginCrash();
  print('unexpected VM exit: nothing asked for it');
  endLine();
  printRow(
    'exit reason',
    vmread(Field.exitReason),
    'qualification',
    vmread(Field.exitQualification),
    'interruption',
    vmread(Field.exitInterruptionInformation),
  );
  printGuest(vcpu);
  endCrash();
}

/** Prints the guest's registers. */
export function printGuest(vcpu: Vcpu): void {
  printRow('guest rip', vmread(Field.guestRip), 'rsp', vmread(Field.guestRsp), 'rflags', vmread(Field.guestRflags));
  printRow('cr0', vmread(Field.guestCr0), 'cr3', vmread(Field.guestCr3), 'cr4', vmread(Field.guestCr4));
  printGuestRegisters(vcpu.registers);
}
