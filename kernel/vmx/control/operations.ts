/** The instructions of VMX (SDM 3C, chapter 30). Bodies: runtime-c/vmx.h. */
import { intrinsics } from '../../../transpiler/lib/index.js';

export const { vmxon, vmxoff, vmclear, vmptrld, vmread, vmwrite, invept, invvpid } = intrinsics({
  vmxon: {
    parameters: [['region', 'hpa']],
    result: 'boolean',
    effects: ['virtualization', 'memory'],
    c: 'vmx_vmxon',
    about: 'Enters VMX root operation; false where the processor refused.',
    manual: 'SDM 3C, VMXON',
  },
  vmxoff: {
    parameters: [],
    result: 'void',
    effects: ['virtualization'],
    c: 'vmx_vmxoff',
    about: 'Leaves VMX operation; an INIT that was held back takes effect.',
    manual: 'SDM 3C, VMXOFF',
  },
  vmclear: {
    parameters: [['vmcs', 'hpa']],
    result: 'boolean',
    effects: ['virtualization', 'memory'],
    c: 'vmx_vmclear',
    about: 'Makes a VMCS ready for VMLAUNCH; false where the processor refused.',
    manual: 'SDM 3C, VMCLEAR',
  },
  vmptrld: {
    parameters: [['vmcs', 'hpa']],
    result: 'boolean',
    effects: ['virtualization', 'memory'],
    c: 'vmx_vmptrld',
    about: 'Makes a VMCS the current one; false where the processor refused.',
    manual: 'SDM 3C, VMPTRLD',
  },
  vmread: {
    parameters: [['field', 'u32']],
    result: 'u64',
    effects: ['virtualization'],
    c: 'vmx_vmread',
    about: 'Reads a field of the current VMCS that the processor is known to have.',
    manual: 'SDM 3C, VMREAD',
  },
  vmwrite: {
    parameters: [
      ['field', 'u32'],
      ['value', 'u64'],
    ],
    result: 'void',
    effects: ['virtualization'],
    c: 'vmx_vmwrite',
    about: 'Writes a field of the current VMCS; nothing happens where the processor does not have it.',
    manual: 'SDM 3C, VMWRITE',
  },
  invept: {
    parameters: [
      ['kind', 'u64'],
      ['tables', 'u64'],
    ],
    result: 'void',
    effects: ['virtualization'],
    c: 'vmx_invept',
    about: 'Drops what the TLB holds of extended page tables: of those with the EPT pointer `tables`, or of all.',
    manual: 'SDM 3C, INVEPT',
  },
  invvpid: {
    parameters: [
      ['kind', 'u64'],
      ['processor', 'u16'],
    ],
    result: 'void',
    effects: ['virtualization'],
    c: 'vmx_invvpid',
    about: 'Drops what the TLB holds of virtual processors: of the one whose identifier is `processor`, or of all.',
    manual: 'SDM 3C, INVVPID',
  },
});
