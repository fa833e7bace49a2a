/** Who can read what with tsvm-stat: root, other programs, and root under a locked-down kernel. */
import t from 'tap';
import { boot } from '../../support/machines/harness.js';

t.setTimeout(600_000);

/** Runs tsvm-stat with /dev/mem, and without it, as for other users or under lockdown. */
const SCRIPT = [
  'tsvm-stat; echo counts $?; tsvm-stat --log; echo log $?',
  'rm /dev/mem; tsvm-stat; echo counts $?; tsvm-stat --json; echo json $?',
  'sleep 1; exit',
].join('; ');

/** The output of the script. The shell echoes what is typed, so only the text after the echo counts. */
async function answers(options: string): Promise<string> {
  const dialogue = [[/A shell in the guest/, SCRIPT]] as const;
  const { serial } = await boot({
    machine: 'pc',
    memory: '512M',
    cpus: 2,
    append: 'console=ttyS0 quiet',
    options,
    dialogue,
  });
  return serial.slice(serial.lastIndexOf('sleep 1; exit'));
}

t.test('root reads the counts in the page of statistics; only the kernel reads the log', async (t) => {
  const said = await answers('');
  const [withPage = '', without = ''] = said.split(/^log \d$/m);
  t.match(withPage, /^tsvm, .* 2 processors, \d+ KiB kept at 0x[0-9a-f]+$/m);
  t.match(withPage, /^exits of processor 1:\n +\d+ {2}\w+/m);
  t.match(withPage, /^counts 0$/m);
  t.match(withPage, /with the option hypercall=user/);
  t.notMatch(withPage, /^tsvm: /m);
  t.match(without, /^tsvm, .* 2 processors$/m, 'that it is there is told to all');
  t.match(without, /tsvm-stat: tsvm tells this to root only/);
  t.notMatch(without, /exits of processor|"exits"/);
  t.match(without, /^counts 3$/m);
  t.match(without, /^json 3$/m);
});

t.test('with hypercall=user every program can read both', async (t) => {
  const said = await answers('hypercall=user');
  t.equal([...said.matchAll(/^exits of processor 1:$/gm)].length, 2);
  t.equal([...said.matchAll(/^counts 0$/gm)].length, 2);
  t.match(said, /^tsvm: starting the guest$/m);
  t.match(said, /^log 0$/m);
  t.match(said, /^\{"version":1,.*"processors":\[\{"/m);
  t.equal([...said.matchAll(/^\{"version":1,.*"accesses":\[\{.*\},\{.*\}\],"time"/gm)].length, 1);
  t.match(said, /^json 0$/m);
});
