/** What authoring has to say to a person, as lines of text: the same on a terminal, in a pipe and in docs. */
import type { BlastRadius, Newly } from '../../shared/authoring/blast-radius.ts';
import type { AuthoredPolicy, Check, Draft, LeftOut, Refusal, ShownResource } from '../../shared/authoring/intent.ts';
import type { SemanticDifference } from '../../shared/authoring/revise.ts';
import { kinds } from '../../shared/kinds/index.ts';
import { AppError } from '../../shared/model/errors.ts';
import type { Kind } from '../../shared/model/kind.ts';
import type { Policy } from '../../shared/model/policy.ts';
import { toEnglish } from '../../shared/policy/to-english.ts';
import type { ModelCall } from '../../shared/ports/language-model.ts';
import { count, plain, style } from '../terminal.ts';
import { gateText } from './gate-words.ts';
import type { Relative } from './review.ts';

const paint = style(process.stdout);
const dim = (text: string): string => paint('dim', text);

/** The kind of a policy. */
export function kindOf(id: string): Kind {
  const kind = kinds.find((k) => k.id === id);
  if (kind === undefined) throw new AppError('INVARIANT_BROKEN', `no kind ${id}`);
  return kind;
}

/** What was understood: numbered clauses in generated English beside the words that they formalise. */
export function understoodLines(drafts: readonly Draft[], leftOut: readonly LeftOut[]): readonly string[] {
  const lines: string[] = [];
  let n = 0;
  const several = drafts.length > 1;
  for (const { policy, covers } of drafts) {
    const english = toEnglish(policy, kindOf(policy.kind));
    const wordsOf = (by: string): string => {
      const words = covers.filter((c) => c.by === by).map((c) => `"${plain(c.words.trim())}"`);
      return words.length === 0 ? '' : dim(`      ← ${words.join(', ')}`);
    };
    const add = (text: string, by: string): void => {
      lines.push(`${String(++n).padStart(2)}. ${plain(text, 2000)}`);
      if (wordsOf(by) !== '') lines.push(wordsOf(by));
    };
    if (several) lines.push(paint('bold', kindOf(policy.kind).title));
    lines.push(`    ${dim('speaks of')} ${kindOf(policy.kind).title}${several ? '' : ` (${policy.kind})`}`);
    if (wordsOf('kind') !== '') lines.push(wordsOf('kind'));
    if (english.scope !== undefined) add(english.scope, 'scope');
    for (const [id, text] of Object.entries(english.clauses)) add(text, id);
    for (const text of english.params) lines.push(`    ${plain(text, 2000)}`);
    for (const name of Object.keys(policy.params ?? {})) if (wordsOf(name) !== '') lines.push(wordsOf(name));
  }
  const uncovered = [...new Set(drafts.flatMap((d) => d.uncovered))];
  if (uncovered.length > 0)
    lines.push(paint('yellow', `No clause formalises: ${uncovered.map((w) => `"${plain(w)}"`).join(', ')}`));
  for (const { kind, because } of leftOut) lines.push(dim(`Left out: ${kind} (${plain(because)})`));
  return lines;
}

/** Where a resource is one of the inventory: which. */
export const realLines = ({ real, id }: Pick<ShownResource, 'real' | 'id'>): readonly string[] =>
  real === true ? [`There is such a one, in your inventory: ${plain(id, 300)}.`] : [];

/** A native document as a person can read it, cut. */
export function documentLines(document: unknown, most = 40): readonly string[] {
  const text = typeof document === 'string' ? document : JSON.stringify(document, undefined, 2);
  const lines = text.trimEnd().split('\n');
  const shown = lines.slice(0, most).map((line) => plain(line, 160));
  return lines.length > most ? [...shown, dim(`… ${count(lines.length - most, 'more line')}`)] : shown;
}

const VERDICT_COLOURS = { compliant: 'green', violation: 'red', unknown: 'yellow' } as const;
const verdictText = (verdict: string): string => {
  const colour = VERDICT_COLOURS[verdict as keyof typeof VERDICT_COLOURS];
  const padded = verdict.replaceAll('_', ' ').padEnd(14);
  return colour === undefined ? dim(padded) : paint(colour, padded);
};

const OF_RELATIONS = /^(its relation to|whatever violates|it means the same as) /;

/** The gates: all passed in one line, those that stop in one line each. */
export function gateLines({ verification: v }: AuthoredPolicy): readonly string[] {
  const seconds = (v.gates.reduce((sum, g) => sum + g.ms, 0) / 1000).toFixed(1);
  const stopped = v.gates.filter((g) => !g.passed);
  const head = v.accepted
    ? paint('green', `All ${v.gates.length} gates passed`)
    : paint('red', `${stopped.length} of ${v.gates.length} gates ${stopped.length === 1 ? 'stops' : 'stop'} it`);
  return [
    `${head}; evidence: ${v.evidence} (${seconds} s)`,
    ...stopped.map((g) => `  ${g.name}: ${plain(gateText(g), 600)}`),
    // How it stands to other policies is told by itself (`relationLines`).
    ...v.warnings.filter((w) => !OF_RELATIONS.test(w)).map((w) => dim(`  warning: ${plain(w, 400)}`)),
  ];
}

/** Checks that found something. */
export const checkLines = (checks: readonly Check[]): readonly string[] =>
  checks.map((c) => `${c.passed ? paint('green', '✓') : paint('yellow', '!')} ${c.name}: ${plain(c.says, 600)}`);

/** Why it matters that a check is open: for whoever goes on all the same. */
const CHECK_MATTERS: { readonly [name in Check['name']]: string } = {
  agreement: 'two formalisations of the sentence are not known to mean the same',
  coverage: 'what no clause formalises is not judged: the policy may ask for less than the sentence does',
  literals: 'a number or a name of the policy is not one of the sentence',
  paraphrases: 'said in other words the sentence may mean something else: what is drafted may hang on its wording',
  deletions: 'words without which the draft stays the same are not where it comes from: it may be a guess',
  judging: 'what the policy says of some resources is not what a person has said of them blind',
  carried: 'the version before says it, and the changed sentence does not: nobody has said that it still holds',
  stored: 'what you have answered binds the draft, and no example shows it to whoever approves',
  examples: 'a misreading that no stored document tells is seen by nobody who looks at the examples',
};

/** The checks that are open, each with why it matters. */
export const openLines = (open: readonly Check[]): readonly string[] =>
  open.flatMap((c) => [...checkLines([c]), dim(`  ${CHECK_MATTERS[c.name]}`)]);

const RELATION_WORDS = {
  duplicate: 'means the same as',
  covers: 'covers, so makes superfluous,',
  covered: 'is covered by',
  conflict: 'contradicts',
} as const;

/** How it stands to the active policies. */
export function relationLines(relatives: readonly Relative[]): readonly string[] {
  if (relatives.length === 0) return ['It neither repeats nor contradicts an active policy.'];
  const open = Map.groupBy(
    relatives.filter((r) => r.is === 'undecided'),
    (r) => r.on,
  );
  const undecided = [...open].map(([why, of]) =>
    paint(
      'yellow',
      `Whether it repeats or contradicts ${of.map((r) => r.policy).join(', ')} could not be decided: ${why}`,
    ),
  );
  const decided = relatives.flatMap(({ is, policy, says }) =>
    is === 'undecided'
      ? []
      : paint(is === 'conflict' ? 'red' : 'yellow', `It ${RELATION_WORDS[is]} ${policy}`) +
        (says === undefined ? '' : `, of ${plain(says, 300)}`),
  );
  return [...decided, ...undecided];
}

const newlyText = ({ violation, compliant, unknown }: Newly): string =>
  `${violation} newly violating, ${compliant} newly compliant, ${unknown} newly unknown`;

/** What it would change of the resources that are there. */
export function blastLines(radius: BlastRadius | undefined, where: string): readonly string[] {
  if (radius === undefined) return [`${where} (--inventory <files>, or a stack that runs)`];
  const lines = [
    `Of ${count(radius.judged, 'resource')} in ${where}: ${newlyText(radius.newly)}`,
    ...(radius.relieved > 0
      ? [`${count(radius.relieved, 'resource')} ${radius.relieved === 1 ? 'violates' : 'violate'} it no more`]
      : []),
  ];
  const compliant = { clause: 'newly compliant', count: radius.newly.compliant, exemplars: radius.compliant };
  for (const { clause, count: n, exemplars } of [...radius.clauses, compliant]) {
    if (n === 0) continue;
    lines.push(`  ${clause}: ${n}`);
    for (const e of exemplars)
      lines.push(dim(`    ${plain(e.id, 72)}  ${e.cloud} ${plain(e.account, 40)} ${plain(e.owner ?? '(nobody)', 40)}`));
    if (n > exemplars.length) lines.push(dim(`    … ${n - exemplars.length} more`));
  }
  for (const [key, rows] of Object.entries(radius.by)) {
    if (rows.length === 0) continue;
    lines.push(
      `  by ${key} (newly violating/compliant/unknown): ${rows.map((r) => `${plain(r.is, 40)} ${r.violation}/${r.compliant}/${r.unknown}`).join(', ')}`,
    );
  }
  return lines;
}

/** What a changed sentence means otherwise. */
export function differenceLines(differences: readonly SemanticDifference[]): readonly string[] {
  const lines: string[] = [];
  for (const { kind, changes, undecided } of differences) {
    if (undecided !== undefined) lines.push(`${kind}: not decided: ${undecided}`);
    else if (changes.length === 0) lines.push(`${kind}: both versions mean the same`);
    for (const { from, to, resource } of changes)
      lines.push(`${from.replaceAll('_', ' ')} → ${verdictText(to).trimEnd()}  ${plain(resource.says, 400)}`);
  }
  return lines;
}

/** A refusal, with everything that helps. */
export function refusalLines({ code, why, missing, readings, drafts }: Refusal): readonly string[] {
  const lines = [`${paint('red', 'Refused')} (${code.replaceAll('_', ' ')}): ${plain(why, 2000)}`];
  for (const m of missing ?? [])
    lines.push(`  missing: ${plain(m.kind, 60)}.${plain(m.fact, 60)}: ${plain(m.says, 300)}`);
  if ((missing ?? []).length > 0)
    lines.push('  An engineer can add a fact to a kind: docs/adding-a-kind.md. Nothing near to it is taken instead.');
  for (const { policy } of drafts ?? []) for (const line of ruledClauses(policy)) lines.push(`  ${line}`);
  if ((drafts ?? []).length > 0)
    lines.push('  With --allow-rego two models write it, tested and never proved; by hand: docs/adding-a-policy.md.');
  for (const [i, reading] of (readings ?? []).entries()) lines.push(`  reading ${i + 1}: ${plain(reading, 1000)}`);
  return lines;
}

const ruledClauses = ({ require, kind }: Policy): readonly string[] =>
  require.flatMap(({ id, says, that }) =>
    'rego' in that
      ? [`Only Rego can say ${plain(id, 60)} of ${kind} ("${plain(says, 200)}"), from ${that.rego.join(', ')}`]
      : [],
  );

/** What the clauses cannot say, and what comes of going on. */
export const ruledLines = ({ why, drafts }: Refusal): readonly string[] => [
  plain(why, 2000),
  ...(drafts ?? []).flatMap(({ policy }) => ruledClauses(policy)),
  'Rego of a model is tested by all gates, and proved by none. You judge resources before there is any; two models write it; two people besides you approve it; and nothing activates it by itself.',
];

/** What was spent. */
export function spentText(calls: readonly ModelCall[]): string {
  if (calls.length === 0) return 'No model was asked.';
  const tokens = calls.reduce((n, c) => n + c.usage.inputTokens + c.usage.outputTokens, 0);
  const unknown = calls.some((c) => c.usage.cost === null);
  const cost = calls.reduce((n, c) => n + (c.usage.cost ?? 0), 0);
  return `${count(calls.length, 'call')} of models, ${count(tokens, 'token')}, ${unknown ? 'of a cost that is not known' : `$${cost.toFixed(4)}`}`;
}
