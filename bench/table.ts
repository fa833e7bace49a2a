/** Formats a Markdown table. Columns of numbers are aligned to the right. */
export function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = heads.map((head, column) => Math.max(head.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const isNumeric = heads.map((_, column) => rows.every((row) => /^[\d.,?]*$/.test(row[column] ?? '')));
  const line = (cells: readonly string[]) =>
    `| ${widths.map((width, column) => align(cells[column] ?? '', width, isNumeric[column] ?? false)).join(' | ')} |\n`;
  const rule = `|${widths.map((width, column) => '-'.repeat(width + 1) + (isNumeric[column] ? ':' : '-')).join('|')}|\n`;
  return line(heads) + rule + rows.map(line).join('');
}

function align(text: string, width: number, right: boolean): string {
  return right ? text.padStart(width) : text.padEnd(width);
}
