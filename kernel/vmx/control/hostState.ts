/** The host state, which a VM exit loads (SDM 3C 24.5). The world switch sets RSP and RIP (runtime-c/vmx.asm). */
import { addressOf, rdmsr, readCr0, readCr3, readCr4, u64 } from '../../../transpiler/lib/index.js';
import { CODE_SELECTOR, DATA_SELECTOR, gatesAddress, TASK_SELECTOR, taskAddress } from '../../x86/descriptors.js';
import { directAddress } from '../../x86/platform.js';
import { EFER, PAT } from '../../x86/registers.js';
import type { Vcpu } from '../../vcpu/vcpu.js';
import { vmwrite } from './operations.js';
import { Field } from './vmcs.js';

/** Writes the host state: the processor's current values, and zeros for what the hypervisor does not use. */
export function setHostState(vcpu: Vcpu): void {
  const tables = directAddress(addressOf(vcpu.tables));
  vmwrite(Field.hostCr0, readCr0());
  vmwrite(Field.hostCr3, readCr3());
  vmwrite(Field.hostCr4, readCr4());
  vmwrite(Field.hostCsSelector, u64(CODE_SELECTOR));
  vmwrite(Field.hostSsSelector, u64(DATA_SELECTOR));
  vmwrite(Field.hostDsSelector, u64(DATA_SELECTOR));
  vmwrite(Field.hostEsSelector, u64(DATA_SELECTOR));
  vmwrite(Field.hostFsSelector, 0n);
  vmwrite(Field.hostGsSelector, 0n);
  vmwrite(Field.hostTrSelector, u64(TASK_SELECTOR));
  vmwrite(Field.hostTrBase, u64(taskAddress(tables)));
  vmwrite(Field.hostGdtrBase, u64(tables));
  vmwrite(Field.hostFsBase, 0n);
  vmwrite(Field.hostGsBase, u64(directAddress(addressOf(vcpu))));
  vmwrite(Field.hostIdtrBase, u64(gatesAddress()));
  vmwrite(Field.hostSysenterCs, 0n);
  vmwrite(Field.hostSysenterEsp, 0n);
  vmwrite(Field.hostSysenterEip, 0n);
  vmwrite(Field.hostEfer, rdmsr(EFER));
  vmwrite(Field.hostPat, rdmsr(PAT));
}
