/** What functions do to the machine, and what they promise not to do. */
import type { Report } from '../diagnostics/diagnostic.js';
import { PROGRAM } from '../diagnostics/program.js';
import type { Function, IntrinsicFunction, Program } from '../ir/nodes.js';
import type { EffectPromise } from '../lib/contracts.js';
import type { Effect } from '../lib/intrinsics.js';
import { calleesFirst, callsIn, functionsOf, intrinsicsOf } from './callGraph.js';

/** What each promise rules out. `nmi-safe`: nothing that the interrupted code may be in the middle of. */
export const PROMISES: Readonly<Record<EffectPromise, readonly Effect[]>> = {
  'no-alloc': ['alloc'],
  'no-mmio': ['mmio'],
  'no-port': ['port'],
  'no-halt': ['halt'],
  'nmi-safe': ['alloc', 'lock', 'control', 'virtualization'],
};

/** Why a function has an effect: the calls that lead to an intrinsic with that effect. */
export interface Cause {
  readonly intrinsic: IntrinsicFunction;
  /** The functions called, the last of which calls the intrinsic. Empty where the function does so itself. */
  readonly through: readonly Function[];
}

export type Effects = ReadonlyMap<string, Cause>;

/** The effects of each function, with one cause for each. */
export function inferEffects(program: Program): ReadonlyMap<Function, Effects> {
  const all = new Map<Function, Effects>();
  for (const subject of calleesFirst(program)) all.set(subject, effectsOf(subject, all));
  return all;
}

function effectsOf(subject: Function, known: ReadonlyMap<Function, Effects>): Effects {
  const found = new Map<string, Cause>();
  for (const intrinsic of intrinsicsOf(subject)) {
    for (const effect of intrinsic.effects) if (!found.has(effect)) found.set(effect, { intrinsic, through: [] });
  }
  for (const callee of callsIn(subject).flatMap((call) => functionsOf(call.callee))) {
    for (const [effect, { intrinsic, through }] of known.get(callee) ?? []) {
      if (!found.has(effect)) found.set(effect, { intrinsic, through: [callee, ...through] });
    }
  }
  return found;
}

/** Reports promises that are not kept. */
export function checkEffects(program: Program, report: Report): void {
  for (const [subject, effects] of inferEffects(program)) {
    for (const promise of subject.promises) checkPromise(subject, promise, effects, report);
  }
}

function checkPromise(subject: Function, promise: string, effects: Effects, report: Report): void {
  const at = subject.promisesAt ?? subject.at;
  if (!isPromise(promise)) {
    const names = Object.keys(PROMISES).join(', ');
    report({
      code: PROGRAM.unknownPromise.code,
      at,
      message: `there is no promise '${promise}'`,
      known: [`the promises are ${names}`],
      fixes: [],
    });
    return;
  }
  for (const effect of PROMISES[promise]) {
    const cause = effects.get(effect);
    if (cause === undefined) continue;
    const path = [subject, ...cause.through].map(({ name }) => name);
    report({
      code: PROGRAM.brokenPromise.code,
      at,
      message: `${subject.name} promises '${promise}' but has the effect '${effect}'`,
      known: [[...path, cause.intrinsic.name].join(' -> ')],
      fixes: [`take the call out, or do not promise '${promise}'`],
    });
  }
}

function isPromise(name: string): name is EffectPromise {
  return Object.hasOwn(PROMISES, name);
}
