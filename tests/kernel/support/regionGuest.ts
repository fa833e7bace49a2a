/** The same guest on both vendors, with a region of two pages whose mediator is the test's. */
import type { Access, Verdict } from '../../../kernel/access/access.js';
import { Owner } from '../../../kernel/access/owner.js';
import { ownRegion } from '../../../kernel/access/regions.js';
import { mediators } from '../../../kernel/exits/mediate.js';
import { announceRanges } from '../../../kernel/space/pageRights.js';
import { ExitCode } from '../../../kernel/svm/control/exitCode.js';
import type { Registers, Vcpu } from '../../../kernel/vcpu/vcpu.js';
import { ExitReason } from '../../../kernel/vmx/control/exitReason.js';
import { Field, GUEST_BASE, GUEST_RIGHTS, Segment } from '../../../kernel/vmx/control/vmcs.js';
import { gpa } from '../../../transpiler/lib/index.js';
import { CODE, injected, startGuest } from './guest.js';
import { injectedEvent, startIntelGuest } from './intel.js';

/** Two pages, which the guest's tables map at the same linear address. */
export const REGION = 0x18_0000;
const REGION_BYTES = 0x2000n;
export const OWNER = Owner.sleepB;

export type Cause = 'read' | 'write' | 'fetch' | 'walk' | 'delivery';
type Event = { vector: number; type: number; errorCode: number | null } | null;

export interface RegionGuest {
  readonly memory: Uint8Array;
  readonly view: DataView;
  readonly vcpu: Vcpu;
  readonly registers: Registers;
  /** The guest executes `code`, which accesses `address`, at `rip`. Returns the exception that it gets. */
  access(code: readonly number[], cause: Cause, address?: number, rip?: number): Event;
  rip(): bigint;
  flags(): bigint;
  setFlags(flags: bigint): void;
  stack(): bigint;
  setStack(rsp: bigint): void;
  faultAddress(): bigint;
  setPrivilege(level: number): void;
  setPaging(cr0: bigint, cr4: bigint): void;
  setFsBase(base: bigint): void;
}

export interface RegionVendor {
  readonly name: string;
  start(rights?: number): RegionGuest;
}

type Answering = (access: Access) => Verdict;
/** What the mediator was asked: whether for a write, the address, the width and the value written. */
export const asked: (readonly ['read' | 'write', number, number, bigint])[] = [];
let answering: Answering = () => 1;

/** The mediator's verdicts from now on. */
export function answerBy(verdict: Answering): void {
  answering = verdict;
}

function own(rights: number): void {
  announceRanges(1);
  ownRegion(gpa(BigInt(REGION)), REGION_BYTES, rights, OWNER);
  asked.length = 0;
  answering = () => 1;
  const mediator = (_vcpu: Vcpu, access: Access): Verdict => {
    const { isWrite, address, bytes, value } = access;
    asked.push([isWrite ? 'write' : 'read', Number(address), bytes, isWrite ? value : 0n]);
    return answering(access);
  };
  Object.assign(mediators, { get: () => mediator });
}

/** EXITINFO1 (APM 2, 15.25.6) and the exit qualification (SDM 3C, table 27-7). */
const infos = { read: 5n, write: 7n, fetch: 0x15n, walk: 7n, delivery: 7n };
const qualifications = { read: 0x181n, write: 0x182n, fetch: 0x184n, walk: 0x83n, delivery: 0x182n };
const FINAL = 1n << 32n;
const WALK = 1n << 33n;
/** A page fault in delivery. */
const DELIVERY = 0x8000_0b0en;

const amd: RegionVendor = {
  name: 'AMD-V',
  start(rights = 0) {
    const guest = startGuest();
    own(rights);
    const { vmcb, memory } = guest;
    return {
      memory,
      view: new DataView(memory.buffer, memory.byteOffset),
      vcpu: guest.vcpu,
      registers: guest.vcpu.registers,
      access(code, cause, address = REGION, rip = CODE) {
        memory.set(code, rip);
        vmcb.rip = BigInt(rip);
        vmcb.exitIntInfo = cause === 'delivery' ? DELIVERY : 0n;
        const where = cause === 'walk' ? WALK : FINAL;
        guest.exit(ExitCode.nestedPageFault, infos[cause] | where, BigInt(address));
        return injected(vmcb);
      },
      rip: () => vmcb.rip,
      flags: () => vmcb.rflags,
      setFlags: (flags) => void (vmcb.rflags = flags),
      stack: () => vmcb.rsp,
      setStack: (rsp) => void (vmcb.rsp = rsp),
      faultAddress: () => vmcb.cr2,
      setPrivilege: (level) => void (vmcb.cpl = level),
      setPaging: (cr0, cr4) => void Object.assign(vmcb, { cr0, cr4 }),
      setFsBase: (base) => void (vmcb.fs.base = base),
    };
  },
};

const intel: RegionVendor = {
  name: 'VT-x',
  start(rights = 0) {
    const guest = startIntelGuest();
    own(rights);
    const { memory } = guest;
    return {
      memory,
      view: new DataView(memory.buffer, memory.byteOffset),
      vcpu: guest.vcpu,
      registers: guest.vcpu.registers,
      access(code, cause, address = REGION, rip = CODE) {
        memory.set(code, rip);
        guest.write(Field.guestRip, BigInt(rip));
        guest.write(Field.idtVectoringInformation, cause === 'delivery' ? DELIVERY : 0n);
        guest.write(Field.guestPhysicalAddress, BigInt(address));
        guest.exit(ExitReason.eptViolation, qualifications[cause]);
        return injectedEvent(guest);
      },
      rip: () => guest.read(Field.guestRip),
      flags: () => guest.read(Field.guestRflags),
      setFlags: (flags) => guest.write(Field.guestRflags, flags),
      stack: () => guest.read(Field.guestRsp),
      setStack: (rsp) => guest.write(Field.guestRsp, rsp),
      faultAddress: () => guest.processor.cr2,
      setPrivilege: (level) => guest.write(GUEST_RIGHTS + 2 * Segment.ss, BigInt(0x93 | (level << 5))),
      setPaging(cr0, cr4) {
        guest.write(Field.guestCr0, cr0);
        guest.write(Field.guestCr4, cr4);
      },
      setFsBase: (base) => guest.write(GUEST_BASE + 2 * Segment.fs, base),
    };
  },
};

export const regionVendors = [amd, intel] as const;
