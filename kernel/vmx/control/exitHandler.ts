import type { Vcpu } from '../../vcpu/vcpu.js';

/** Handles one VM exit. The guest continues when it returns. */
export type ExitHandler = (vcpu: Vcpu) => void;
