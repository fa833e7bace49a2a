/** The exits of the first processor in the text of tsvm-stat, by name. Accesses and events follow there in lists of their own. */
export function exitCounts(serial: string): Map<string, number> {
  const [, exits = ''] = /^exits of processor 0:\r?\n((?: +\d+ {2}.*\n)*)/m.exec(serial) ?? [];
  const lines = [...exits.matchAll(/^ +(\d+) {2}(\S+) /gm)];
  return new Map(lines.map(([, count, reason = '']) => [reason, Number(count)]));
}
