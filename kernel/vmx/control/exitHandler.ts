import type { Vcpu } from '../../vcpu/vcpu.js';

/** Does what one exit asks for; the guest goes on when it returns. */
export type ExitHandler = (vcpu: Vcpu) => void;
