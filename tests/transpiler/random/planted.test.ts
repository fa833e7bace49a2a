import fc from 'fast-check';
import t from 'tap';
import { PROOF } from '../../../transpiler/diagnostics/proof.js';
import { scratchFolder } from '../../support/hosted/scratch.js';
import { checkModules, type Checked } from './batch.js';
import { drawn, type Draw } from './draw.js';
import { idioms, type Idiom } from './idioms.js';
import { preamble } from './modules.js';

t.setTimeout(300_000);

/** The same programs each time, unless TSVM_SEED=... asks for others. */
const seed = Number(process.env['TSVM_SEED'] ?? 1);
const ROUNDS = 4;

const all = idioms.flatMap((idiom) => Array.from({ length: ROUNDS }, () => idiom));
const [forms] = fc.sample(
  drawn((draw) => all.map((idiom, index) => formsOf(idiom, index, draw))),
  { seed, numRuns: 1 },
);
const functions = (forms ?? []).flatMap(({ right, wrong }) => [right, wrong]);
const checked: Checked = checkModules(scratchFolder(t, 'planted'), [{ preamble: preamble(0), functions }]);

for (const idiom of idioms) {
  t.test(`${idiom.name}: accepted with the right guard, refused with one off by a little (TSVM_SEED=${seed})`, (t) => {
    for (const { right, wrong } of (forms ?? []).filter((form) => form.idiom === idiom)) {
      t.same(codesOf(right), [], right);
      t.ok(codesOf(wrong).includes(PROOF[idiom.refusal].code), `${codesOf(wrong).join(' ')} for ${wrong}`);
    }
    t.end();
  });
}

function codesOf(text: string): string[] {
  return (checked.refused.get(text) ?? []).map(({ code }) => code);
}

function formsOf(idiom: Idiom, index: number, draw: Draw): { idiom: Idiom; right: string; wrong: string } {
  const names = idiom.operands.map((_, operand) => `x${operand}`);
  const parameters = idiom.operands.map((type, operand) => `x${operand}: ${type === 'bytes' ? 'Bytes' : type}`);
  const { right, wrong } = idiom.write(names, draw);
  const whole = (name: string, body: string): string =>
    `export function ${name}(${parameters.join(', ')}): u64 {\n  let out: u64 = 0n;\n  ${body}\n  return out;\n}`;
  return { idiom, right: whole(`right${index}`, right), wrong: whole(`wrong${index}`, wrong) };
}
