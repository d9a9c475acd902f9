/**
 * Planted bugs in Rego: the text of a policy with one thing wrong, as a person or a model gets it wrong. For Rego that its
 * author has written; what the compiler writes is a function of the clauses, and is misread with them (`mutate.ts`).
 */

export interface RegoMutant {
  /** Counted from 1. */
  readonly line: number;
  readonly what: string;
  readonly rego: string;
}

/** What may go wrong in one line; the line must match, or the mutation is not made. */
const MUTATIONS: readonly { readonly what: string; readonly of: RegExp; readonly into: (line: string) => string }[] = [
  {
    what: 'a bound one higher',
    of: /(?<![\w".])\d+(?![\w".])/,
    into: (l) => l.replace(/(?<![\w".])\d+(?![\w".])(?!.*(?<![\w".])\d+(?![\w".]))/, (n) => String(Number(n) + 1)),
  },
  {
    what: 'a bound one lower',
    of: /(?<![\w".])\d+(?![\w".])/,
    into: (l) => l.replace(/(?<![\w".])\d+(?![\w".])/, (n) => String(Number(n) - 1)),
  },
  { what: 'a strict bound', of: / >= /, into: (l) => l.replace(' >= ', ' > ') },
  { what: 'a strict bound', of: / <= /, into: (l) => l.replace(' <= ', ' < ') },
  { what: 'a loose bound', of: / > /, into: (l) => l.replace(' > ', ' >= ') },
  { what: 'a loose bound', of: / < /, into: (l) => l.replace(' < ', ' <= ') },
  {
    what: 'the other truth',
    of: / == (true|false)/,
    into: (l) => (l.includes('== true') ? l.replace('== true', '== false') : l.replace('== false', '== true')),
  },
  { what: 'a negation lost', of: /^\t+not /, into: (l) => l.replace('not ', '') },
  { what: 'equal for unequal', of: / != /, into: (l) => l.replace(' != ', ' == ') },
  { what: 'a value lost', of: /in \{[^}]*, "[^"]*"\}/, into: (l) => l.replace(/, "[^"]*"\}/, '}') },
  { what: 'none lost', of: /, \{"none": true\}\}/, into: (l) => l.replace(', {"none": true}}', '}') },
  {
    what: 'the third item dropped',
    of: /every item in input\.facts\.\w+ \{/,
    into: (l) => l.replace(/in (input\.facts\.\w+) \{/, 'in array.slice($1, 0, 2) {'),
  },
  {
    what: 'the third item dropped',
    of: /some (i, )?item in input\.facts\.\w+$/,
    into: (l) => l.replace(/in (input\.facts\.\w+)$/, 'in array.slice($1, 0, 2)'),
  },
  { what: 'touching for within', of: /is_within/, into: (l) => l.replace('is_within', 'is_touching') },
  { what: 'within for touching', of: /is_touching/, into: (l) => l.replace('is_touching', 'is_within') },
  {
    what: 'a list as a set',
    of: /count\(\[.*?\]\)/,
    into: (l) => l.replace(/count\(\[(.*?)\]\)/, 'count({$1})'),
  },
  {
    what: 'another value',
    of: /(?:== |in \{)"[^"]*"/,
    into: (l) => l.replace(/(== |in \{)"[^"]*"/, '$1"\u{1F512} other"'),
  },
  { what: 'a rule lost', of: /^(holds|fails) contains .* if [^{]*$/, into: () => '' },
  { what: 'a condition lost', of: /^\t+(?!some |every |\}|is_\w+\(|values\.is_)[^\n]*[^{[,]$/, into: () => '' },
  {
    what: 'a guard forgotten',
    of: /^\t+(is_\w+|values\.is_(integer|range|ip_range|instant))\(.*\)$|^\t"\w+" in input\.closed$/,
    into: () => '',
  },
];

/** Every text that differs from this one by one mutation of one line. Not each of them compiles. */
export function regoMutantsOf(rego: string): readonly RegoMutant[] {
  const lines = rego.split('\n');
  return lines.flatMap((text, line) =>
    text.trim().startsWith('#') || text.startsWith('package')
      ? []
      : MUTATIONS.filter(({ of }) => of.test(text)).flatMap(({ what, into }) => {
          const changed = into(text);
          return changed === text
            ? []
            : [
                {
                  line: line + 1,
                  what,
                  rego: lines
                    .with(line, changed)
                    .filter((l, i) => i !== line || l !== '')
                    .join('\n'),
                },
              ];
        }),
  );
}
