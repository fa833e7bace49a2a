/** Defences against edges, sweeps and quick starts, each undone in a copy of the sources: controls of the tests of these. */
import type { Replacement } from '../support/machines/undone.js';

export interface OtherUndoing {
  /** Name of the image's folder. */
  readonly name: string;
  readonly what: string;
  readonly replacements: readonly Replacement[];
}

const NESTED_PAGING = 'kernel/space/nestedPaging.ts';
const MEDIATOR = 'kernel/devices/localApic/mediator.ts';

/** Found by edges.test.ts. */
export const READS_HIDDEN: OtherUndoing = {
  name: 'reads-hidden',
  what: 'the hypervisor reads hidden memory where code, page tables or data of the guest lead there',
  replacements: [
    {
      file: NESTED_PAGING,
      from: 'return !isInHiddenMemory(address) && isReached(address, right);',
      to: 'return isInHiddenMemory(address) || isReached(address, right);',
    },
  ],
};

/** Found by sweeps.test.ts: sweep `a`. */
export const SENDS_COMMANDS: OtherUndoing = {
  name: 'sends-commands',
  what: "the guest's INITs and SIPIs are sent",
  replacements: [
    {
      file: 'kernel/devices/localApic/commands.ts',
      from: 'if (delivery !== Delivery.init && delivery !== Delivery.startup) return true;',
      to: 'if (delivery <= Delivery.startup) return true;',
    },
  ],
};

/** Found by sweeps.test.ts: sweep `w`. */
export const PASSES_WIDTHS: OtherUndoing = {
  name: 'passes-widths',
  what: 'writes to the local APIC of other widths than 32 bits pass',
  replacements: [
    {
      file: MEDIATOR,
      from: 'recordEvent(Event.apicAccess, access.address, access.rip);\n  return Verdict.fault;',
      to: 'recordEvent(Event.apicAccess, access.address, access.rip);\n  return Verdict.pass;',
    },
  ],
};

/** Found by sweeps.test.ts: the comparison of registers. */
export const WRITES_OPERAND: OtherUndoing = {
  name: 'writes-operand',
  what: 'an instruction like AND writes its operand, not its result',
  replacements: [
    { file: 'kernel/instruction/execute.ts', from: 'outcome.written = result;', to: 'outcome.written = other;' },
  ],
};

/** Found by quickStart.test.ts. */
export const FORGETS_EARLY_SIPI: OtherUndoing = {
  name: 'forgets-early-sipi',
  what: 'a SIPI that comes before its receiver has noticed the INIT is forgotten',
  replacements: [
    {
      file: 'kernel/vcpu/sipi.ts',
      from: 'if (processors.of.get(number) !== WAITS) return;\n  processors.of.set',
      to: 'if (processors.of.get(number) !== WAITS || vcpuOf(number).svm.call.isPending !== 0) return;\n  processors.of.set',
    },
  ],
};

/** Found by quickStart.test.ts. */
export const BELIEVES_ENABLE_BIT: OtherUndoing = {
  name: 'believes-enable-bit',
  what: "a local APIC whose APIC_BASE.EN was cleared once counts as out of the guest's reach, though its page answers",
  replacements: [
    {
      file: MEDIATOR,
      from: '(!intercepted.hasOthers || answersAsXApic())',
      to: '!intercepted.hasOthers',
    },
  ],
};

export const OTHER_UNDOINGS: readonly OtherUndoing[] = [
  READS_HIDDEN,
  SENDS_COMMANDS,
  PASSES_WIDTHS,
  WRITES_OPERAND,
  FORGETS_EARLY_SIPI,
  BELIEVES_ENABLE_BIT,
];
