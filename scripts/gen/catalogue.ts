import { existsSync, globSync, readFileSync } from 'node:fs';
import { join, sep } from 'node:path';
import { parse } from 'yaml';
import { LONGEST_FILE_BYTES, openFile } from '../../cli/input/documents.ts';
import { contextFacts, kinds } from '../../shared/kinds/index.ts';
import type { Cloud } from '../../shared/model/cloud.ts';
import type { FactSpec, FactState, ScalarType } from '../../shared/model/fact.ts';
import { type Json, pointerSegments } from '../../shared/model/json.ts';
import type { Kind } from '../../shared/model/kind.ts';
import { DIALECTS, type Dialect, type NativeResource } from '../../shared/model/native.ts';
import { nativeTypes } from '../../shared/mappings/assemble.ts';
import { detectForm } from '../../shared/mappings/dialects/index.ts';
import { mapDocument } from '../../shared/mappings/document.ts';
import type { Mapping, Part } from '../../shared/mappings/mapping.ts';
import type { Reading } from '../../shared/mappings/reader.ts';
import { mappings } from '../../shared/mappings/registry.ts';
import { type CompiledPolicy, folderOf } from '../../shared/policy/bundle.ts';
import type { Generator } from '../gen.ts';
import { absentOf, pointersOf, readingsOf } from './observe-mapping.ts';
import { projectPolicies } from './policies.ts';

const FOLDER = 'docs/catalogue';
const HEAD = '<!-- Written by `npm run gen`: change what it is made from, not this page. -->\n';

// --- Markdown -------------------------------------------------------------------------------------------------------

const code = (text: string): string => `\`${text.replaceAll('`', "'").replaceAll('|', '\\|')}\``;
const cell = (text: string): string => text.replaceAll('\n', ' ');
const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((row) => `| ${row.map(cell).join(' | ')} |`).join('\n');
const page = (...blocks: readonly string[]): string => `${HEAD}\n${blocks.filter((b) => b !== '').join('\n\n')}\n`;
const anchor = (title: string): string =>
  title
    .toLowerCase()
    .replaceAll(/[^a-z0-9_ -]/g, '')
    .replaceAll(' ', '-');
const shortJson = (value: unknown, longest: number): string => {
  const text = JSON.stringify(value) ?? 'null';
  return text.length <= longest ? text : `${text.slice(0, longest)}…`;
};

// --- kinds ----------------------------------------------------------------------------------------------------------

function scalar(type: ScalarType): string {
  switch (type.type) {
    case 'enum':
      return type.values.map(code).join(', ');
    case 'int':
      return `integer${type.unit === undefined ? '' : ` (${type.unit})`}`;
    case 'bool':
      return '`true`, `false`';
    case 'range':
      return `range of ${type.min}–${type.max}`;
    case 'ip_range':
      return 'range of IP addresses';
    case 'timestamp':
      return 'instant (epoch seconds)';
    case 'string':
      return type.fold ? 'text, in lower case' : 'text';
  }
}

function typeOf({ shape, optional }: FactSpec): string {
  const none = optional ? ', or `none`' : '';
  if (shape.type !== 'list') return scalar(shape) + none;
  return (shape.of.type === 'record' ? 'list of records' : `list of ${scalar(shape.of)}`) + none;
}

function factRows(facts: { readonly [fact: string]: FactSpec }): readonly (readonly string[])[] {
  return Object.entries(facts).flatMap(([name, spec]) => {
    const { shape } = spec;
    const fields = shape.type === 'list' && shape.of.type === 'record' ? Object.entries(shape.of.fields) : [];
    return [
      [code(name), typeOf(spec), spec.says],
      ...fields.map(([field, f]) => [
        code(`${name}[].${field}`),
        (f.shape.type === 'list' ? `list of ${scalar(f.shape.of)}` : scalar(f.shape)) +
          (f.optional ? ', or `none`' : ''),
        f.says,
      ]),
    ];
  });
}

const kindsPage = (): string =>
  page(
    '# Kinds and their facts',
    'A kind is what a thing is in any cloud. A fact is one statement about it, and means the same in every cloud. A fact that could not be seen is unknown, which is never the same as "no".',
    ...kinds.map((kind) =>
      [
        `## ${kind.title} (${code(kind.id)})`,
        table(['fact', 'value', 'what it says'], factRows(kind.facts)),
        `Mapped from: ${mappings
          .filter((m) => m.kind === kind)
          .map((m) => `[${m.title}](mappings.md#${anchor(m.id)})`)
          .join(', ')}.`,
      ].join('\n\n'),
    ),
    '## Context',
    'Facts that a resource of every kind has.',
    table(['fact', 'value', 'what it says'], factRows(contextFacts)),
  );

// --- mappings -------------------------------------------------------------------------------------------------------

/** A reading of a part in a dialect, as one line says it. */
function absent(reading: Reading<unknown> | undefined): string {
  if (reading === undefined) return 'not stated';
  switch (reading.state) {
    case 'default':
      return `${code(shortJson(reading.value, 60))} ([documented](${reading.because}), read ${reading.on})`;
    case 'assumed':
      return `${code(shortJson(reading.value, 60))}, assumed: ${reading.because}`;
    case 'known':
      return typeof reading.value === 'object' && JSON.stringify(reading.value) !== '[]'
        ? ''
        : code(shortJson(reading.value, 60));
    case 'unknown':
      return `unknown${reading.detail === undefined ? '' : `: ${reading.detail}`}`;
  }
}

/** The rows of one reading: one for each part and dialect that carries it. */
function readingRows(mapping: Mapping, name: string, facts: readonly string[]): readonly (readonly string[])[] {
  return Object.entries(mapping.parts).flatMap(([part, { native, readings }]) => {
    const columns: Part['readings'][string] | undefined = readings[name];
    if (columns === undefined) return [];
    return DIALECTS.flatMap((dialect) => {
      const read = columns[dialect];
      const type = nativeTypes({ native, readings }, dialect)[0];
      if (read === undefined || type === undefined) return [];
      const pointers = pointersOf(mapping, dialect, type, read);
      const { live, created } = absentOf(mapping, dialect, type, read);
      return [
        [
          facts.map(code).join(' '),
          facts.includes(name) ? '' : code(name),
          part,
          code(dialect),
          pointers.length === 0
            ? ''
            : `${pointers.slice(0, 10).map(code).join(' ')}${pointers.length > 10 ? ' …' : ''}`,
          absent(dialect === 'terraform' || dialect === 'aws.cfn' ? created : live),
        ],
      ];
    });
  });
}

/** The rows of the readings of resources that this one depends on. */
function foreignRows(dependencies: readonly Mapping[], uses: ReadonlyMap<string, readonly string[]>) {
  return [...uses].flatMap(([name, facts]) => {
    if (!name.includes('.')) return [];
    const reading = name.slice(name.lastIndexOf('.') + 1);
    return dependencies
      .filter((other) => Object.values(other.parts).some((p) => p.readings[reading] !== undefined))
      .map((other) => [facts.map(code).join(' '), code(reading), '', '', `of [${other.id}](#${anchor(other.id)})`, '']);
  });
}

function mappingSection(mapping: Mapping): string {
  const types = Object.entries(mapping.parts).flatMap(([part, { native }]) =>
    DIALECTS.flatMap((dialect) => {
      const named = nativeTypes({ native, readings: {} }, dialect);
      return named.length === 0 ? [] : [[part, code(dialect), named.map(code).join(' ')]];
    }),
  );
  const dependencies = [...new Set(Object.values(mapping.dependsOn ?? {}).map((d) => d.mapping))].flatMap(
    (id) => mappings.find((m) => m.id === id) ?? [],
  );
  /** Reading -> the facts that are computed from it; those of a mapping without a kind are for others. */
  const uses = new Map<string, string[]>();
  for (const fact of Object.keys(mapping.facts)) {
    for (const name of readingsOf(mapping, fact)) uses.set(name, [...(uses.get(name) ?? []), fact]);
  }
  if (mapping.kind === null) {
    for (const part of Object.values(mapping.parts))
      for (const name of Object.keys(part.readings)) uses.set(name, [name]);
  }
  const rows = [
    ...[...uses].flatMap(([name, facts]) => (name.includes('.') ? [] : readingRows(mapping, name, facts))),
    ...unique(foreignRows(dependencies, uses)),
  ];
  const links = dependencies.map((m) => `[${m.id}](#${anchor(m.id)})`).join(', ');
  return [
    `## ${mapping.id}`,
    `${mapping.title}${mapping.kind === null ? ': other resources depend on it' : `. Kind: [${mapping.kind.id}](kinds.md)`}.${links === '' ? '' : ` Depends on ${links}.`}`,
    table(['part', 'dialect', 'native types'], types),
    rows.length === 0 ? '' : table(['facts', 'by way of', 'part', 'dialect', 'looks at', 'where absent'], rows),
  ]
    .filter((b) => b !== '')
    .join('\n\n');
}

const mappingsPage = (): string =>
  page(
    '# Mappings',
    'Which native property each fact is read from, in every form in which a provider states the resource, and what it means where none of the properties is set: in plans and templates for a resource that is created, else for a live one. "Not stated": another part may say it, else it is unknown.',
    ...mappings.map(mappingSection),
  );

// --- policies -------------------------------------------------------------------------------------------------------

interface Judged {
  readonly verdict: string;
  readonly dialect: Dialect;
  readonly cloud: Cloud;
  readonly natives: readonly NativeResource[];
  readonly facts: { readonly [fact: string]: FactState };
  readonly document: Json;
}

/** What a pointer stands for: the native type, the property within it, and its value. */
function property(judged: Judged, place: string): readonly [type: string, path: string, value: string] {
  const owner = [...judged.natives]
    .filter((n) => place === n.pointer || place.startsWith(`${n.pointer}/`) || n.pointer === '')
    .sort((a, b) => b.pointer.length - a.pointer.length)[0];
  let value: unknown = judged.document;
  for (const segment of pointerSegments(place)) {
    value = typeof value === 'object' && value !== null ? (value as { [key: string]: unknown })[segment] : undefined;
  }
  const path = owner === undefined ? place : place.slice(owner.pointer.length);
  return [owner?.type ?? '', path, value === undefined ? '' : code(shortJson(value, 90))];
}

function evidence(judged: Judged, kind: Kind, reads: readonly string[]): readonly (readonly string[])[] {
  return reads
    .filter((fact) => Object.hasOwn(kind.facts, fact))
    .flatMap((fact) => {
      const state = judged.facts[fact];
      if (state === undefined || state.state === 'unknown') return [];
      const [type, path, value] =
        state.at === undefined ? [judged.natives[0]?.type ?? '', '', ''] : property(judged, state.at);
      const why =
        state.state === 'default'
          ? `not set: [documented](${state.because})`
          : state.state === 'assumed'
            ? `assumed: ${state.because}`
            : '';
      return [
        [
          judged.cloud,
          code(judged.dialect),
          code(type),
          path === '' ? '' : code(path),
          [state.native === undefined ? value : code(state.native), why].filter((s) => s !== '').join('; '),
          `${code(fact)} is ${code(shortJson(state.value, 60))}`,
        ],
      ];
    });
}

/** The native examples of a policy, read and mapped; the resource of its kind is the one that is judged. */
async function examplesOf(root: string, policy: CompiledPolicy): Promise<readonly Judged[]> {
  const files = globSync(`policies/${folderOf(policy.policy.id)}/examples/*/*`, { cwd: root })
    .map((path) => path.split(sep).join('/'))
    .sort();
  const judged: Judged[] = [];
  for (const file of files) {
    const opened = await openFile({ path: join(root, file), named: true }, LONGEST_FILE_BYTES);
    for (const { value } of opened.is === 'documents' ? opened.documents : []) {
      const natives = detectForm(value)?.read(value, {}) ?? [];
      const resource = mapDocument(natives).resources.find((r) => r.kind.id === policy.policy.kind);
      const main = resource?.natives[0];
      if (resource === undefined || main === undefined) continue;
      judged.push({
        verdict: file.split('/').at(-2) ?? '',
        dialect: main.dialect,
        cloud: main.cloud,
        natives: [main, ...natives.filter((n) => n !== main)],
        facts: resource.facts,
        document: value,
      });
    }
  }
  return judged;
}

const unique = (rows: readonly (readonly string[])[]): readonly (readonly string[])[] => [
  ...new Map(
    [...rows].sort((a, b) => (a.join('|') < b.join('|') ? -1 : 1)).map((row) => [row.join('|'), row]),
  ).values(),
];

/** Live documents, by how they come: announced with the state inside, or asked for. */
const LIVE: readonly {
  readonly cloud: Cloud;
  readonly title: string;
  readonly event: readonly Dialect[];
  readonly readBack: readonly Dialect[];
}[] = [
  { cloud: 'aws', title: 'AWS', event: ['aws.config'], readBack: ['aws.api'] },
  { cloud: 'azure', title: 'Azure', event: ['azure.notification'], readBack: ['azure.arm'] },
  { cloud: 'gcp', title: 'Google Cloud', event: ['gcp.cai'], readBack: [] },
];

/** Why a policy has no example of some sort, as its `exceptions.yaml` says. */
function exceptionsOf(
  root: string,
  policyId: string,
): readonly { readonly cloud?: string; readonly because: string }[] {
  const path = join(root, 'policies', folderOf(policyId), 'examples', 'exceptions.yaml');
  const said = existsSync(path) ? (parse(readFileSync(path, 'utf8')) as { missing?: unknown } | null) : null;
  return Array.isArray(said?.missing) ? (said.missing as { cloud?: string; because: string }[]) : [];
}

/** Whether, and from which documents, a policy is decided in a cloud: by its examples that end in compliant or violation. */
function decidable(judged: readonly Judged[], live: (typeof LIVE)[number], never: string | undefined): string {
  const ways = ['compliant', 'violation'].flatMap((verdict) => {
    const smallest = (dialects: readonly Dialect[]): string | undefined => {
      const [found] = judged
        .filter((j) => j.verdict === verdict && j.natives.every((n) => dialects.includes(n.dialect)))
        .sort((x, y) => x.natives.length - y.natives.length);
      return found === undefined ? undefined : [...new Set(found.natives.map((n) => code(n.type)))].join(' + ');
    };
    const event = smallest(live.event);
    const either = event === undefined ? smallest([...live.event, ...live.readBack]) : undefined;
    return event !== undefined
      ? [{ verdict, how: `event: ${event}` }]
      : either !== undefined
        ? [{ verdict, how: `read-back: ${either}` }]
        : [];
  });
  const [first, second] = ways;
  if (first === undefined) return `never${never === undefined ? '' : `: ${never}`}`;
  if (second !== undefined && second.how === first.how) return first.how;
  return ways.map((w) => `${w.verdict} by ${w.how}`).join('; ');
}

async function policiesPage(root: string): Promise<string> {
  const compiled = projectPolicies(root);
  const judged = new Map<string, readonly Judged[]>();
  for (const policy of compiled) judged.set(policy.policy.id, await examplesOf(root, policy));
  const sections = compiled.map((policy) => {
    const { policy: source, bundled } = policy;
    const kind = kinds.find((k) => k.id === source.kind);
    const examples = judged.get(source.id) ?? [];
    const rows = (verdict: string): readonly (readonly string[])[] =>
      kind === undefined
        ? []
        : unique(examples.filter((j) => j.verdict === verdict).flatMap((j) => evidence(j, kind, bundled.reads)));
    const head = ['cloud', 'dialect', 'native type', 'property', 'value', 'so that'];
    const [passes, fails] = [rows('compliant'), rows('violation')];
    return [
      `## ${source.id}`,
      `**${source.title}.** Severity: ${source.severity}. Kind: [${source.kind}](kinds.md). [Intent](../../policies/${folderOf(source.id)}/intent.md), [policy](../../policies/${folderOf(source.id)}/policy.yaml), [Rego](../../policies/${folderOf(source.id)}/policy.rego).`,
      bundled.scope?.english ?? '',
      bundled.clauses.map((c) => `- ${c.english}`).join('\n'),
      passes.length === 0 ? '' : `What passes, by the examples:\n\n${table(head, passes)}`,
      fails.length === 0 ? '' : `What fails, by the examples:\n\n${table(head, fails)}`,
      `Frameworks: ${Object.entries(source.frameworks)
        .map(([name, controls]) => `${name} ${controls.join(', ')}`)
        .join('; ')}.`,
      `What to do: ${source.remediation.trim()}`,
    ]
      .filter((b) => b !== '')
      .join('\n\n');
  });
  return page(
    '# Policies',
    'Each policy judges every cloud. Which property and value pass is read off its native examples, by the very mappings that judge.',
    '## What it takes to decide',
    'For each verdict the fewest documents that an example needs: from events alone (AWS Config items, Azure Resource Notifications, Cloud Asset feeds have the state inside; several types are several events), by reading back, or never. Where a verdict is not named, no example of that cloud has it.',
    table(
      ['policy', ...LIVE.map((l) => l.title)],
      compiled.map((p) => [
        `[${p.policy.id}](#${anchor(p.policy.id)})`,
        ...LIVE.map((l) =>
          decidable(
            (judged.get(p.policy.id) ?? []).filter((j) => j.cloud === l.cloud),
            l,
            exceptionsOf(root, p.policy.id).find((e) => e.cloud === l.cloud)?.because,
          ),
        ),
      ]),
    ),
    ...sections,
  );
}

/** The catalogue for people: kinds with their facts, mappings with their tables, policies with what passes. */
export const catalogue: Generator = {
  name: 'catalogue',
  owns: [`${FOLDER}/*.md`],
  files: async (root) => ({
    [`${FOLDER}/kinds.md`]: kindsPage(),
    [`${FOLDER}/mappings.md`]: mappingsPage(),
    [`${FOLDER}/policies.md`]: await policiesPage(root),
  }),
};
