/**
 * The sentence of intent.md against the clauses beside it, by code: numbers, names, negations and exceptions of the
 * sentence (`coverage.ts`), the facts that its words name, how many of a list it speaks of, whose key it asks for. It stops
 * what every gate on the clauses alone passes: clauses, Rego and examples that agree, on something else than was asked.
 * Words are not a proof: it says no only where they cannot mean what the clauses say.
 */
import { ENVIRONMENTS } from '../kinds/context.ts';
import { kinds as allKinds } from '../kinds/index.ts';
import type { FactSpec, FieldSpec } from '../model/fact.ts';
import type { Kind } from '../model/kind.ts';
import type { Condition, Literal, Policy } from '../model/policy.ts';
import { type CorePolicy, conditionsOf, factsOf, nodesOf } from '../policy/core.ts';
import { formatIpRange, formatRange, isIpRange, isNone, isRange } from '../policy/literals.ts';
import { plainText } from './answer.ts';
import { coverageOf, isEnglish, literalsOf, namesValue } from './coverage.ts';
import { FACT_WORDS } from './fact-words.ts';
import { numbersOf } from './numbers.ts';
import { GEOGRAPHY, PARTS } from './vocabulary.ts';

export interface Intended {
  readonly policy: Policy;
  readonly core: CorePolicy;
  readonly kind: Kind;
  /** The text of policy.rego, where some clause is said by that alone. */
  readonly rego?: string;
}

/** What of the sentence the clauses do not say, or say otherwise; undefined where nothing shows it. */
export function intentProblem(intent: string, intended: Intended, active: readonly CorePolicy[]): string | undefined {
  const { first, whole } = sentenceOf(intent);
  if (first === '') return undefined;
  const [covered] = coverageProblems(first, whole, intended, active);
  if (covered !== undefined || !isEnglish(first)) return covered;
  const text = plainText(first);
  const own =
    strangeClause(plainText(whole), intended.policy) ?? misnamedClause(intended) ?? strangeText(whole, intended);
  if (own !== undefined) return own;
  // A sentence may be formalised by a policy for each kind: what is not here may be there.
  if (namesOtherKind(text, intended.kind)) return undefined;
  for (const check of CHECKS) {
    const problem = check(text, intended);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

/** The sentence (the first paragraph that is no heading), and all that was written. */
function sentenceOf(intent: string): { readonly first: string; readonly whole: string } {
  const paragraphs = intent
    .replaceAll('\r\n', '\n')
    .split(/\n(?:\s*\n)+/)
    .map((p) => p.trim())
    .filter((p) => p !== '');
  // What stands under a heading of its own (why, how) is not what is asked.
  const section = paragraphs.findIndex((p) => p.startsWith('##'));
  const asked = section < 0 ? paragraphs : paragraphs.slice(0, section);
  const title = asked.find((p) => p.startsWith('#'))?.replace(/^#+\s*(.*)[^]*/, '$1') ?? '';
  const first = asked.map((p) => p.replace(/^#.*(?:\n|$)/, '').trim()).find((p) => p !== '') ?? title;
  // A heading is a sentence of its own.
  return { first, whole: paragraphs.map((p) => p.replace(/^#+\s*(.*)/, '$1.')).join(' ') };
}

/** What people call the resources of a kind. */
const KIND_WORDS: { readonly [kind: string]: RegExp } = {
  object_store:
    /\bbuckets?\b|\bobject (?:stores?|storage)\b|\bblobs?\b|\bblob (?:storage|containers?)\b|\bstorage accounts?\b|\bs3\b|\bgcs\b/,
  sql_database: /\bdatabases?\b|\brds\b|\bcloud ?sql\b|\baurora\b|\bsql servers?\b|\bpostgres(?:ql)?\b|\bmysql\b/,
  firewall: /\bfirewalls?\b|\bsecurity groups?\b|\bnsgs?\b/,
  model_endpoint: /\bmodels?\b|\b(?:model|inference|ai|ml) endpoints?\b|\bsagemaker\b|\bvertex\b|\bopenai\b/,
};
const namesOtherKind = (text: string, kind: Kind): boolean =>
  allKinds.some((k) => k.id !== kind.id && KIND_WORDS[k.id]?.test(text) === true);

// ── the words of coverage ─────────────────────────────────────────────────────────────────────────────────────────

const UNGROUNDED = /^\w+: "((?:[^"\\]|\\.)*)" \((.*)\) stands nowhere in the sentence$/;
const NUMBER = /^the number "(.*)" of the sentence is in no clause$/;

function* coverageProblems(
  first: string,
  whole: string,
  { policy, core, kind, rego }: Intended,
  active: readonly CorePolicy[],
): Generator<string> {
  // What a parameter is set to was chosen for the sentence and may be chosen otherwise: it needs no words of its own.
  const chosen = Object.values(policy.params ?? {})
    .flatMap((p) => [p.default, ...(p.overrides ?? []).map((o) => o.value)])
    .flat()
    .map(textOf)
    .join(' ');
  const numbers = numbersOf(whole);
  const formal = {
    kind,
    core,
    policy: asTheSentenceCounts(policy, new Set(numbers.flatMap((n) => n.values))),
    covers: policy.require.map((c) => ({ by: c.id, words: c.says })),
  };
  const problemsOf = (text: string): readonly string[] => coverageOf(`${text} (${chosen})`, [formal], active).problems;
  const inWhole = new Set(problemsOf(whole));
  const isRuled = rego !== undefined;
  const othersToo = namesOtherKind(plainText(first), kind);
  for (const problem of problemsOf(first)) {
    if (!inWhole.has(problem)) continue;
    const [, literal, name] = UNGROUNDED.exec(problem) ?? [];
    if (literal !== undefined) {
      if (!isMeantAnyhow(literal, name ?? '', plainText(whole), numbers.length > 0)) yield problem;
      continue;
    }
    // "Outside production" may be said by all the others.
    if (problem.startsWith('"production" of') && NOT_PRODUCTION.test(plainText(first)) && isOfEnvironments(policy))
      continue;
    if (othersToo) continue;
    if (isRuled) {
      // Whether Rego negates, or excepts, its text does not tell; whether it has a number, it does.
      const [, number] = NUMBER.exec(problem) ?? [];
      const values = numbers.find((n) => n.text === number)?.values ?? [];
      if (number === undefined || values.some((v) => new RegExp(`(?<![\\w.])${v}(?![\\w.])`).test(rego))) continue;
    }
    yield problem;
  }
}

const isOfEnvironments = (policy: Policy): boolean => literalsOf(policy).some((l) => l.name === 'environment');
const textOf = (l: Literal): string =>
  isIpRange(l) ? formatIpRange(l) : isRange(l) ? formatRange(l) : isNone(l) ? '' : String(l);

const NOT_PRODUCTION =
  /\bnon-?prod|\b(?:outside|other than|except|but|not|beyond)(?: of| in| for)? prod|\blower environments?\b/;
const AND_ABOVE = /\babove\b|\bhigher\b|\bor (?:more|stricter)\b|\bmore sensitive\b|\bnot public\b|\bnon-?public\b/;

/** Words may mean a literal that is not among them. */
function isMeantAnyhow(literal: string, name: string, text: string, hasNumbers: boolean): boolean {
  // Whether words leave room for none was looked at where they were read.
  if (literal === 'none') return false;
  // "Long enough", "administration ports": the number is the policy's to give.
  if (/^\d+(?:-\d+)?$/.test(literal) && name !== 'account') return !hasNumbers;
  if (name === 'region') return GEOGRAPHY.test(text);
  if (name === 'environment') return NOT_PRODUCTION.test(text);
  if (name === 'data_classification') return AND_ABOVE.test(text);
  if (name === 'cloud' || name === 'account') return false;
  // Keys and values of tags are spelt as machines spell them: costCentre, cost-center.
  const pieces = literal
    .replaceAll(/([a-z])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter((p) => p !== '');
  return pieces.length > 0 && pieces.every((p) => p.length > 2 && text.includes(p.slice(0, 4)));
}

/** "Not at most 29" is at least 30: where the sentence has only the other number, the policy with that one. */
function asTheSentenceCounts(policy: Policy, said: ReadonlySet<number>): Policy {
  const counted = (c: Condition, negated: boolean): Condition => {
    if ('all' in c) return { all: c.all.map((x) => counted(x, negated)) };
    if ('any' in c) return { any: c.any.map((x) => counted(x, negated)) };
    if ('not' in c) return { not: counted(c.not, !negated) };
    if ('that' in c) return { ...c, that: counted(c.that, negated !== 'none' in c) };
    for (const [op, by] of [
      ['at_least', -1],
      ['at_most', 1],
    ] as const) {
      if (!negated || !(op in c)) continue;
      const bound = (c as { readonly [op: string]: unknown })[op];
      if (typeof bound === 'number' && !said.has(bound) && said.has(bound + by)) return { ...c, [op]: bound + by };
    }
    return c;
  };
  return { ...policy, require: policy.require.map((c) => ({ ...c, that: counted(c.that, false) })) };
}

// ── the words of the facts ────────────────────────────────────────────────────────────────────────────────────────

const stems = (text: string): readonly string[] => (text.match(/\p{L}{4,}/gu) ?? []).map((w) => w.slice(0, 4));

/** A clause that shares no word with the intent formalises another one. */
function strangeClause(whole: string, { require }: Policy): string | undefined {
  const said = new Set(stems(whole));
  const strange = require.find(({ says }) => {
    const words = stems(plainText(says));
    return words.length > 0 && !words.some((w) => said.has(w));
  });
  return strange && `the clause ${strange.id} says ${JSON.stringify(strange.says)}, of which the intent has no word`;
}

/** The words of a clause that name a fact are shown with what is found of another. */
function misnamedClause({ policy, core, kind }: Intended): string | undefined {
  const words = Object.entries(FACT_WORDS[kind.id] ?? {});
  for (const { id, says } of policy.require) {
    const text = plainText(says);
    const used = usedFacts({ ...core, clauses: core.clauses.filter((c) => c.id === id) });
    const named = words.filter(([, w]) => w.names.test(text)).map(([fact]) => fact);
    const isMeant = words.some(([fact, w]) => used.has(fact) && (w.names.test(text) || w.means.test(text)));
    if (named.length > 0 && !isMeant && !named.some((fact) => used.has(fact)))
      return `the clause ${id} says ${JSON.stringify(says)}, which speaks of ${named.join(' or ')}, and is about ${[...used].join(', ')}`;
  }
  return undefined;
}

/** A text in Rego that is a name of nothing there is, and that nobody has said. */
function strangeText(whole: string, { policy, core, kind, rego }: Intended): string | undefined {
  if (rego === undefined) return undefined;
  const text = plainText(whole);
  const known = new Set([...REGO_WORDS, ...policy.require.map((c) => c.id)]);
  const saidElsewhere = usedFacts({ ...core, clauses: core.clauses.filter((c) => c.that.op !== 'rego') });
  for (const [fact, spec] of Object.entries(factsOf(kind))) {
    known.add(fact);
    for (const [name, { shape }] of Object.entries(fieldsOf(fact, spec))) {
      known.add(name);
      if (shape.type !== 'enum') continue;
      // What is left of a list when one of its values is named is written out.
      const isNamed = shape.values.some((v) => namesValue(v, text));
      if (Object.hasOwn(kind.facts, fact) || saidElsewhere.has(fact) || isNamed)
        for (const v of shape.values) known.add(v);
    }
  }
  for (const { literal } of literalsOf(policy)) if (typeof literal === 'string') known.add(literal);
  const code = rego.replaceAll(/^\s*#.*$/gm, '');
  for (const [, quoted, raw] of code.matchAll(/"((?:[^"\\\n]|\\.)*)"|`([^`]*)`/g)) {
    const value = quoted ?? raw ?? '';
    // Bounds of addresses are written in hex; signs alone name nothing.
    if (known.has(value) || /^(?:[0-9a-f]{8}|[0-9a-f]{32})$/.test(value) || !/[\p{L}\p{N}]{2}/u.test(value)) continue;
    const isPlace = /facts\.region\b/.test(code) && isMeantAnyhow(value, 'region', text, true);
    if (!isPlace && !isMeantAnyhow(value, '', text, true))
      return `${JSON.stringify(value)} of policy.rego stands nowhere in the sentence`;
  }
  return undefined;
}
const fieldsOf = (fact: string, spec: FactSpec): { readonly [name: string]: Pick<FactSpec | FieldSpec, 'shape'> } =>
  spec.shape.type === 'list' && spec.shape.of.type === 'record' ? spec.shape.of.fields : { [fact]: spec };
const REGO_WORDS =
  'clause item declared holds fails scope none facts closed now from to family first last ipv4 ipv6'.split(' ');

type Check = (text: string, intended: Intended) => string | undefined;

/** Why it is asked asks for nothing. */
const WHY = /\b(?:so that|because|in order (?:to|that)|otherwise)\b[^.;]*/g;

/** Each part of the sentence that names a fact is about that fact, or another that it may mean. */
const checkFacts: Check = (text, { core, kind }) => {
  const words = FACT_WORDS[kind.id] ?? {};
  const used = usedFacts(core);
  const meant = (part: string): boolean =>
    Object.entries(words).some(([fact, w]) => used.has(fact) && (w.names.test(part) || w.means.test(part)));
  for (const part of text.replaceAll(WHY, ' ').split(PARTS)) {
    const named = Object.keys(words).filter((fact) => words[fact]?.names.test(part) === true);
    if (named.length > 0 && !named.some((fact) => used.has(fact)) && !meant(part))
      return `${JSON.stringify(part.trim())} of the sentence speaks of ${named.join(' or ')}, which no clause does`;
  }
  return undefined;
};

function usedFacts(core: CorePolicy): ReadonlySet<string> {
  const used = new Set<string>();
  for (const c of conditionsOf(core))
    for (const node of nodesOf(c)) {
      if (node.op === 'test' && 'fact' in node.subject) used.add(node.subject.fact);
      if (node.op === 'rego') for (const fact of Object.keys(node.reads)) used.add(fact);
    }
  return used;
}

const OUR_KEY =
  /\bkeys? (?:that )?(?:we|you|the company)\b|\bour (?:own )?keys?\b|\bown keys?\b|\bkeys? of (?:our|your|its|their) own\b|\bcustomer[- ](?:managed|controlled|owned|supplied)\b|\bcmks?\b|\bcmek\b|\bbyok\b/;
const THEIR_KEY =
  /\bprovider|\bdefault\b|\bplatform|\bservice-managed\b|\bmanaged by\b|\b(?:aws|google|microsoft)[- ]managed\b/;

const ANY_KEY = /\bkeys?\b|\bcme?ks?\b|\bbyok\b|\bkms\b|\bhsms?\b|\bvaults?\b/;

/** Whose key it is that data is under. */
const checkKeys: Check = (text, { policy, kind }) => {
  const shape = kind.facts['encryption']?.shape;
  if (shape?.type !== 'enum' || !shape.values.includes('customer_key')) return undefined;
  const allowed = policy.require.flatMap(({ that }) => allowedIn(that, 'encryption', shape.values));
  if (allowed.length === 0) return undefined;
  const shown = (a: ReadonlySet<string>): string => [...a].join(' or ');
  const [some = new Set<string>()] = allowed;
  if (OUR_KEY.test(text) && !allowed.some((a) => a.size === 1 && a.has('customer_key')))
    return `the sentence asks for a key of one's own, the clauses for ${shown(some)}`;
  if (/\bencrypt/.test(text) && !/\bunencrypt|\bnot (?:be )?encrypt/.test(text) && allowed.every((a) => a.has('none')))
    return `the sentence asks for encryption, the clauses for ${shown(some)}`;
  if (!ANY_KEY.test(text) && !OUR_KEY.test(text) && allowed.every((a) => a.size === 1 && a.has('customer_key')))
    return `no words of the sentence ask for a key of one's own, the clauses do`;
  if (!THEIR_KEY.test(text) && allowed.every((a) => !a.has('customer_key')))
    return `no words of the sentence exclude a key of one's own, the clauses ask for ${shown(some)}`;
  return undefined;
};

type Leaf = Exclude<Condition, { readonly all: unknown } | { readonly any: unknown } | { readonly not: unknown }>;

/** What a condition joins, each with whether it is to hold: under a negation it is not. */
function leavesOf(c: Condition, isWanted = true): readonly (readonly [leaf: Leaf, isWanted: boolean])[] {
  if ('all' in c) return c.all.flatMap((x) => leavesOf(x, isWanted));
  if ('any' in c) return c.any.flatMap((x) => leavesOf(x, isWanted));
  return 'not' in c ? leavesOf(c.not, !isWanted) : [[c, isWanted]];
}

/** The values that a comparison lists; undefined where it lists none. */
const listedIn = (c: Leaf): readonly unknown[] | undefined =>
  'is' in c ? [c.is] : 'in' in c && Array.isArray(c.in) ? c.in : undefined;

/** What each comparison of a fact lets pass. */
const allowedIn = (c: Condition, fact: string, values: readonly string[]): readonly ReadonlySet<string>[] =>
  leavesOf(c).flatMap(([leaf, isWanted]) => {
    const listed = 'fact' in leaf && leaf.fact === fact ? listedIn(leaf) : undefined;
    return listed === undefined ? [] : [new Set(values.filter((v) => listed.includes(v) === isWanted))];
  });

const EXISTS =
  /\bat least (?:one|1)\b|\bsome\b|\bone or more\b|\bhas an?\b|\bhave an?\b|\bthere (?:is|are|must be|has to be)\b|\bcontains?\b|\bincludes?\b|\ba rule\b|\bany\b|\bmissing\b|\blacks?\b/;
const ALL =
  /\bevery\b|\ball\b|\beach\b|\bno\b|\bnone\b|\bnever\b|\bnot\b|\bonly\b|\bcannot\b|\bnobody\b|\bnothing\b|\bmust not\b/;

/** Whether the sentence speaks of each item or of some. */
const checkQuantifiers: Check = (text, { policy }) => {
  const found = policy.require.flatMap(({ that }) => quantifiersIn(that));
  if (found.length === 0) return undefined;
  if (found.includes('some') && !found.includes('every') && ALL.test(text) && !EXISTS.test(text))
    return 'the sentence speaks of every item, the clauses ask for one that is as it should be';
  if (/\bat least (?:one|1)\b|\bone or more\b/.test(text) && !found.some((q) => q === 'some' || q === 'count'))
    return 'the sentence asks for at least one item, the clauses speak of every one';
  return undefined;
};

/** Either of several things of an item is enough: words say so, or list them. */
const checkItems: Check = (text, { policy }) => {
  if (/\b(?:or|nor|and|either|neither|unless|except|any)\b|,/.test(text)) return undefined;
  const isLoose = (c: Leaf): boolean =>
    'none' in c && 'any' in c.that && new Set(c.that.any.map((m) => ('field' in m ? m.field : ''))).size > 1;
  const clause = policy.require.find((c) => leavesOf(c.that).some(([leaf]) => isLoose(leaf)));
  return (
    clause && `the clause ${clause.id} forbids each of several things, the sentence no more than all of them together`
  );
};

const quantifiersIn = (c: Condition): readonly ('every' | 'some' | 'count')[] =>
  leavesOf(c).flatMap(([leaf, isWanted]) => {
    if ('every' in leaf || 'none' in leaf) return [isWanted ? 'every' : 'some'];
    if ('some' in leaf) return [isWanted ? 'some' : 'every'];
    return 'count' in leaf ? ['count'] : [];
  });

const NO =
  /\b(?:no|not|never|none|nobody|nothing|cannot|without|neither|nor|un\w+|lacks?|forbidden|prohibited|remove\w*)\b|n't\b/;

/** Something that has to be missing is asked for by words that say no. */
const checkAbsence: Check = (text, { policy }) => {
  if (NO.test(text)) return undefined;
  const missing = (c: Condition): string | undefined => {
    if ('all' in c) return c.all.map(missing).find((m) => m !== undefined);
    if ('not' in c) return 'tag' in c.not ? `the tag ${c.not.tag.key}` : undefined;
    if ('tag' in c) return c.tag.is !== undefined && isNone(c.tag.is) ? `the tag ${c.tag.key}` : undefined;
    return 'fact' in c && 'is' in c && isNone(c.is) ? c.fact : undefined;
  };
  const what = policy.require.map((c) => missing(c.that)).find((m) => m !== undefined);
  return what && `no words of the sentence say no, and the clauses ask that ${what} is missing`;
};

const PROTOCOLS = ['tcp', 'udp', 'icmp'] as const;

/** The internet and the protocols that the sentence names are in the clauses on rules of a firewall. */
const checkRules: Check = (text, { policy, core, kind }) => {
  if (!('ingress' in kind.facts)) return undefined;
  const fields = new Set<string>();
  let isRuled = false;
  for (const c of conditionsOf(core))
    for (const node of nodesOf(c)) {
      if (node.op === 'test' && 'field' in node.subject) fields.add(node.subject.field);
      if (node.op === 'rego') isRuled = true;
    }
  if (isRuled || fields.size === 0) return undefined;
  if (/\binternet\b/.test(text) && !fields.has('internet') && !fields.has('source'))
    return '"internet" of the sentence is in no clause';
  const named = PROTOCOLS.filter((p) => new RegExp(`\\b${p}\\b`).test(text));
  const compared = literalsOf(policy).flatMap((l) =>
    l.name === 'protocol' && typeof l.literal === 'string' ? [l.literal] : [],
  );
  const others = PROTOCOLS.filter((p) => compared.includes(p) && !named.includes(p));
  const missing = named.find((p) => !compared.includes(p));
  if (missing === undefined) return undefined;
  if (others.length > 0) return `the sentence speaks of ${missing}, the clauses of ${others.join(' and ')}`;
  if (compared.length === 0 && named.length === 1 && missing !== 'tcp')
    return `"${missing}" of the sentence is in no clause`;
  return undefined;
};

const both = (from: number, to: number): string => `${from}\\s?(?:,|and|or|&|\\/)\\s?(?:ports? )?${to}`;

/** "80 and 443" are two ports, and not all from the one to the other. */
const checkRanges: Check = (text, { policy }) => {
  for (const { literal } of literalsOf(policy)) {
    if (!isRange(literal) || isIpRange(literal) || literal.to - literal.from < 2) continue;
    const { from, to } = literal;
    const listed = new RegExp(`(?<!between )(?<!between ports )(?<![\\w.-])${both(from, to)}(?![\\w-])`).test(text);
    if (listed) return `the sentence names ${from} and ${to}, the clauses all from ${from} to ${to}`;
  }
  return undefined;
};

const AT_LEAST_BEFORE =
  /\b(?:at least|minimum(?: of)?|min\.?|no (?:less|fewer|shorter) than|not (?:less|fewer|shorter) than)\s*$|(?:>=|≥)\s*$/;
const AT_MOST_BEFORE =
  /\b(?:at most|maximum(?: of)?|max\.?|no (?:more|longer) than|not (?:more|longer) than|up to)\s*$|(?:<=|≤)\s*$/;

/** A bound goes the way that the words go. */
const checkBounds: Check = (text, { policy }) => {
  const bounds = policy.require.flatMap(({ that }) => boundsIn(that, policy));
  for (const { text: word, values } of numbersOf(text)) {
    const at = text.indexOf(word);
    if (at < 0 || text.indexOf(word, at + 1) >= 0) continue;
    const before = text.slice(0, at);
    const after = text.slice(at + word.length);
    const isLeast = AT_LEAST_BEFORE.test(before) || /^(?: days)? or (?:more|longer)\b/.test(after);
    const isMost = AT_MOST_BEFORE.test(before) || /^(?: days)? or (?:less|fewer|shorter)\b/.test(after);
    if (isLeast === isMost) continue;
    const mine = bounds.filter((b) => values.includes(b.value));
    // Under a word that says no the way is the other one.
    if (NO.test(before.replace(isLeast ? AT_LEAST_BEFORE : AT_MOST_BEFORE, ''))) continue;
    const wrong = isLeast ? 'at_most' : 'at_least';
    if (mine.length > 0 && mine.every((b) => b.op === wrong))
      return `the sentence says ${isLeast ? 'at least' : 'at most'} ${word}, the clauses ${wrong.replace('_', ' ')}`;
  }
  return undefined;
};

interface Bound {
  readonly op: 'at_least' | 'at_most';
  readonly value: number;
}
const boundsIn = (c: Condition, policy: Policy): readonly Bound[] =>
  leavesOf(c).flatMap(([leaf, isWanted]) =>
    (['at_least', 'at_most'] as const).flatMap((op) => {
      const bound = (leaf as { readonly [op: string]: unknown })[op];
      const param =
        typeof bound === 'object' && bound !== null ? policy.params?.[(bound as { param: string }).param] : undefined;
      const values = param === undefined ? [bound] : [param.default, ...(param.overrides ?? []).map((o) => o.value)];
      return values.flatMap((value): readonly Bound[] =>
        typeof value === 'number' ? [{ op: isWanted === (op === 'at_least') ? 'at_least' : 'at_most', value }] : [],
      );
    }),
  );

const SCOPED = ['environment', 'data_classification'] as const;
const OUTSIDE = String.raw`(?:unless|except\w*|excluding|outside|other than|apart from|but not|save for|beyond|not|non)`;

/** Where it applies: what is excepted is out, what is named otherwise is in, and nowhere is a violation by being where it is. */
const checkScope: Check = (text, { policy, rego }) => {
  const values = policy.applies_when === undefined ? [] : scopedIn(policy.applies_when);
  for (const { value, isIn } of values) {
    const word = NAMED[value];
    if (word === undefined || !new RegExp(word).test(text)) continue;
    const isExcepted = new RegExp(`\\b${OUTSIDE}\\b[^.;,]{0,40}?${word}`).test(text);
    if (
      isIn &&
      new RegExp(
        `\\b(?:unless|except|excluding|outside|other than|apart from)\\b(?: (?:in|for|of|the|a|an|those|it|is|are))* ${word}`,
      ).test(text)
    )
      return `the sentence excepts ${value}, the clauses apply there`;
    if (!isIn && !isExcepted && !NO.test(text) && !/\b(?:else|elsewhere|others?|may|can)\b/.test(text))
      return `the sentence speaks of ${value}, the clauses do not apply there`;
  }
  const environments = new Set(literalsOf(policy).flatMap((l) => (l.name === 'environment' ? [l.literal] : [])));
  for (const [, one = '', other = ''] of text.matchAll(BESIDE_ENVIRONMENT)) {
    const [a, b] = [environmentOf(one), environmentOf(other)];
    if (rego === undefined && environments.has(a) !== environments.has(b))
      return `the sentence speaks of ${a} and ${b}, the clauses of ${environments.has(a) ? a : b} alone`;
  }
  const placed = policy.require.find(({ that }) => 'all' in that && that.all.some(isPlace) && !that.all.every(isPlace));
  return placed && `the clause ${placed.id} asks where a resource is: that narrows the scope, and is no requirement`;
};
const ENVIRONMENT = String.raw`(tests?|testing|staging|sandbox(?:es)?|dev(?:elopment)?|prod(?:uction)?)`;
/** Two environments in a list: "for tests or development". */
const BESIDE_ENVIRONMENT = new RegExp(
  String.raw`(?<![\w-])${ENVIRONMENT}(?=(?: environments?)?(?:,? (?:or|and)|,) (?:in |for )?(?:a |the )?${ENVIRONMENT}(?![\w-]))`,
  'g',
);
const environmentOf = (word: string): string => ENVIRONMENTS.find((e) => e.startsWith(word.slice(0, 3))) ?? word;
const NAMED: { readonly [value: string]: string } = {
  production: String.raw`prod(?:uction)?\b`,
  staging: String.raw`staging\b`,
  development: String.raw`dev(?:elopment)?\b`,
  sandbox: String.raw`sandbox(?:es)?\b`,
  confidential: String.raw`confidential\b`,
  restricted: String.raw`restricted\b`,
};
const isPlace = (c: Condition): boolean =>
  'fact' in c && (SCOPED as readonly string[]).includes(c.fact) && (('is' in c && !isNone(c.is)) || 'in' in c);

interface Scoped {
  readonly value: string;
  /** A resource that has it is in the scope. */
  readonly isIn: boolean;
}
const scopedIn = (c: Condition): readonly Scoped[] =>
  leavesOf(c).flatMap(([leaf, isIn]) =>
    (isPlace(leaf) ? (listedIn(leaf) ?? []) : []).flatMap((value) =>
      typeof value === 'string' ? [{ value, isIn }] : [],
    ),
  );

/** Two things that the sentence asks for are both asked for, and of two that it leaves open either will do. */
const checkJoins: Check = (text, { policy, core, kind }) => {
  const words = FACT_WORDS[kind.id] ?? {};
  const of = (part: string): readonly string[] =>
    Object.keys(words).filter((fact) => words[fact]?.names.test(part) === true);
  const isJoined = (word: string, one: string, other: string): boolean =>
    text.split(/[.;]\s/).some((sentence) => {
      const parts = sentence.split(new RegExp(`(?:,\\s*)?\\b${word}\\b`));
      return parts.some(
        (p, i) =>
          i > 0 &&
          ((of(parts[i - 1] ?? '').includes(one) && of(p).includes(other)) ||
            (of(parts[i - 1] ?? '').includes(other) && of(p).includes(one))),
      );
    });
  const pairs = (members: readonly Condition[]): readonly (readonly [string, string])[] => {
    const single = members.map((m) => [...factsIn(m)]).flatMap((fs) => (fs.length === 1 ? fs : []));
    return single.flatMap((a, i) => single.slice(i + 1).flatMap((b) => (a === b ? [] : [[a, b] as const])));
  };
  const EITHER = /\b(?:or|unless|except|either|if|when|where|while|but|only)\b/;
  for (const { that } of policy.require) {
    if ('any' in that && !EITHER.test(text)) {
      const pair = pairs(that.any).find(([a, b]) => isJoined('and', a, b));
      if (pair !== undefined) return `the sentence asks for ${pair.join(' and ')}, the clauses for one of them`;
    }
  }
  if (
    NO.test(text) ||
    !/\bor\b/.test(text) ||
    conditionsOf(core).some((c) => [...nodesOf(c)].some((n) => n.op === 'any' || n.op === 'rego'))
  )
    return undefined;
  const pair = pairs(policy.require.flatMap(({ that }) => ('all' in that ? that.all : [that]))).find(([a, b]) =>
    isJoined('or', a, b),
  );
  return pair && `the sentence asks for ${pair.join(' or ')}, the clauses for both`;
};
const factsIn = (c: Condition): ReadonlySet<string> =>
  new Set(leavesOf(c).flatMap(([leaf]) => ('fact' in leaf ? [leaf.fact] : [])));

const CHECKS: readonly Check[] = [
  checkFacts,
  checkKeys,
  checkQuantifiers,
  checkItems,
  checkAbsence,
  checkRules,
  checkRanges,
  checkBounds,
  checkScope,
  checkJoins,
];
