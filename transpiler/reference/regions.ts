/** The generated parts of a page: each stands between two comments, which Markdown does not show. */

const END = '<!-- end generated -->';
const REGION = /^<!-- generated: (.*) -->\n[^]*?^<!-- end generated -->$/gm;
const FENCE = /^```(\w+)(?: (\w+))?\n([^]*?)^```$/gm;

/** A region, with the fenced code that stands last before it. */
export interface Region {
  readonly instruction: string;
  readonly code: string;
}

/** The regions of `page`, in order. */
export function regionsOf(page: string): Region[] {
  return [...page.matchAll(REGION)].map((match) => ({
    instruction: match[1] ?? '',
    code: lastFence(page.slice(0, match.index)),
  }));
}

/** The page with each region's contents made anew. Throws where a region does not end. */
export function fillRegions(page: string, make: (region: Region) => string): string {
  const regions = regionsOf(page);
  if (page.split('<!-- generated: ').length - 1 !== regions.length) throw new Error(`a region has no ${END}`);
  let next = 0;
  return page.replace(REGION, (_, instruction: string) => {
    const contents = make(regions[next++] as Region).trimEnd();
    return `<!-- generated: ${instruction} -->\n\n${contents}\n\n${END}`;
  });
}

/** Every fenced piece of code of `language`, with the word behind the language. */
export function fencesOf(page: string, language: string): { readonly word: string; readonly code: string }[] {
  return [...page.matchAll(FENCE)]
    .filter((match) => match[1] === language)
    .map((match) => ({ word: match[2] ?? '', code: match[3] ?? '' }));
}

function lastFence(text: string): string {
  return fencesOf(text, 'ts').at(-1)?.code ?? '';
}

/** Fenced code. */
export function fence(language: string, code: string): string {
  return `\`\`\`${language}\n${code.trimEnd()}\n\`\`\``;
}

/** A table of Markdown; cells may hold anything but line breaks. */
export function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), `|${'---|'.repeat(head.length)}`, ...rows.map(line)].join('\n');
}
