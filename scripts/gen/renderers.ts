/** docs/renderers.md: what the renderers can say in each dialect, and what not. */
import { type Expressible, expressibleOf } from '../../shared/authoring/renderers/expressible.ts';
import { kinds } from '../../shared/kinds/index.ts';
import type { Generator } from '../gen.ts';

const HEAD = `<!-- Written by \`npm run gen\`: change what it is made from, not this page. -->

# Renderers

Facts written as native documents: the inverse of the [mappings](catalogue/mappings.md). The tables are in
\`shared/authoring/renderers/\`; a document is given only if the mapping reads from it what was wanted. They make the
examples of \`edict policies complete\`, the documents that a person is shown while authoring, and the relation "the same
facts have the same verdict through every cloud".

Each value is tried by itself. ~~Struck out~~: the form cannot say it, because the provider has no such thing, because a
document of that form does not show it, or because nobody wrote it down yet. *Slanted*: only as what is assumed, which may
violate and never complies.
`;

const cell = (of: readonly Expressible[]): string =>
  of.map(({ value, is }) => (is === 'said' ? value : is === 'assumed' ? `*${value}*` : `~~${value}~~`)).join(', ');

export const renderers: Generator = {
  name: 'renderers',
  owns: ['docs/renderers.md'],
  files: () => {
    const blocks = kinds.map((kind) => {
      const all = expressibleOf(kind);
      const said = all.filter((e) => e.is === 'said').length;
      const forms = [...new Set(all.map((e) => e.form))];
      const facts = [...new Set(all.map((e) => e.fact))];
      const rows = facts.map((fact) => {
        const lines = forms.map(
          (form) => `| \`${form}\` | ${cell(all.filter((e) => e.form === form && e.fact === fact))} |`,
        );
        return `### \`${fact}\`\n\n| form | values |\n| --- | --- |\n${lines.join('\n')}`;
      });
      return `## ${kind.id}\n\n${said} of ${all.length} values can be said.\n\n${rows.join('\n\n')}`;
    });
    return { 'docs/renderers.md': `${HEAD}\n${blocks.join('\n\n')}\n` };
  },
};
