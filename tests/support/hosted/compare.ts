/** Runs cases in Node and in C, and finds the first case with different outcomes. */
import { callOf, type Case } from './case.js';
import { runNative, type NativeProgram } from './nativeRun.js';
import { runInNode, type LoadedProgram } from './nodeRun.js';

export interface Difference {
  /** The call, for messages. */
  readonly call: string;
  readonly case: Case;
  readonly inNode: string;
  readonly inC: string;
}

export interface Comparison {
  /** The cases that ran on both sides: those that fulfil what the function requires of its callers. */
  readonly ran: readonly Case[];
  readonly difference: Difference | null;
}

/** Compares the runs. Throws if Node or a sanitizer finds a fault that the checker should have found. */
export async function compareRuns(
  loaded: LoadedProgram,
  native: NativeProgram,
  cases: readonly Case[],
): Promise<Comparison> {
  const runs = cases.map((run) => ({ run, inNode: inNode(loaded, run) })).filter(({ inNode }) => inNode !== null);
  const ran = runs.map(({ run }) => run);
  const outcomes = await runNative(native, loaded, ran);
  const wrong = runs.findIndex(({ inNode }, index) => inNode !== outcomes[index]);
  const found = runs[wrong];
  if (!found) return { ran, difference: null };
  const { run } = found;
  return { ran, difference: { call: callOf(run), case: run, inNode: found.inNode ?? '', inC: outcomes[wrong] ?? '' } };
}

function inNode(loaded: LoadedProgram, run: Case): string | null {
  try {
    return runInNode(loaded, run);
  } catch (error) {
    throw new Error(`${callOf(run)} in Node: ${error instanceof Error ? error.stack : String(error)}`);
  }
}
