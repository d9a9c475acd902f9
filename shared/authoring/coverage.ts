/**
 * The words of a sentence against the clauses, by code and not by a model: numbers, negations and exceptions of the
 * sentence must be in the clauses, and what the clauses name must be in the sentence. English; of another language it
 * says that it cannot check the words (numbers and literals are still checked).
 */
import { contextFacts } from '../kinds/index.ts';
import type { FactSpec } from '../model/fact.ts';
import type { Kind } from '../model/kind.ts';
import type { Condition, Literal, Operand, Policy } from '../model/policy.ts';
import { type CorePolicy, nodesOf, conditionsOf, factsOf } from '../policy/core.ts';
import { formatIpRange, formatRange, isIpRange, isNone, isRange, parseCidrLiteral } from '../policy/literals.ts';
import { type Formal, plainText } from './answer.ts';
import { FACT_WORDS, withoutFactNames } from './fact-words.ts';
import { type NumberWord, numbersOf, withoutRationale } from './numbers.ts';
import {
  ADDRESSES_OF,
  DOWNWARDS,
  EXCEPTION,
  isNamedAsWell,
  LACK,
  leavesRoom,
  NAMES_OF,
  NAMES_ONLY,
  NEGATION,
  plainly,
  PORTS_OF,
  SERVICES_ONLY,
  SPEAKS_OF,
  UPWARDS,
  WHO,
} from './vocabulary.ts';

export interface Coverage {
  /** What makes the draft wrong: a number of the sentence that is nowhere, a literal that no words say, … */
  readonly problems: readonly string[];
  /** Words of the sentence that nothing formalises. */
  readonly uncovered: readonly string[];
  /** The words could not be checked: the sentence is not English. */
  readonly unchecked: boolean;
}

// ── words ─────────────────────────────────────────────────────────────────────────────────────────────────────────

/** A fact whose truth is itself a refusal. */
const NEGATIVE_FACT = /\b(?:cannot|without|impossible|refused|blocked|protected|required|only)\b/;
const STOP = new Set(
  (
    'a an the and or of in on to for from by with at as is are be been being it its they them their that this these those ' +
    'must shall should may can will has have had do does all any every each our we us you your which who whose where when ' +
    'there than then so also only both least most more less fewer other into over under about such per'
  ).split(' '),
);

const wordsOf = (text: string): readonly string[] =>
  plainText(text).match(/[\p{L}\p{N}][\p{L}\p{N}./:'*-]*[\p{L}\p{N}*]|[\p{L}\p{N}]/gu) ?? [];

/** Half of the words are in Latin letters, and at least one is a word that every English sentence of this sort has. */
export function isEnglish(text: string): boolean {
  const words = wordsOf(text);
  return (
    words.some((w) => STOP.has(w) || /^(?:no|never|not|nothing|nobody)$/.test(w)) &&
    !/[^\p{Script=Latin}\p{Script=Common}\p{Script=Inherited}]/u.test(text)
  );
}

// ── the literals of a policy ──────────────────────────────────────────────────────────────────────────────────────

interface Named {
  readonly literal: Literal;
  readonly subject: 'fact' | 'field' | 'item' | 'tag' | 'count' | 'param';
  readonly name: string;
  readonly op: string;
}

const isRef = (o: unknown): o is { readonly param: string } =>
  typeof o === 'object' && o !== null && Object.hasOwn(o, 'param');

function* operands(o: Operand | readonly Operand[] | undefined, params: Policy['params']): Generator<Literal> {
  if (o === undefined) return;
  if (Array.isArray(o)) for (const x of o as readonly Operand[]) yield* operands(x, params);
  else if (isRef(o)) {
    const p = params?.[o.param];
    for (const value of [p?.default, ...(p?.overrides ?? []).map((v) => v.value)]) yield* operands(value, params);
  } else yield o as Literal;
}

function* literalsIn(c: Condition, params: Policy['params']): Generator<Named> {
  if ('all' in c) for (const x of c.all) yield* literalsIn(x, params);
  else if ('any' in c) for (const x of c.any) yield* literalsIn(x, params);
  else if ('not' in c) yield* literalsIn(c.not, params);
  else if ('rego' in c)
    return; // those of Rego are looked at where it is drafted
  else if ('tag' in c) {
    const { key, ...tests } = c.tag;
    yield { literal: key, subject: 'tag', name: key, op: 'key' };
    for (const [op, o] of Object.entries(tests))
      for (const literal of operands(o, params)) yield { literal, subject: 'tag', name: key, op };
  } else if ('that' in c) {
    if ('count' in c)
      for (const op of ['at_least', 'at_most'] as const)
        for (const literal of operands(c[op], params)) yield { literal, subject: 'count', name: c.count, op };
    yield* literalsIn(c.that, params);
  } else {
    const subject = 'fact' in c ? 'fact' : 'field' in c ? 'field' : 'item';
    const name = 'fact' in c ? c.fact : 'field' in c ? c.field : '';
    for (const [op, o] of Object.entries(c)) {
      if (op === subject) continue;
      for (const literal of operands(o, params)) yield { literal, subject, name, op };
    }
  }
}

/** Every literal of a policy with what it is compared with; those of parameters where they are used. */
export function literalsOf(policy: Policy): readonly Named[] {
  const conditions = [
    ...(policy.applies_when === undefined ? [] : [policy.applies_when]),
    ...policy.require.map((c) => c.that),
    ...Object.values(policy.params ?? {}).flatMap((p) => (p.overrides ?? []).map((o) => o.when)),
  ];
  return conditions.flatMap((c) => [...literalsIn(c, policy.params)]);
}

/** Ranges that an active policy of the kind has by default: what "administration ports" are is agreed already. */
function agreedRanges(kind: string, active: readonly CorePolicy[]): ReadonlySet<string> {
  const agreed = new Set<string>();
  for (const policy of active) {
    if (policy.kind !== kind) continue;
    for (const c of conditionsOf(policy))
      for (const node of nodesOf(c))
        if (node.op === 'test' && 'ranges' in node.test && node.test.param !== undefined)
          for (const r of node.test.ranges) agreed.add(isIpRange(r) ? formatIpRange(r) : formatRange(r));
  }
  return agreed;
}

const shown = (l: Literal): string =>
  isIpRange(l) ? formatIpRange(l) : isRange(l) ? formatRange(l) : isNone(l) ? 'none' : String(l);

/** Why no words of the sentence say the literal; undefined where some do. */
function ungrounded(
  { literal, subject, name, op }: Named,
  text: string,
  numbers: readonly NumberWord[],
  agreed: ReadonlySet<string>,
): string | undefined {
  if (typeof literal === 'boolean') return undefined;
  const says = `${JSON.stringify(shown(literal))} (${name === '' ? op : name}) stands nowhere in the sentence`;
  if (typeof literal === 'number') {
    // Some and none are said without a number.
    if ((literal <= 1 && op !== 'is' && op !== 'in') || literal === 0) return undefined;
    return numbers.some((n) => n.values.includes(literal)) ? undefined : says;
  }
  if (isIpRange(literal)) {
    const cidr = formatIpRange(literal);
    const written = wordsOf(text).some((w) => {
      const range = parseCidrLiteral(w);
      return range !== undefined && formatIpRange(range) === cidr;
    });
    const meant = ADDRESSES_OF.some(([words, cidrs]) => words.test(text) && cidrs.includes(cidr));
    return written || meant || agreed.has(cidr) ? undefined : says;
  }
  if (isRange(literal)) {
    const range = formatRange(literal);
    // All but 443 ends at 442 and begins at 444.
    const isBesides = hasBesides(text);
    const isSaid = (end: number): boolean =>
      numbers.some((n) => (isBesides ? [-1, 0, 1] : [0]).some((d) => n.values.includes(end + d)));
    const isFirst = literal.from <= 1 && (isBesides || DOWNWARDS.test(text)) && isSaid(literal.to);
    const isLast = literal.to === LAST_PORT && (isBesides || UPWARDS.test(text)) && isSaid(literal.from);
    const written =
      ((isSaid(literal.from) || isFirst) && (isSaid(literal.to) || isLast)) ||
      new RegExp(String.raw`(?<![\w.])${literal.from}\s?(?:-|to|through)\s?${literal.to}(?!\w|\.\d)`).test(text);
    const meant = Object.entries(PORTS_OF).some(
      ([service, ranges]) => ranges.includes(range) && hasWords(text, service),
    );
    // What is agreed names ports that are not written out.
    const isAgreed = agreed.has(range) && isSaid(literal.from) === isSaid(literal.to);
    return written || meant || isAgreed ? undefined : says;
  }
  if (typeof literal !== 'string') return says;
  const fact: FactSpec | undefined = subject === 'fact' ? contextFacts[name] : undefined;
  if (fact?.shape.type === 'enum') return namesValue(literal, text) ? undefined : says;
  // The values of a kind's own facts are what the sentence is formalised into: their meaning is judged, not their name.
  if (subject === 'field' || (subject === 'fact' && fact === undefined))
    return OWN_TEXT.has(op) ? grounded(literal, text, says) : undefined;
  return grounded(literal, text, says);
}

/** The text without the tags that the clauses look at: "exposure=public" says nothing of a classification. */
const withoutTags = (text: string, literals: readonly Named[]): string =>
  literals.reduce(
    (left, { subject, literal, op }) =>
      subject === 'tag' && op === 'key' && typeof literal === 'string'
        ? left.replaceAll(
            new RegExp(String.raw`(?<![\p{L}\p{N}_-])${escaped(plainText(literal))} ?[=:] ?"?[\p{L}\p{N}_-]*`, 'gu'),
            '_',
          )
        : left,
    text,
  );

/** "Public endpoint" names an endpoint, and no classification. */
export const namesValue = (value: string, text: string): boolean =>
  NAMES_OF[value]?.test(withoutFactNames(text)) === true;

/** Why no words of the sentence leave room for a fact that is none; undefined where some do. */
function unsaidNone(
  { subject, name }: Named,
  text: string,
  kind: Kind,
  literals: readonly Named[],
): string | undefined {
  // A tag is said by its key, and of a field of an item the item is said.
  const [own, words] = [SPEAKS_OF[name], FACT_WORDS[kind.id]?.[name]];
  if (subject !== 'fact' || (own === undefined && words === undefined)) return undefined;
  const bare = withoutFactNames(text);
  if (own?.test(bare) === true || words?.names.test(text) === true || words?.means.test(text) === true)
    return undefined;
  // "Outside production": what is in no environment is outside.
  const shape = contextFacts[name]?.shape;
  const values =
    shape?.type === 'enum'
      ? shape.values.map((v) => NAMES_OF[v])
      : literals.flatMap(({ name: of, literal }) =>
          of === name && typeof literal === 'string' ? [asWords(plainText(literal))] : [],
        );
  return values.some((v) => v !== undefined && leavesRoom(v, bare))
    ? undefined
    : `"none" (${name}) stands nowhere in the sentence`;
}
/** The pieces of a pattern between its stars. */
const asWords = (pattern: string): RegExp => new RegExp(pattern.split('*').map(escaped).join('.*'), 'u');
/** The text in a regular expression; any other sign would be no escape there. */
const escaped = (text: string): string => text.replaceAll(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
const hasBesides = (text: string): boolean => text.search(EXCEPTION) >= 0 || /\bbut\b/.test(text);
const LAST_PORT = 65_535;
const hasWords = (text: string, words: string): boolean =>
  new RegExp(String.raw`(?<![\p{L}\p{N}])${words}(?![\p{L}\p{N}])`, 'u').test(text);
/** A pattern is never a value of an enum. */
const OWN_TEXT = new Set(['matches']);

/** Each piece between the stars stands in the sentence as words. */
function grounded(literal: string, text: string, says: string): string | undefined {
  const pieces = plainText(literal)
    .split('*')
    .filter((p) => p !== '');
  if (pieces.length === 0) return says;
  const isThere = (piece: string): boolean => {
    const bare = piece.replaceAll(/^[^\p{L}\p{N}]+|[^\p{L}\p{N}]+$/gu, '');
    for (let at = bare === '' ? -1 : text.indexOf(bare); at >= 0; at = text.indexOf(bare, at + 1)) {
      if (!/[\p{L}\p{N}]/u.test(text[at - 1] ?? '') && !/[\p{L}\p{N}]/u.test(text[at + bare.length] ?? '')) return true;
    }
    return false;
  };
  return pieces.every(isThere) ? undefined : says;
}

// ── the check ─────────────────────────────────────────────────────────────────────────────────────────────────────

/** Nodes of a clause that can say a negation. */
function saysNo(c: Condition, facts: { readonly [fact: string]: FactSpec }): boolean {
  if ('all' in c) return c.all.some((x) => saysNo(x, facts));
  if ('any' in c) return c.any.some((x) => saysNo(x, facts));
  if ('not' in c || 'none' in c) return true;
  if ('tag' in c) return c.tag.is !== undefined && isNone(c.tag.is);
  if ('that' in c) return ('count' in c && c.at_most !== undefined) || saysNo(c.that, facts);
  if ('is' in c) {
    if (c.is === true && 'fact' in c)
      return NEGATIVE_FACT.test(`${facts[c.fact]?.says ?? ''} ${c.fact.replaceAll('_', ' ')}`);
    return c.is !== true;
  }
  return true; // a list of values, a bound, a range: each says what it leaves out
}

const saysNoOf = ({ require }: Policy, kind: Kind): boolean => require.some((c) => saysNo(c.that, factsOf(kind)));

const saysException = ({ applies_when, require, params }: Policy): boolean => {
  if (applies_when !== undefined || Object.values(params ?? {}).some((p) => p.overrides !== undefined)) return true;
  const splits = (c: Condition): boolean =>
    'any' in c ||
    'not' in c ||
    ('all' in c && c.all.some(splits)) ||
    ('that' in c && ('count' in c || !('none' in c) || 'all' in c.that || splits(c.that))) ||
    'in' in c;
  return require.some((c) => splits(c.that));
};

/** The sentence against the policies of a reading. `active` are the active policies. */
export function coverageOf(intent: string, formals: readonly Formal[], active: readonly CorePolicy[]): Coverage {
  const text = plainText(intent);
  const numbers = numbersOf(withoutRationale(intent));
  const problems: string[] = [];
  const allLiterals: Literal[] = [];
  for (const { policy, kind } of formals) {
    const agreed = agreedRanges(kind.id, active);
    const literals = literalsOf(policy);
    const untagged = withoutTags(text, literals);
    for (const named of literals) {
      allLiterals.push(named.literal);
      const why = isNone(named.literal)
        ? unsaidNone(named, untagged, kind, literals)
        : ungrounded(named, named.subject === 'fact' ? untagged : text, numbers, agreed);
      if (why !== undefined && !problems.includes(`${kind.id}: ${why}`)) problems.push(`${kind.id}: ${why}`);
    }
  }
  for (const { text: word, values } of numbers) {
    const isIn = (l: Literal): boolean =>
      (typeof l === 'number' && values.includes(l)) ||
      (isRange(l) &&
        !isIpRange(l) &&
        values.some((v) => [l.from, l.to, ...(hasBesides(text) ? [l.from - 1, l.to + 1] : [])].includes(v))) ||
      (typeof l === 'string' && wordsOf(l).includes(word));
    // None at all is said without a number.
    const isNo = values.includes(0) && formals.some(({ policy, kind }) => saysNoOf(policy, kind));
    if (!isNo && !allLiterals.some(isIn))
      problems.push(`the number ${JSON.stringify(word)} of the sentence is in no clause`);
  }
  problems.push(
    ...namedProblems(text, allLiterals),
    ...serviceProblems(text, allLiterals),
    ...addressProblems(text, allLiterals),
    ...besideProblems(text, formals),
    ...partProblems(text, formals),
  );
  const unchecked = !isEnglish(intent);
  if (!unchecked) problems.push(...negationProblems(text, formals), ...exceptionProblems(text, formals));
  return { problems, uncovered: unchecked ? [] : uncoveredOf(intent, formals), unchecked };
}

/** What two models leave out alike shows in no comparison of theirs: an environment that is named is in the clauses. */
function namedProblems(text: string, literals: readonly Literal[]): readonly string[] {
  return Object.entries(NAMES_ONLY).flatMap(([value, words]) =>
    text.search(words) < 0 ||
    isNamedAsWell(text, words) ||
    literals.some((l) => typeof l === 'string' && plainText(l).includes(value))
      ? []
      : [`${JSON.stringify(value)} of the sentence is in no clause and no scope`],
  );
}

/** Every address range that is written out is in a clause; all addresses may be said by what they are, the internet. */
function addressProblems(text: string, literals: readonly Literal[]): readonly string[] {
  const have = new Set(literals.flatMap((l) => (isIpRange(l) ? [formatIpRange(l)] : [])));
  return wordsOf(text).flatMap((w) => {
    const range = /[./:].*[./:]/.test(w) ? parseCidrLiteral(w) : undefined;
    if (range === undefined || EVERYWHERE.has(formatIpRange(range)) || have.has(formatIpRange(range))) return [];
    return [`the address ${JSON.stringify(w)} of the sentence is in no clause`];
  });
}
const EVERYWHERE: ReadonlySet<string> = new Set(['0.0.0.0/0', '::/0']);

/** Where ports are spoken of, each service that is named has one of its ports in a clause. */
function serviceProblems(text: string, literals: readonly Literal[]): readonly string[] {
  const ports = literals.flatMap((l) => (isRange(l) && !isIpRange(l) ? [l] : []));
  if (ports.length === 0) return [];
  const hasOneOf = (ranges: readonly string[]): boolean =>
    ranges.some((r) => {
      const [from = 0, to = from] = r.split('-').map(Number);
      return ports.some((p) => p.from <= from && to <= p.to);
    });
  return Object.entries(PORTS_OF).flatMap(([service, ranges]) =>
    SERVICES_ONLY.test(service) && hasWords(text, service) && !hasOneOf(ranges)
      ? [`${JSON.stringify(service)} of the sentence is in no clause`]
      : [],
  );
}

const JOINED = String.raw`(?:,\s*(?:and|or)?|\s+(?:and|or))\s+`;
const NAME = String.raw`([\p{L}\p{N}][\p{L}\p{N}_-]*)`;
const PART = /\b(?:begins?|beginning|starts?|starting|prefix(?:ed)?|ends?|ending|suffix(?:ed)?|contains?|containing)\b/;

/** "Tagged data=pii and stored in …", "… or run in …": what is said of a thing, not another name of it. */
const IS_SAID_OF =
  /^(?:\p{L}+(?:ed|ing)|runs?|lives?|sits?|stays?|resides?|belongs?|serves?|stores?|holds?|faces?) (?:in|on|at|by|with|under|to|from|as|for)\b/u;
const NO_NAME =
  /^(?:whatever|whichever|regardless|(?:no|every|any|else)where|(?:no|every|any)(?:thing|body|one)|otherwise|always|no|not|never|nor|neither|unless|except|without|too|one|if)$/;
/** A name in a list ends it, or is followed by a word that carries no meaning: "a and b must", not "a and keep backups". */
const endsList = (after: string): boolean => {
  const word = /^\s*([\p{L}\p{N}-]+)/u.exec(after)?.[1];
  return (
    /^\s*(?:$|[.;,:!?)"])/.test(after) ||
    (word !== undefined && (STOP.has(word) || /^(?:requires?|needs?|ought)$/.test(word)))
  );
};

/** Its values are names that people give. */
const isFree = ({ subject, name }: Pick<Named, 'subject' | 'name'>, kind: Kind): boolean =>
  subject === 'tag' || (subject === 'fact' && factsOf(kind)[name]?.shape.type === 'string');

/** A name beside a name that the clauses have ("in a and b"), and a beginning of names that no pattern has. */
function besideProblems(text: string, formals: readonly Formal[]): readonly string[] {
  return formals.flatMap(({ policy, kind }) => {
    const texts = literalsOf(policy).flatMap((n) =>
      typeof n.literal === 'string' ? [{ ...n, plain: plainText(n.literal) }] : [],
    );
    const have = texts.map((n) => n.plain);
    const vocabulary = plainText(JSON.stringify([kind, contextFacts])).replaceAll(/[_"]/g, ' ');
    const isName = (w: string): boolean =>
      !STOP.has(w) && !NO_NAME.test(w) && !have.includes(w) && !vocabulary.includes(` ${w.slice(0, 5)}`);
    return texts.flatMap(({ literal, plain, subject, name, op }) => {
      const word = escaped(plain);
      const problems: string[] = [];
      if (!isFree({ subject, name }, kind)) return problems;
      if (!plain.includes('*') && new RegExp(`${PART.source}(?: with)? "?${word}`, 'u').test(text))
        problems.push(`${kind.id}: ${JSON.stringify(literal)} is a part of names, and no pattern with * has it`);
      if (op === 'matches') return problems;
      const after = new RegExp(String.raw`(?<![\p{L}\p{N}])${word}${JOINED}(?:the )?${NAME}`, 'gu');
      const before = new RegExp(String.raw`${NAME}${JOINED}${word}(?![\p{L}\p{N}])`, 'gu');
      const beside = [
        ...[...text.matchAll(after)].filter((m) => {
          const rest = text.slice(m.index + m[0].length);
          return endsList(rest) && !IS_SAID_OF.test(`${m[1]}${rest}`);
        }),
        ...text.matchAll(before),
      ].map((m) => m[1] ?? '');
      for (const w of beside.filter(isName))
        problems.push(`${kind.id}: ${JSON.stringify(w)} beside ${JSON.stringify(literal)} is in no clause`);
      return problems;
    });
  });
}

/** "Starts with a or b": each of them is a pattern, where one of them is. */
function partProblems(text: string, formals: readonly Formal[]): readonly string[] {
  const list = new RegExp(String.raw`${PART.source}(?: with)? ("?${NAME}"?(?:${JOINED}(?:with )?"?${NAME}"?)*)`, 'gu');
  const said = [...text.matchAll(list)].flatMap((m) => {
    const after = text.slice(m.index + m[0].length);
    const names = (m[1] ?? '').split(new RegExp(`${JOINED}(?:with )?`)).map((n) => n.replaceAll('"', ''));
    return endsList(after) ? names : names.slice(0, 1);
  });
  return formals.flatMap(({ policy, kind }) => {
    const texts = literalsOf(policy).flatMap(({ literal, ...n }) =>
      typeof literal === 'string' && (n.op === 'matches' || isFree(n, kind)) ? [plainText(literal)] : [],
    );
    if (!texts.some((t) => said.some((n) => t.replaceAll('*', '') === n))) return [];
    return said
      .filter(
        (n) => !STOP.has(n) && !NO_NAME.test(n) && !texts.some((t) => t.includes('*') && t.replaceAll('*', '') === n),
      )
      .map((n) => `${kind.id}: ${JSON.stringify(n)} is a part of names, and no pattern with * has it`);
  });
}

function negationProblems(text: string, formals: readonly Formal[]): readonly string[] {
  const problems: string[] = [];
  // A negation of the exception is the exception's business.
  for (const sentence of text.split(/[.;]\s/)) {
    const said = plainly(sentence);
    const negations = [...said.matchAll(NEGATION)].length;
    const lacks = [...said.matchAll(LACK)].length;
    if (negations === 0 || (negations + lacks) % 2 === 0) continue;
    const mine = formals.filter(({ covers }) => covers.some((c) => sentence.includes(plainText(c.words))));
    for (const { policy, kind, covers } of mine) {
      const ids = covers.filter((c) => new RegExp(NEGATION.source).test(plainText(c.words))).map((c) => c.by);
      const clauses = policy.require.filter((c) => ids.includes(c.id));
      const conditions =
        clauses.length > 0
          ? clauses.map((c) => c.that)
          : [...policy.require.map((c) => c.that), ...(policy.applies_when === undefined ? [] : [policy.applies_when])];
      if (!conditions.some((c) => saysNo(c, factsOf(kind))))
        problems.push(`${kind.id}: the negation in ${JSON.stringify(sentence.slice(0, 120))} is in no clause`);
    }
  }
  return problems;
}

function exceptionProblems(text: string, formals: readonly Formal[]): readonly string[] {
  const said = plainly(text);
  const [exception] = [...said.matchAll(EXCEPTION)].flatMap((m) =>
    WHO.test(said.slice(m.index + m[0].length)) ? [] : [m[0]],
  );
  if (exception === undefined || formals.some(({ policy }) => saysException(policy))) return [];
  return [`the exception after ${JSON.stringify(exception)} is in no clause, no scope and no parameter`];
}

/** Words that no cover of any policy holds, that name no kind, and that carry meaning. */
function uncoveredOf(intent: string, formals: readonly Formal[]): readonly string[] {
  const covered = new Set(
    formals.flatMap(({ covers, kind }) => [
      ...covers.flatMap((c) => wordsOf(c.words)),
      ...wordsOf(kind.title),
      ...wordsOf(kind.id.replaceAll('_', ' ')),
    ]),
  );
  const isCovered = (w: string): boolean => covered.has(w) || covered.has(w.replace(/s$/, '')) || covered.has(`${w}s`);
  return [...new Set(wordsOf(intent))].filter((w) => !STOP.has(w) && !isCovered(w));
}
