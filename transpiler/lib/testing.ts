/** What tests in Node need beside the library: simulated memory and a simulated machine. */
export { addMemory, instanceMemory, NoMemoryError, resetMemory } from './memory.js';
export { NotSimulatedError, simulate } from './intrinsics.js';
export { ContractError } from './contracts.js';
