/** How the hypervisor and UEFI firmware call each other. Bodies: runtime-c/efi.h and runtime-c/efi.asm. */
import { intrinsics } from '../../transpiler/lib/index.js';

export const { efiCall, efiLeave, efiVirtualize, copyImage, efiProcessorEntry, efiLoadFileEntry, codeSelector } =
  intrinsics({
    efiCall: {
      parameters: [
        ['service', 'u64'],
        ['first', 'u64'],
        ['second', 'u64'],
        ['third', 'u64'],
        ['fourth', 'u64'],
        ['fifth', 'u64'],
        ['sixth', 'u64'],
        ['seventh', 'u64'],
      ],
      result: 'u64',
      effects: ['memory', 'control'],
      c: 'tsvm_efi_call',
      about: 'Calls the firmware at `service`; a function with fewer parameters leaves the last ones alone.',
      manual: 'UEFI 2.3.4.2',
    },
    efiLeave: {
      parameters: [['status', 'u64']],
      result: 'never',
      effects: ['control'],
      c: 'tsvm_efi_leave',
      about: 'Goes back to who started the image, with an EFI status.',
      manual: 'UEFI 2.3.4',
    },
    efiVirtualize: {
      parameters: [['tables', 'hpa']],
      result: 'void',
      effects: ['memory', 'control', 'virtualization'],
      c: 'tsvm_efi_virtualize',
      about: 'Enters the copy of the image that `tables` map, by tsvm_virtualize; returns as the guest that it runs.',
    },
    copyImage: {
      parameters: [['to', 'hpa']],
      result: 'void',
      effects: ['memory'],
      c: 'efi_copyImage',
      about: 'Copies the image to machine address `to`, where efiVirtualize can enter it.',
    },
    efiProcessorEntry: {
      parameters: [],
      result: 'u64',
      effects: [],
      c: 'efi_processorEntry',
      about: 'Where the procedure lies that the firmware has other processors run.',
      manual: 'PI 2, 13.4.2',
    },
    efiLoadFileEntry: {
      parameters: [],
      result: 'u64',
      effects: [],
      c: 'efi_loadFileEntry',
      about: 'Where the function lies that gives the guest its initrd.',
      manual: 'UEFI 13.2',
    },
    codeSelector: {
      parameters: [],
      result: 'u16',
      effects: [],
      c: 'efi_codeSelector',
      about: 'The selector of the code segment that is in use.',
    },
  });
