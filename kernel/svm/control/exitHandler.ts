import type { Vcpu } from '../../vcpu/vcpu.js';
import type { Vmcb } from './vmcb.js';

/** Handles one VM exit. The guest continues when it returns. */
export type ExitHandler = (vcpu: Vcpu, vmcb: Vmcb) => void;
