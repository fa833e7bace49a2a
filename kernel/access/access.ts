/**
 * An intercepted access of the guest to a register in memory or to a port, and the verdict of its owner's mediator. The
 * vendors turn a VM exit into an Access; they know no device.
 */
import { at, BOOL, struct, U32, U64, type Ref } from '../../transpiler/lib/index.js';

export const Access = struct(
  'Access',
  { size: 32 },
  {
    /** The guest-physical address, or the port. */
    address: at(0, U64),
    /** The value that the guest writes, or the result of a read. Bits above its width are 0. */
    value: at(8, U64),
    /** The guest's RIP, for events. */
    rip: at(16, U64),
    /** The width: 1, 2, 4 or 8 bytes. */
    bytes: at(24, U32),
    isWrite: at(28, BOOL),
  },
);
export type Access = Ref<typeof Access>;

/** The mediator's decision on an access. */
export const Verdict = {
  /** The mediator has done it and, for a read, has set `value`. */
  done: 0,
  /** It is to be done on the device, with the `value` that the mediator left. */
  pass: 1,
  /** A write is dropped and a read returns ones, as if no device answered. */
  ignore: 2,
  /** The access raises #GP(0). */
  fault: 3,
  /** Nothing is done, and the guest repeats its instruction. */
  hold: 4,
} as const;
export type Verdict = (typeof Verdict)[keyof typeof Verdict];
