/**
 * An access of the guest that exited, to a register in memory or to a port, and what its owner's mediator says of it. The
 * vendors make an Access of an exit; they know no device.
 */
import { at, BOOL, struct, U32, U64, type Ref } from '../../transpiler/lib/index.js';

export const Access = struct(
  'Access',
  { size: 32 },
  {
    /** The guest-physical address, or the port. */
    address: at(0, U64),
    /** What the guest writes; of a read, what it gets. Bits above its width are 0. */
    value: at(8, U64),
    /** The guest's RIP, for events. */
    rip: at(16, U64),
    /** The width: 1, 2, 4 or 8 bytes. */
    bytes: at(24, U32),
    isWrite: at(28, BOOL),
  },
);
export type Access = Ref<typeof Access>;

/** What becomes of an access. */
export const Verdict = {
  /** The mediator has done it. Of a read, it has set `value`. */
  done: 0,
  /** It is done on the device, with the value that the mediator has left. */
  pass: 1,
  /** A write is dropped, and a read gives ones, as where no device answers. */
  ignore: 2,
  /** The guest gets #GP(0). */
  fault: 3,
  /** Nothing is done, and the guest repeats its instruction. */
  hold: 4,
} as const;
export type Verdict = (typeof Verdict)[keyof typeof Verdict];
