import type { Order } from './imports.js';

/** The floors of the kernel, from the top down. Each imports only what lies below it. */
export const FLOORS: Order = [
  ['kernel'],
  ['kernel/guest'],
  ['kernel/run'],
  ['kernel/svm', 'kernel/vmx'],
  ['kernel/exits'],
  ['kernel/devices'],
  ['kernel/access'],
  ['kernel/crash'],
  ['kernel/instruction'],
  ['kernel/time'],
  ['kernel/space'],
  ['kernel/vcpu'],
  ['kernel/boot'],
  ['kernel/crypto'],
  ['kernel/paging'],
  ['kernel/machine'],
  ['kernel/report'],
  ['kernel/observe'],
  ['kernel/handover'],
  ['kernel/x86'],
];
