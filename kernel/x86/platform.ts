/**
 * The intrinsics of this kernel's runtime: where the image lies in memory, and the calls from TypeScript into assembly.
 * Bodies: runtime-c/platform.h and runtime-c/*.asm.
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

/** Addresses of the image's parts. Each part starts where the one before it ends, on a page boundary. */
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
    /** Size of the bundle, which follows `end` where the boot loader put the image; 0: there is none. */
    bundleBytes: at(0x40, U64),
    /** The block that a BIOS guest gets in low memory (runtime-c/bios.asm). */
    biosBlock: at(0x48, HVA),
    /** The code for the page at which APs start (runtime-c/trampoline.asm). */
    trampoline: at(0x50, HVA),
    /** The code of the parking guest (runtime-c/parking.asm). */
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
    about: 'Where the image and its parts lie.',
  },
  markAllocation: {
    parameters: [],
    result: 'void',
    effects: ['alloc'],
    c: 'platform_markAllocation',
    about: 'Does nothing. Marks its callers as allocating memory, which code that runs at a VM exit must not do.',
  },
  relocate: {
    parameters: [
      ['to', 'hpa'],
      ['tables', 'hpa'],
    ],
    result: 'void',
    effects: ['memory', 'control'],
    c: 'tsvm_relocate',
    about: 'Copies the image to machine address `to` and continues there, with the page tables at `tables`.',
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
    about: 'Resets the machine by a triple fault.',
    manual: 'SDM 3A 6.15, interrupt 8',
  },
});

/** Start of the direct map of machine memory. runtime-c/platform.h and runtime-c/layout.inc have the same value. */
export const DIRECT = 0xffff_8000_0000_0000n;

/** Address in the direct map of the machine memory at `address`. */
export function directAddress(address: Hpa): Hva {
  return hva(DIRECT + u64(address));
}

/** Virtual address of a part of the image. It stays the same when the image moves, unlike the machine address. */
export function imageAddress(address: Hpa): Hva {
  const bounds = imageBounds();
  return hva(bounds.text + u64(address - bounds.physical));
}
