import fc from 'fast-check';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { transpile } from '../../../transpiler/index.js';
import { emptyFolder, root } from '../../support/hosted/scratch.js';
import type { Fault } from '../faults/faults.js';
import { planted, plantedFolder } from '../faults/plant.js';
import { writeModules, type Transpile } from '../random/batch.js';
import { seedOfRun } from '../random/findings.js';
import { anyProgram, modulesOf } from '../random/modules.js';
import { obligationsOf, type Obligation } from './obligations.js';
import { scriptOf } from './smt.js';
import { opinionsOn } from './z3.js';

t.setTimeout(300_000);

const COMPILED = join(root, 'build/js/transpiler');
const PROGRAMS = 60;
/** How many obligations of the kernel are asked, and as many random ones. */
const ASKED = 600;
const seed = seedOfRun();

/** Faults of the prover that this test must find: one in the meaning of an operator, one in the search for proofs. */
const CONTROLS: readonly Fault[] = [
  {
    family: 'control',
    name: 'a quotient is one too small',
    edits: [{ file: 'prove/derive', text: '1n - divisor)', by: '2n - divisor)' }],
  },
  {
    family: 'control',
    name: 'a bound is one too small',
    edits: [
      {
        file: 'prove/domain/search',
        text: 'if (upperBound(knowledge, form) <= 0n)',
        by: 'if (upperBound(knowledge, form) <= 1n)',
      },
    ],
  },
];

t.test(`z3 refutes nothing that is proved of the kernel (TSVM_SEED=${seed})`, async (t) => {
  const all = await obligationsOf(COMPILED, () => transpile({ folder: join(root, 'kernel') }));
  const opinions = await opinionsOn(some(all));
  t.same(opinions.refuted.map(described), []);
  t.ok(opinions.confirmed >= 400, `${opinions.confirmed} of ${all.length} confirmed`);
  t.ok(opinions.undecided < 60, `${opinions.undecided} undecided, ${opinions.skipped} not asked`);
});

t.test(`z3 refutes nothing that is proved of random programs (TSVM_SEED=${seed})`, async (t) => {
  const all = await ofRandomPrograms(COMPILED, transpile);
  const opinions = await opinionsOn(some(all));
  t.same(opinions.refuted.map(described), []);
  t.ok(opinions.confirmed >= 200, `${opinions.confirmed} of ${all.length} confirmed`);
  t.ok(opinions.undecided < 60, `${opinions.undecided} undecided, ${opinions.skipped} not asked`);
});

for (const fault of CONTROLS) {
  t.test(`z3 refutes a prover in which ${fault.name} (TSVM_SEED=${seed})`, async (t) => {
    const folder = emptyFolder(`doubted-${process.pid}`);
    t.teardown(() => {
      rmSync(folder, { recursive: true, force: true });
    });
    const faulty = await planted(fault, folder);
    const { refuted } = await opinionsOn(await ofRandomPrograms(plantedFolder(fault, folder), faulty));
    t.ok(refuted.length > 0, `${refuted.length} refuted`);
  });
}

async function ofRandomPrograms(compiled: string, transpileThem: Transpile): Promise<Obligation[]> {
  const folder = emptyFolder(`doubtful-${process.pid}`);
  t.teardown(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  writeModules(folder, modulesOf(fc.sample(anyProgram, { seed, numRuns: PROGRAMS })));
  return obligationsOf(compiled, () => transpileThem({ folder }));
}

/** Some of them, spread evenly. */
function some(all: readonly Obligation[]): readonly Obligation[] {
  const step = Math.max(1, all.length / ASKED);
  return Array.from({ length: Math.min(ASKED, all.length) }, (_, index) => all[Math.floor(index * step)] as Obligation);
}

function described(obligation: Obligation): string {
  return `${obligation.name}\n${scriptOf(obligation) ?? ''}`;
}
