/** Whether what was authored means what the sentence means: decided exactly where there is a meaning, else by what was judged. */
import { comparePolicies, resourceWhere } from '../../shared/authoring/compare.ts';
import { judgeByMeaning } from '../../shared/authoring/verify.ts';
import { kinds as allKinds } from '../../shared/kinds/index.ts';
import { DEFAULT_CONTEXT } from '../../shared/mappings/context.ts';
import { AppError } from '../../shared/model/errors.ts';
import { canonicalJson } from '../../shared/model/json.ts';
import type { FactStates, FactValue } from '../../shared/model/fact.ts';
import type { Kind } from '../../shared/model/kind.ts';
import type { Verdict } from '../../shared/model/verdict.ts';
import { type CorePolicy, factsOf } from '../../shared/policy/core.ts';
import { meaningOf, type PolicyInput } from '../../shared/policy/meaning.ts';
import { compileValidator } from '../../shared/policy/schema.ts';
import { LONGEST_FILE_BYTES } from '../../cli/input/documents.ts';
import { Inputs } from '../../cli/input/sets.ts';
import type { EvalIntent, JudgedFacts, JudgedVerdict } from './corpus.ts';

/**
 * How a policy is wrong. `false_pass`: something that violates the sentence is let through; `false_fail`: something that
 * does not is called a violation; `other`: only what is not applicable, or unknown, differs. `undecided`: the two were too
 * large to be compared, and nothing that was judged tells them apart: not proven right is not right.
 */
export const WRONGS = ['false_pass', 'false_fail', 'other', 'undecided'] as const;
export type Wrong = (typeof WRONGS)[number];

export interface WrongPolicy {
  readonly kind: string;
  readonly wrong: readonly Wrong[];
  /** A resource on which they differ, as text, with what each says. */
  readonly on: string;
}

/** A resource that gold speaks of, and the verdicts that are right of it. */
export interface JudgedResource {
  readonly name: string;
  readonly kind: string;
  readonly facts: FactStates;
  readonly verdicts: readonly JudgedVerdict[];
  /** The other resources of its document, where gold judges the document: the verdict is of all of them together. */
  readonly others?: readonly Pick<JudgedResource, 'kind' | 'facts'>[];
}

/** What several policies of one kind say together: the worst that one of them says. */
export function together(verdicts: readonly Verdict[]): Verdict {
  for (const v of ['error', 'violation', 'unknown', 'compliant'] as const) if (verdicts.includes(v)) return v;
  return 'not_applicable';
}

/** Policies of one scope are one policy with all their clauses; the others stay apart. */
function merged(policies: readonly CorePolicy[]): readonly CorePolicy[] {
  const byScope = new Map<string, CorePolicy>();
  for (const p of policies) {
    const key = JSON.stringify(p.scope ?? null);
    const before = byScope.get(key)?.clauses ?? [];
    const clauses = [...before, ...p.clauses.map((c, i) => ({ ...c, id: `c${before.length + i + 1}` }))];
    byScope.set(key, { ...p, clauses });
  }
  return [...byScope.values()];
}

const shown = ({ facts, closed }: PolicyInput, verdicts: readonly Verdict[]): string => {
  const open = Object.keys(facts).filter((f) => Array.isArray(facts[f]) && !closed.includes(f));
  return `${JSON.stringify(facts)}${open.length === 0 ? '' : ` and perhaps more of ${open.join(', ')}`}: gold ${verdicts[0]}, authored ${verdicts[1]}`;
};

/** Where the policies of one kind differ from gold; undefined: they do not. */
function differenceOfKind(
  kind: string,
  gold: readonly CorePolicy[],
  authored: readonly CorePolicy[],
): WrongPolicy | undefined {
  const [g, a] = [merged(gold), merged(authored)];
  const wrong: Wrong[] = [];
  let on: string | undefined;
  const both = [...g, ...a];
  const sides = (vs: readonly Verdict[]): readonly [Verdict, Verdict] => [
    together(vs.slice(0, g.length)),
    together(vs.slice(g.length)),
  ];
  let undecided: string | undefined;
  for (const [sort, accept] of [
    ['false_pass', (x: Verdict, y: Verdict) => x === 'violation' && y !== 'violation'],
    ['false_fail', (x: Verdict, y: Verdict) => x !== 'violation' && y === 'violation'],
    ['other', (x: Verdict, y: Verdict) => x !== y],
  ] as const) {
    if (sort === 'other' && wrong.length > 0) break;
    const found = resourceWhere(both, (vs) => accept(...sides(vs)));
    if (found === undefined) continue;
    if ('why' in found) {
      undecided = found.why;
      continue;
    }
    wrong.push(sort);
    on ??= shown(found, sides(both.map((p) => meaningOf(p, found).verdict)));
  }
  if (wrong.length > 0) return { kind, wrong, on: on ?? '' };
  // Of what is wholly known they say the same. Of what is not: one to one, decided exactly.
  const left = [...a];
  for (const one of g) {
    const comparisons = left.map((other) => comparePolicies(one, other));
    const same = comparisons.findIndex((c) => c.is === 'equivalent');
    if (same >= 0) {
      left.splice(same, 1);
      continue;
    }
    const [first] = comparisons;
    if (first?.is === 'different') return { kind, wrong: ['other'], on: shown(first.on.input, first.on.verdicts) };
    undecided ??= first?.is === 'undecided' ? first.why : 'the policies do not pair off';
  }
  if (left.length === 0 && undecided === undefined) return undefined;
  return { kind, wrong: ['undecided'], on: undecided ?? 'the policies do not pair off' };
}

/** Everything in which authored policies differ from a meaning; empty: they are equal to it, over the exact domain. */
export function differencesFrom(gold: readonly CorePolicy[], authored: readonly CorePolicy[]): readonly WrongPolicy[] {
  const ofKind = (all: readonly CorePolicy[], kind: string) => all.filter((p) => p.kind === kind);
  const kinds = [...new Set([...gold, ...authored].map((p) => p.kind))].sort();
  return kinds.flatMap((kind) => differenceOfKind(kind, ofKind(gold, kind), ofKind(authored, kind)) ?? []);
}

/** What policies say of a resource by its facts; of a kind that none of them speaks of: not applicable. */
export function verdictOf(policies: readonly CorePolicy[], kindId: string, facts: FactStates, now: number): Verdict {
  const kind = kindOf(kindId);
  return together(policies.filter((p) => p.kind === kindId).map((p) => judgeByMeaning(p, kind, facts, now)));
}

function kindOf(id: string, at = ''): Kind {
  const kind = allKinds.find((k) => k.id === id);
  if (kind === undefined)
    throw new AppError('INPUT_INVALID', `${at}no kind ${id}; there are ${allKinds.map((k) => k.id).join(', ')}`);
  return kind;
}

/** The judged resources on which authored policies say something that is not right. */
export function misjudgedBy(
  authored: readonly CorePolicy[],
  judged: readonly JudgedResource[],
  now: number,
): readonly WrongPolicy[] {
  return judged.flatMap(({ name, kind, facts, verdicts, others = [] }): readonly WrongPolicy[] => {
    const is = together([{ kind, facts }, ...others].map((r) => verdictOf(authored, r.kind, r.facts, now)));
    if ((verdicts as readonly Verdict[]).includes(is)) return [];
    const wrong: Wrong = is === 'violation' ? 'false_fail' : verdicts[0] === 'violation' ? 'false_pass' : 'other';
    return [{ kind, wrong: [wrong], on: `${name}: gold ${verdicts.join(' or ')}, authored ${is}` }];
  });
}

/** Facts as states: what is listed is known, the rest is not there. */
export function statesOf({ facts, open }: Pick<JudgedFacts, 'facts' | 'open'>): FactStates {
  return Object.fromEntries(
    Object.entries(facts).map(([name, value]) => [
      name,
      {
        state: 'known' as const,
        value: value as FactValue,
        at: '',
        ...(Array.isArray(value) ? { closed: !open.includes(name) } : {}),
      },
    ]),
  );
}

/** A fact that is misspelt would be one that is unknown, and gold would say of the wrong resource what it says. */
function refuseStrangers({ facts, open }: Pick<JudgedFacts, 'facts' | 'open'>, at: string, kind: Kind): void {
  const states = statesOf({ facts, open });
  const { undeclared, invalid } = compileValidator(kind)(states);
  const [stranger] = undeclared;
  if (stranger !== undefined)
    throw new AppError(
      'INPUT_INVALID',
      `${at}: ${kind.id} has no fact ${stranger}; it has ${Object.keys(factsOf(kind)).join(', ')}`,
    );
  const [[fact, problem] = []] = invalid;
  if (fact !== undefined)
    throw new AppError('INPUT_INVALID', `${at}: ${fact} is ${problem}: ${JSON.stringify(facts[fact])}`);
  const shut = open.find((name) => !Array.isArray(facts[name]));
  if (shut !== undefined) throw new AppError('INPUT_INVALID', `${at}: ${shut} is open and no list in facts`);
}

/** The resources that gold judges: by their facts, and in native documents, read and mapped as `edict check` does. Throws `INPUT_INVALID`. */
export async function judgedOf({ id, gold }: EvalIntent): Promise<readonly JudgedResource[]> {
  const judged: JudgedResource[] = gold.resources.map(({ kind, facts, open, verdicts }, i) => {
    const name = `resource ${i + 1}`;
    refuseStrangers({ facts, open }, `${id}: ${name}`, kindOf(kind, `${id}: ${name}: `));
    return { name, kind, facts: statesOf({ facts, open }), verdicts };
  });
  for (const { path, resource, verdicts } of gold.documents) {
    const inputs = new Inputs({ context: DEFAULT_CONTEXT, read: {}, maxBytes: LONGEST_FILE_BYTES });
    const found: { id: string; kind: string; facts: FactStates }[] = [];
    for await (const resources of inputs.resources([path], () => {})) {
      for (const r of resources) {
        if (!r.deleted && (resource === undefined || r.id === resource))
          found.push({ id: r.id, kind: r.kind.id, facts: r.facts });
      }
    }
    const [problem] = inputs.problems;
    if (problem !== undefined) throw new AppError('INPUT_INVALID', `${id}: ${path}: ${problem.reason}`);
    const [first, ...others] = found;
    if (first === undefined)
      throw new AppError(
        'INPUT_INVALID',
        `${id}: ${path} has no resource${resource === undefined ? ' that a kind speaks of' : ` ${resource}`}`,
      );
    judged.push({
      name: others.length === 0 ? `${path}: ${first.id}` : `${path}: ${found.map((r) => r.id).join(' and ')}`,
      kind: first.kind,
      facts: first.facts,
      verdicts,
      ...(others.length === 0 ? {} : { others }),
    });
  }
  return judged;
}

/** Two judged resources of which gold says what cannot both be: what is known of them is the same. */
export function contradictionIn(judged: readonly JudgedResource[]): string | undefined {
  const before = new Map<string, JudgedResource>();
  for (const one of judged) {
    if (one.others !== undefined) continue;
    const known = Object.entries(one.facts).flatMap(([fact, s]) => (s.state === 'unknown' ? [] : [[fact, s.value]]));
    const key = canonicalJson([one.kind, Object.fromEntries(known), ...openLists(one.facts)]);
    const other = before.get(key);
    if (other !== undefined && !one.verdicts.some((v) => other.verdicts.includes(v)))
      return `${other.name} is ${other.verdicts.join(' or ')}, and ${one.name}, of which the same is known, ${one.verdicts.join(' or ')}`;
    before.set(key, one);
  }
  return undefined;
}

const openLists = (facts: FactStates): readonly string[] =>
  Object.entries(facts).flatMap(([fact, s]) => (s.state !== 'unknown' && s.closed === false ? [fact] : []));
