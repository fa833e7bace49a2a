/**
 * The table of mediators: by the owner of a region or a port, the function that answers accesses to it. Accesses are
 * counted by owner here, for all mediators.
 */
import { requires, table, type u32 } from '../../transpiler/lib/index.js';
import { Verdict, type Access } from '../access/access.js';
import { Answer } from '../access/answer.js';
import { Owner, OWNERS } from '../access/owner.js';
import { mediateCmosIndex } from '../devices/cmos/mediator.js';
import { mediateApic } from '../devices/localApic/mediator.js';
import { mediateSleepA, mediateSleepB } from '../devices/sleep/mediator.js';
import { countAccess } from '../observe/counters.js';
import type { Vcpu } from '../vcpu/vcpu.js';

type Mediator = (vcpu: Vcpu, access: Access) => Verdict;

/** Exported for tests, which stand in for a mediator. */
export const mediators = table<Mediator>(OWNERS, passOn, {
  [Owner.localApic]: mediateApic,
  [Owner.sleepA]: mediateSleepA,
  [Owner.sleepB]: mediateSleepB,
  [Owner.cmosIndex]: mediateCmosIndex,
});

/** Asks the mediator of `owner` for its verdict on `access`, which the guest of `vcpu` makes. */
export function mediate(vcpu: Vcpu, access: Access, owner: u32): Verdict {
  requires(owner < OWNERS);
  countAccess(vcpu.counters, owner);
  return mediators.get(owner)(vcpu, access);
}

/** The answer to an access that was not done: its verdict is `fault` or `hold`. */
export function refusal(verdict: Verdict): Answer {
  return verdict === Verdict.hold ? Answer.repeat : Answer.generalProtection;
}

function passOn(_vcpu: Vcpu, _access: Access): Verdict {
  return Verdict.pass;
}
