/**
 * Attacks the hypervisor, or tests the transpiler, endlessly and with new random numbers each time: `npm run soak`, or
 * `npm run soak -- language`.
 */
import { Argument, Command, InvalidArgumentError } from 'commander';
import { randomInt } from 'node:crypto';
import { soakLanguage } from '../transpiler/random/soak.js';
import { runAttack } from './attack.js';
import { findingOf, PLAN, type Planned } from './plan.js';

interface Choice {
  readonly minutes?: number;
  readonly only?: Planned;
  readonly seed?: number;
}

const HIGHEST_SEED = 2 ** 31;
const MILLISECONDS_A_MINUTE = 60_000;

const command = new Command()
  .name('npm run soak --')
  .description(
    'Attacks tsvm in emulators, or tries random programs on its transpiler, until Ctrl-C, or for some time.\n' +
      'Exit status 1: an attack has succeeded, or a program was accepted that does something else in C than in Node.',
  )
  .addArgument(new Argument('[what]', 'what to try').choices(['races', 'language']).default('races'))
  .option('--minutes <number>', 'end after so many minutes', positive)
  .option(
    '--only <number>',
    `of races, only this attack:\n${PLAN.map(({ name }, index) => `${index}: ${name}`).join('\n')}`,
    planned,
  )
  .option('--seed <number>', 'one run with these random numbers, to repeat it; of races, give --only, too', positive)
  .parse();
const choice = command.opts<Choice>();

const counts = new Map<string, number>();
let isStopped = false;
process.once('SIGINT', () => {
  isStopped = true;
  print('stopping after this run; Ctrl-C again stops at once');
});

const end = choice.minutes === undefined ? Infinity : Date.now() + choice.minutes * MILLISECONDS_A_MINUTE;
const trials: readonly ((seed: number) => Promise<boolean>)[] =
  command.args[0] === 'language'
    ? [tryLanguage]
    : (choice.only === undefined ? PLAN : [choice.only]).map((attack) => (seed) => run(attack, seed));
let isSound = true;
while (isSound && !isStopped && Date.now() < end) {
  for (const trial of trials) {
    isSound = await trial(choice.seed ?? randomInt(1, HIGHEST_SEED));
    if (!isSound || isStopped || Date.now() >= end) break;
  }
  if (choice.seed !== undefined) break;
}
for (const [name, count] of counts) print(`${count} attempts: ${name}`);
process.exitCode = isSound ? 0 : 1;

/** Whether the transpiler handles the programs of this seed correctly. */
async function tryLanguage(seed: number): Promise<boolean> {
  const { line, finding } = await soakLanguage(seed);
  print(`seed ${seed}: ${line}`);
  if (finding === null) return true;
  print(`${finding}\nto repeat it: npm run soak -- language --seed ${seed}`);
  return false;
}

/** Runs an attack; returns whether it found nothing. */
async function run(planned: Planned, seed: number): Promise<boolean> {
  const outcome = await runAttack(planned.attack(seed));
  const attempts = outcome.values.get('attempts in all') ?? 0;
  counts.set(planned.name, (counts.get(planned.name) ?? 0) + attempts);
  // Ctrl-C ends the emulator too, so of a stopped run only an escape counts.
  const finding = isStopped && !outcome.values.has('ESCAPED') ? null : findingOf(outcome);
  const starts = outcome.values.get('starts') ?? 0;
  print(
    `${planned.name}: seed ${seed}, ${attempts} attempts, ${starts} starts${finding === null ? '' : `: ${finding}`}`,
  );
  if (finding === null) return true;
  print(outcome.serial);
  print(`to repeat it: npm run soak -- --only ${PLAN.indexOf(planned)} --seed ${seed}`);
  return false;
}

function positive(text: string): number {
  const number = Number(text);
  if (!(number > 0)) throw new InvalidArgumentError('It is to be a number above 0.');
  return number;
}

function planned(text: string): Planned {
  const found = PLAN[Number(text)];
  if (found === undefined) throw new InvalidArgumentError(`It is to be a number from 0 to ${PLAN.length - 1}.`);
  return found;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
