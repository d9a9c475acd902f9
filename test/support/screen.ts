/** What stands on a terminal after all that was written to it: lines, as far back as it scrolled. */

// oxlint-disable-next-line no-control-regex -- control sequences are what it reads
const SEQUENCE = /\u001b\[(\??)([\d;]*)([A-Za-z])|\u001b[()][A-Z0-9]|\u001b[=>78]/y;

/**
 * Plays what a program wrote: text, line ends, and the movements and erasures that prompts make (colours do nothing).
 * Throws at a movement that it does not know: a recording of it would be wrong.
 */
export function screenOf(written: string): readonly string[] {
  const lines: string[][] = [[]];
  let row = 0;
  let column = 0;
  const line = (): string[] => {
    while (lines.length <= row) lines.push([]);
    return lines[row] as string[]; // made just above
  };
  const put = (character: string): void => {
    const of = line();
    while (of.length < column) of.push(' ');
    of[column++] = character;
  };
  const control = (by: number, how: string): void => {
    if (how === 'A') row = Math.max(0, row - by);
    else if (how === 'B') row += by;
    else if (how === 'C') column += by;
    else if (how === 'D') column = Math.max(0, column - by);
    else if (how === 'E' || how === 'F') [row, column] = [Math.max(0, row + (how === 'E' ? by : -by)), 0];
    else if (how === 'G') column = by - 1;
    else throw new Error(`a movement that is not known: CSI ${by} ${how}`);
  };
  for (let i = 0; i < written.length; ) {
    SEQUENCE.lastIndex = i;
    const found = SEQUENCE.exec(written);
    if (found !== null) {
      i += found[0].length;
      const [, isPrivate, parameters = '', how = 'm'] = found;
      if (how === 'm' || isPrivate === '?') continue;
      if (how === 'J' || how === 'K') {
        if (!['', '0'].includes(parameters) && !(how === 'K' && parameters === '2'))
          throw new Error(`an erasure that is not known: CSI ${parameters} ${how}`);
        line().splice(parameters === '2' ? 0 : column);
        if (how === 'J') lines.splice(row + 1);
      } else control(Number(parameters === '' ? '1' : parameters), how);
      continue;
    }
    const character = String.fromCodePoint(written.codePointAt(i) ?? 0);
    i += character.length;
    if (character === '\r') column = 0;
    else if (character === '\n') row++;
    else if (character === '\b') column = Math.max(0, column - 1);
    else if (character >= ' ') put(character);
  }
  return lines.map((of) =>
    of
      .map((c) => c ?? ' ')
      .join('')
      .trimEnd(),
  );
}
