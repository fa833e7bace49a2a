/** The instructions of VMX (SDM 3C, chapter 30). Bodies: runtime-c/vmx.h. */
import { intrinsics } from '../../../transpiler/lib/index.js';

export const { vmxon, vmxoff, vmclear, vmptrld, vmread, vmwrite, invept, invvpid } = intrinsics({
  vmxon: {
    parameters: [['region', 'hpa']],
    result: 'boolean',
    effects: ['virtualization', 'memory'],
    c: 'vmx_vmxon',
    about: 'Enters VMX root operation. Returns false if the processor refuses.',
    manual: 'SDM 3C, VMXON',
  },
  vmxoff: {
    parameters: [],
    result: 'void',
    effects: ['virtualization'],
    c: 'vmx_vmxoff',
    about: 'Leaves VMX operation. A pending INIT then takes effect.',
    manual: 'SDM 3C, VMXOFF',
  },
  vmclear: {
    parameters: [['vmcs', 'hpa']],
    result: 'boolean',
    effects: ['virtualization', 'memory'],
    c: 'vmx_vmclear',
    about: 'Prepares a VMCS for VMLAUNCH. Returns false if the processor refuses.',
    manual: 'SDM 3C, VMCLEAR',
  },
  vmptrld: {
    parameters: [['vmcs', 'hpa']],
    result: 'boolean',
    effects: ['virtualization', 'memory'],
    c: 'vmx_vmptrld',
    about: 'Makes a VMCS current. Returns false if the processor refuses.',
    manual: 'SDM 3C, VMPTRLD',
  },
  vmread: {
    parameters: [['field', 'u32']],
    result: 'u64',
    effects: ['virtualization'],
    c: 'vmx_vmread',
    about: 'Reads a field of the current VMCS. The processor must have that field.',
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
    about: 'Writes a field of the current VMCS. Does nothing if the processor lacks the field.',
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
    about: 'Invalidates TLB entries of the EPT tables with the EPT pointer `tables`, or of all.',
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
    about: 'Invalidates TLB entries with the VPID `processor`, or with any VPID.',
    manual: 'SDM 3C, INVVPID',
  },
});
