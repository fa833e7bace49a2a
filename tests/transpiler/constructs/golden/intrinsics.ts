import { cpuid, haltForever, intrinsics, rdmsr, type Hva, type u32, type u64 } from '../../../../transpiler/lib/index.js';

export const { beep } = intrinsics({
  beep: {
    parameters: [
      ['tone', 'u32'],
      ['at', 'hva'],
    ],
    result: 'boolean',
    effects: ['port'],
    c: 'example_beep',
    about: 'Makes a sound.',
  },
});

export function run(at: Hva): u64 {
  if (!beep(440, at)) stop();
  return rdmsr(0x10);
}

export function stop(): never {
  return haltForever();
}

export function vendor(): u32 {
  const seen = cpuid(0, 0);
  return seen.ebx;
}
