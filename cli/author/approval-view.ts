/** What somebody approves, before their word counts: all that a version says, how it was checked, what becomes different. */
import { bundledChanges, type FieldChange } from '../../shared/authoring/carry.ts';
import { semanticDifference, type SemanticDifference } from '../../shared/authoring/revise.ts';
import { sectionsOf } from '../../shared/authoring/write.ts';
import { EXAMPLES_NOW } from '../../shared/authoring/verify.ts';
import { type Approval, APPROVERS_NEEDED, type PolicyVersion } from '../../shared/model/approval.ts';
import { shortHash } from '../../shared/pipeline/approval.ts';
import { type BundledPolicy, coreOf, type CompiledPolicy } from '../../shared/policy/bundle.ts';
import { toEnglish } from '../../shared/policy/to-english.ts';
import type { PolicySources } from '../../shared/policy/version.ts';
import { plain, style, wrap } from '../terminal.ts';
import { fieldLines } from './changes.ts';
import { recordLines } from './record.ts';
import { differenceLines, kindOf } from './words.ts';

export interface Viewed {
  readonly folder: string;
  readonly compiled: CompiledPolicy;
  readonly version: PolicyVersion;
  readonly sources: PolicySources;
  /** The request, where there is one. */
  readonly record: Approval | undefined;
  /** The policy of that id that is in force, and where. */
  readonly inForce: { readonly where: string; readonly policy: BundledPolicy | undefined };
}

interface Difference {
  readonly meaning: SemanticDifference;
  readonly fields: readonly FieldChange[];
}

/** What becomes different when this version is in force; undefined where there is none of that id, or it is this one. */
function differenceOf({ compiled, version, inForce: { policy: before } }: Viewed): Difference | undefined {
  if (before === undefined || before.version === version.hash) return undefined;
  const kind = kindOf(compiled.policy.kind);
  const meaning = semanticDifference(before.kind === kind.id ? coreOf(before) : undefined, compiled.core, kind, {
    render: () => [],
    now: EXAMPLES_NOW,
  });
  return { meaning, fields: bundledChanges(before, compiled.bundled) };
}

const textOf = (file: string | Uint8Array): string =>
  typeof file === 'string' ? file : new TextDecoder().decode(file);

/** The sentence: what intent.md says before its headings, without the title. */
const sentenceOf = (intent: string): string =>
  intent
    .slice(0, sectionsOf(intent) === '' ? undefined : intent.search(/^##/m))
    .replace(/^#.*\n/, '')
    .trim();

/** A native document that is stored with the policy. */
interface Example {
  readonly path: string;
  readonly verdict: string;
  readonly dialect: string;
  /** What its name says beyond the dialect. */
  readonly what: string;
}
const VERDICTS = ['violation', 'compliant', 'not_applicable', 'unknown'];

/** The documents, by dialect; what is no document of a verdict (exceptions.yaml) is none. */
function examplesIn({ examples }: PolicySources): readonly Example[] {
  return Object.keys(examples)
    .flatMap((path): readonly Example[] => {
      const [verdict = '', name] = path.split('/');
      if (name === undefined || !VERDICTS.includes(verdict)) return [];
      const stem = name.replace(/\.[a-z]+$/, '');
      const dialect = /^(?:terraform-[a-z]+|[a-z]+\.[a-z]+|[a-z]+)/.exec(stem)?.[0] ?? stem;
      return [
        { path: `examples/${path}`, verdict, dialect, what: stem.slice(dialect.length).replace(/^-/, '') || stem },
      ];
    })
    .toSorted((a, b) => inOrder.compare(`${a.dialect} ${a.path}`, `${b.dialect} ${b.path}`));
}
/** `judged-2` before `judged-10`. */
const inOrder = new Intl.Collator('en', { numeric: true });

/** One line of each dialect: how many documents get which verdict, and which those are. */
function exampleLines(sources: PolicySources): readonly string[] {
  const examples = examplesIn(sources);
  if (examples.length === 0) return ['There are none: nothing native shows what it says.'];
  const of = (some: readonly Example[]): string =>
    VERDICTS.flatMap((verdict) => {
      const own = some.filter((e) => e.verdict === verdict);
      const names = own.map((e) => plain(e.what, 80)).join(', ');
      return own.length === 0 ? [] : [`${own.length} ${verdict.replaceAll('_', ' ')} (${names})`];
    }).join('; ');
  return [...Map.groupBy(examples, (e) => e.dialect)].map(([dialect, own]) => `${plain(dialect, 80)}: ${of(own)}`);
}

const WIDTH = 100;

/** As lines of text. */
export function viewLines(viewed: Viewed): readonly string[] {
  const { compiled, version, sources, record, inForce, folder } = viewed;
  const { policy } = compiled;
  const paint = style(process.stdout);
  const english = toEnglish(policy, kindOf(policy.kind));
  const lines = [
    paint('bold', `${plain(policy.id)}  version ${shortHash(version.hash)}  ${policy.severity}`),
    plain(policy.title),
  ];
  const section = (title: string, texts: readonly string[]): void => {
    lines.push(paint('bold', title));
    for (const text of texts) for (const l of wrap(text, WIDTH)) lines.push(`  ${l}`);
  };
  const intent = textOf(sources.intent);
  section('The sentence', [plain(sentenceOf(intent), 4000).replaceAll(String.raw`\x0a`, ' ')]);
  section('Its clauses', [
    `It speaks of: ${kindOf(policy.kind).title}.`,
    ...(english.scope === undefined ? [] : [plain(english.scope, 4000)]),
    ...policy.require.map(
      ({ id, says }, i) =>
        `${i + 1}. ${id}: ${plain(english.clauses[id] ?? 'policy.rego alone says it: read that', 4000)} ← "${plain(says)}"`,
    ),
    ...english.params.map((text) => plain(text, 4000)),
  ]);
  section(`Examples, in ${folder}/examples/<verdict>`, exampleLines(sources));
  const needed = APPROVERS_NEEDED[version.evidence];
  section('Evidence', [
    version.evidence === 'proved'
      ? 'proved: its Rego is what the compiler writes for these clauses. It takes one person besides its author.'
      : `tested: no proof holds its Rego to these clauses. It takes ${needed} people besides its author.`,
  ]);
  section('How it was checked', recordLines(record?.authored));
  const difference = differenceOf(viewed);
  if (inForce.policy === undefined)
    section('What becomes different', [`Nothing of this id is in force in ${inForce.where}: it is new.`]);
  else if (difference === undefined)
    section('What becomes different', [`It is in force in ${inForce.where} as it is.`]);
  else {
    section(`What it says otherwise than in ${inForce.where}`, differenceLines([difference.meaning]));
    section('What it has otherwise', fieldLines(difference.fields));
  }
  if (record?.together !== undefined)
    section(
      'Approved together with, or not at all',
      record.together.map((s) => `${s.policy} (version ${shortHash(s.hash)})`),
    );
  return lines;
}

/** For a machine. */
export function viewJson(viewed: Viewed): object {
  const { compiled, version, sources, record, inForce } = viewed;
  const { policy } = compiled;
  const difference = differenceOf(viewed);
  return {
    policy: policy.id,
    version: version.hash,
    evidence: version.evidence,
    approversNeeded: APPROVERS_NEEDED[version.evidence],
    severity: policy.severity,
    title: policy.title,
    sentence: sentenceOf(textOf(sources.intent)),
    english: toEnglish(policy, kindOf(policy.kind)),
    params: policy.params ?? {},
    examples: examplesIn(sources).map(({ path, verdict, dialect }) => ({ path, verdict, dialect })),
    authored: record?.authored ?? null,
    together: record?.together ?? [],
    inForce: {
      where: inForce.where,
      version: inForce.policy?.version ?? null,
      difference: difference?.meaning ?? null,
      fields: difference?.fields ?? [],
    },
  };
}
