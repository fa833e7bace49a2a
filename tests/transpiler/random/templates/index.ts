/** All programs of a fixed form. */
import { DATA } from './data.js';
import { DIFFERENCES } from './differences.js';
import { FLOW } from './flow.js';
import { PROVERS } from './provers.js';
import type { Template } from './template.js';
import { TRUST } from './trust.js';

export type { Template } from './template.js';

/** What random statements do not have: with one of each, all of the language is used. */
export const CONSTRUCTS: readonly Template[] = [...DATA, ...FLOW];
/** What went wrong once. */
export const RISKS: readonly Template[] = [...PROVERS, ...DIFFERENCES, ...TRUST];
