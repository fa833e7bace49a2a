/**
 * What only this kernel's runtime gives: the image's place in memory, and the ways out of
 * TypeScript into assembly. Bodies: runtime-c/platform.h and runtime-c/*.asm.
 */
import {
  at,
  HPA,
  hva,
  HVA,
  intrinsics,
  struct,
  u64,
  U64,
  type Hpa,
  type Hva,
  type Ref,
} from '../../transpiler/lib/index.js';

/** Where the image's parts are; each starts where the one before it ends, on a page boundary. */
export const ImageBounds = struct(
  'ImageBounds',
  { size: 0x60 },
  {
    /** The machine address at which the image lies now. */
    physical: at(0x00, HPA),
    text: at(0x08, HVA),
    constants: at(0x10, HVA),
    symbols: at(0x18, HVA),
    data: at(0x20, HVA),
    stacks: at(0x28, HVA),
    end: at(0x30, HVA),
    /** The code that each exception vector enters: 16 bytes a vector, 32 vectors. */
    exceptionStubs: at(0x38, HVA),
    /** The bundle that lies behind `end` where the boot loader put the image; 0: there is none. */
    bundleBytes: at(0x40, U64),
    /** The block that a BIOS guest gets in low memory: runtime-c/bios.asm. */
    biosBlock: at(0x48, HVA),
    /** The code of the page at which other processors start. */
    trampoline: at(0x50, HVA),
    /** The code of the parking guest: runtime-c/parking.asm. */
    parking: at(0x58, HVA),
  },
);
export type ImageBounds = Ref<typeof ImageBounds>;

export const { imageBounds, markAllocation, relocate, svmRun, vmxRun, shutDown } = intrinsics({
  imageBounds: {
    parameters: [],
    result: ImageBounds,
    effects: [],
    c: 'platform_imageBounds',
    about: 'Where the image lies and what its parts are.',
  },
  markAllocation: {
    parameters: [],
    result: 'void',
    effects: ['alloc'],
    c: 'platform_markAllocation',
    about: 'Does nothing. What calls it takes memory, which code that runs at an exit promises not to do.',
  },
  relocate: {
    parameters: [
      ['to', 'hpa'],
      ['tables', 'hpa'],
    ],
    result: 'void',
    effects: ['memory', 'control'],
    c: 'tsvm_relocate',
    about: 'Copies the image to machine address `to` and goes on there, with the page tables at `tables`.',
  },
  svmRun: {
    parameters: [['vcpu', 'hva']],
    result: 'never',
    effects: ['virtualization', 'memory'],
    c: 'tsvm_svm_run',
    about: 'Runs the guest of `vcpu`; each exit calls tsvm_svm_exit.',
    manual: 'APM 3, VMRUN',
  },
  vmxRun: {
    parameters: [['vcpu', 'hva']],
    result: 'never',
    effects: ['virtualization', 'memory'],
    c: 'tsvm_vmx_run',
    about: 'Runs the guest of `vcpu`, whose VMCS is current; each exit calls tsvm_vmx_exit.',
    manual: 'SDM 3C, VMLAUNCH',
  },
  shutDown: {
    parameters: [],
    result: 'never',
    effects: ['halt'],
    c: 'platform_shutDown',
    about: 'Makes the processor shut down by an exception that cannot be delivered, which resets the machine.',
    manual: 'SDM 3A 6.15, interrupt 8',
  },
});

/** Machine memory is mapped from here on; runtime-c/platform.h and runtime-c/layout.inc agree. */
export const DIRECT = 0xffff_8000_0000_0000n;

/** Where the hypervisor has mapped the machine memory at `address`. */
export function directAddress(address: Hpa): Hva {
  return hva(DIRECT + u64(address));
}

/** Where a part of the image is mapped. That stays the same when the image moves, unlike its machine address. */
export function imageAddress(address: Hpa): Hva {
  const bounds = imageBounds();
  return hva(bounds.text + u64(address - bounds.physical));
}
