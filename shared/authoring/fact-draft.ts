/**
 * What a refusal says is missing, as the start of an engineer's work: the declaration and every mapping that would have to
 * say where the fact is read, in the steps of docs/adding-a-kind.md. Nothing of it is known to be right, and nothing judges
 * by it: the names and the meaning are what the models answered, and where a provider says it is left open.
 */
import { mappings as registered } from '../mappings/registry.ts';
import type { Mapping } from '../mappings/mapping.ts';
import type { Kind } from '../model/kind.ts';
import type { Refusal } from './intent.ts';

type Missing = NonNullable<Refusal['missing']>[number];

/** Names as facts and kinds have them: what else a model answers is no name. */
const nameOf = (text: string, joint: string, otherwise: string): string =>
  (text.toLowerCase().match(/[a-z0-9]+/g) ?? [])
    .join(joint)
    .slice(0, 60)
    .replace(/^(?=\d)/, otherwise) || otherwise;
/** A literal of TypeScript: whatever the text says, it is text. */
const literal = (text: string): string => `'${text.replaceAll(/[\\']/g, '\\$&').replaceAll(/[\p{Cc}\p{Cf}`]/gu, ' ')}'`;
const cell = (text: string): string => text.replaceAll(/[|`\p{Cc}]/gu, ' ');

/** Markdown for an engineer: one section for each missing fact. `sentence` is what was refused. */
export function factDraft(
  missing: readonly Missing[],
  sentence: string,
  kinds: readonly Kind[],
  mappings: readonly Mapping[] = registered,
): string {
  const sections = missing.map((m) => sectionOf(m, kinds, mappings));
  return `${[
    '# Draft: what a sentence lacks',
    `**Unchecked.** A language model finds that no fact says what the sentence below asks for. The kind, the name and the meaning are its words; nobody has looked at them, and nothing judges by them. Everything that says TODO is for an engineer, from the provider's documentation: docs/adding-a-kind.md.`,
    `> ${cell(sentence.trim().replaceAll(/\s+/g, ' '))}`,
    ...sections,
  ].join('\n\n')}\n`;
}

function sectionOf(
  { kind: named, fact: called, says }: Missing,
  kinds: readonly Kind[],
  all: readonly Mapping[],
): string {
  const fact = nameOf(called, '_', 'fact_');
  const kind = kinds.find((k) => k.id === named);
  const id = kind?.id ?? nameOf(named, '_', 'kind_');
  const file = `shared/kinds/${id.replaceAll('_', '-')}.ts`;
  const declaration = `    // TODO the shape: bool, oneOf([…]), int, string, timestamp, listOf({…}); optional where "none" is a value
    ${fact}: bool(${literal(says.trim())}),`;
  const isThere = kind !== undefined && Object.hasOwn(kind.facts, fact);
  return [
    `## \`${id}.${fact}\``,
    ...(isThere
      ? [`There is a fact of this name already: TODO say what it lacks, or name the new one otherwise.`]
      : []),
    `### 1. Declare it in \`${file}\``,
    kind === undefined
      ? `There is no kind \`${id}\`: TODO is it one, or a fact of one of ${kinds.map((k) => `\`${k.id}\``).join(', ')}?\n\n\`\`\`ts\nexport const ${camel(id)} = defineKind('${id}', {\n  title: 'TODO',\n  facts: {\n${declaration}\n  },\n});\n\`\`\``
      : `\`\`\`ts\n${declaration}\n\`\`\``,
    [
      '- [ ] TODO It says what is true of the world, not what a provider calls its switch, and means the same in every cloud.',
      ...(kind === undefined
        ? []
        : [
            `- [ ] TODO It is independent of ${Object.keys(kind.facts)
              .map((f) => `\`${f}\``)
              .join(', ')}.`,
          ]),
    ].join('\n'),
    '### 2. Say in every mapping where it is read',
    placesOf(kind, all),
    '### 3. Prove it',
    '`npm run gen`, then `npm run check`; then author the sentence again.',
  ].join('\n\n');
}

/** The mappings of the kind, each with the native types that it reads; all else is open. */
function placesOf(kind: Kind | undefined, all: readonly Mapping[]): string {
  const own = kind === undefined ? [] : all.filter((m) => m.kind?.id === kind.id);
  const rows = own.flatMap((m) => {
    const types = Object.values(m.parts).flatMap((part) => Object.values(part.native).flat());
    return [
      `| ${m.cloud} | \`shared/mappings/${m.id}.ts\` | ${[...new Set(types)].map((t) => `\`${t}\``).join(', ')} | TODO | TODO | TODO |`,
    ];
  });
  return [
    '| cloud | mapping | native types | property | absent means | documentation, and when it was read |',
    '| --- | --- | --- | --- | --- | --- |',
    ...(rows.length > 0 ? rows : ['| TODO | TODO docs/adding-a-dialect.md | TODO | TODO | TODO | TODO |']),
  ].join('\n');
}

const camel = (id: string): string => id.replaceAll(/_([a-z0-9])/g, (_, c: string) => c.toUpperCase());
