/** What is made of the kernel's lists: tables of docs/hypercall.md, the texts of the log's events, and the names in tsvm-stat. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as prettier from 'prettier';
import { fillRegions, markdownTable } from '../transpiler/reference/regions.js';
import { isListName, kernelList, type Listed, type ListName, listNames } from './lists.js';

const PAGE = 'docs/hypercall.md';

/** The files of the project in `root` that are made of the lists, formatted, by their path in it. */
export async function makeFiles(root: string): Promise<ReadonlyMap<string, string>> {
  const format = async (path: string, text: string): Promise<[string, string]> => {
    const filepath = join(root, path);
    return [path, await prettier.format(text, { ...(await prettier.resolveConfig(filepath)), filepath })];
  };
  return new Map([
    await format(
      PAGE,
      fillRegions(readFileSync(join(root, PAGE), 'utf8'), ({ instruction }) => table(root, instruction)),
    ),
    await format('kernel/report/eventTexts.ts', eventTexts(kernelList(root, 'events'))),
  ]);
}

function table(root: string, instruction: string): string {
  if (!isListName(instruction)) throw new Error(`${PAGE}: nothing makes "${instruction}"`);
  const rows = kernelList(root, instruction).map(({ name, number, text }) => [
    instruction === 'AMD-V exits' ? `\`0x${number.toString(16)}\`` : String(number),
    name,
    text,
  ]);
  return markdownTable(HEADS[instruction], rows);
}

const HEADS: Readonly<Record<ListName, readonly string[]>> = {
  'AMD-V exits': ['reason', 'name in `tsvm-stat`', 'what the guest did'],
  'VT-x exits': ['reason', 'name in `tsvm-stat`', 'what the guest did'],
  owners: ['owner', 'name in `tsvm-stat`', 'what it has'],
  events: ['kind', 'name in `tsvm-stat`', 'what the log says before the number'],
};

/** The module of the kernel that has the texts. A text's place is the event's number. */
function eventTexts(events: readonly Listed[]): string {
  const misplaced = events.find(({ number }, index) => number !== index);
  if (misplaced) throw new Error(`the event ${misplaced.name} does not have the number of its place`);
  return `/** The log's text for each event. \`npm run docs\` generates this file from the comments in observe/events.ts. */
import { list, STRING } from '../../transpiler/lib/index.js';

export const LAST_EVENT = ${events.length - 1};
export const eventTexts = list(STRING, [${events.map(({ text }) => JSON.stringify(text)).join(', ')}]);
`;
}

/** The lists as a header for C, in which each is an array of `struct name`. */
export function namesHeader(root: string): string {
  const arrays = listNames.map((list) => {
    const rows = kernelList(root, list).map(
      ({ name, number, text }) => `    {${number}, "${name}", ${JSON.stringify(text.replaceAll('`', ''))}},\n`,
    );
    return `static const struct name ${list.toLowerCase().replace(/\W/g, '_')}[] = {\n${rows.join('')}};\n`;
  });
  return `/* Made of the kernel's lists by instruments/generated.ts. */\n#include <stdint.h>

struct name {
    uint64_t number;
    const char *name, *meaning;
};

${arrays.join('\n')}`;
}
