/**
 * The words of a sentence against the clauses, by code and not by a model: numbers, negations and exceptions of the
 * sentence must be in the clauses, and what the clauses name must be in the sentence. English; of another language it
 * says that it cannot check the words (numbers and literals are still checked).
 */
import { contextFacts } from '../kinds/index.ts';
import type { FactSpec } from '../model/fact.ts';
import type { Condition, Literal, Operand, Policy } from '../model/policy.ts';
import { type CorePolicy, nodesOf, conditionsOf, factsOf } from '../policy/core.ts';
import { formatIpRange, formatRange, isIpRange, isNone, isRange, parseCidrLiteral } from '../policy/literals.ts';
import { type Formal, plainText } from './answer.ts';

export interface Coverage {
  /** What makes the draft wrong: a number of the sentence that is nowhere, a literal that no words say, … */
  readonly problems: readonly string[];
  /** Words of the sentence that nothing formalises. */
  readonly uncovered: readonly string[];
  /** The words could not be checked: the sentence is not English. */
  readonly unchecked: boolean;
}

// ── words ─────────────────────────────────────────────────────────────────────────────────────────────────────────

const NUMBER_WORDS: { readonly [word: string]: number } = {
  zero: 0,
  two: 2,
  three: 3,
  four: 4,
  five: 5,
  six: 6,
  seven: 7,
  eight: 8,
  nine: 9,
  ten: 10,
  twelve: 12,
  fourteen: 14,
  fifteen: 15,
  twenty: 20,
  thirty: 30,
  forty: 40,
  fifty: 50,
  sixty: 60,
  ninety: 90,
  hundred: 100,
};
/** Days of a unit; a month and a year as a person counts them: which of them is meant is a question, not a fault. */
const DAYS_OF: { readonly [unit: string]: readonly number[] } = {
  day: [1],
  week: [7],
  fortnight: [14],
  month: [30, 31],
  quarter: [90, 91, 92],
  year: [365, 366],
};
/** One beside the number is what "more than" and its kin mean in whole numbers. */
const BESIDE =
  /\b(?:more|less|fewer|greater|longer|shorter|older|over|under|above|below|exceeds?|exceeding|beyond|before|after)\b/;

/** Ports by the name of the service (IANA's registered ports). */
const PORTS_OF: { readonly [service: string]: readonly string[] } = {
  ftp: ['20-21', '20', '21'],
  ssh: ['22'],
  telnet: ['23'],
  smtp: ['25'],
  dns: ['53'],
  http: ['80'],
  https: ['443'],
  smb: ['445'],
  ldap: ['389'],
  rdp: ['3389'],
  winrm: ['5985-5986', '5985', '5986'],
  mysql: ['3306'],
  postgres: ['5432'],
  postgresql: ['5432'],
  mssql: ['1433', '1433-1434'],
  oracle: ['1521'],
  mongodb: ['27017', '27017-27019'],
  redis: ['6379', '6379-6380'],
  elasticsearch: ['9200', '9300'],
  memcached: ['11211'],
};
/** Addresses by name. */
const ADDRESSES_OF: readonly (readonly [RegExp, readonly string[]])[] = [
  [/\b(?:private|internal|rfc ?1918)\b/, ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7']],
  [/\b(?:internet|anywhere|everyone|world|any(?:where)?|public)\b/, ['0.0.0.0/0', '::/0']],
];
/** Words by which a sentence names a value of a context fact. */
const NAMES_OF: { readonly [value: string]: RegExp } = {
  production: /\b(?:non-?)?prod(?:uction)?\b|\blive\b/,
  staging: /\bstag(?:e|ing)\b|\bpre-?prod/,
  development: /\bdev(?:elopment)?\b/,
  test: /\btest(?:s|ing)?\b/,
  sandbox: /\bsandbox(?:es)?\b/,
  other: /\bother environments?\b/,
  public: /\bpublic\b/,
  internal: /\binternal\b/,
  confidential: /\bconfidential\b|\bsensitive\b|\bclassified\b/,
  restricted: /\brestricted\b|\bsensitive\b|\bclassified\b/,
  aws: /\baws\b|\bamazon\b|\bs3\b|\brds\b|\bec2\b|\bsagemaker\b/,
  azure: /\bazure\b|\bmicrosoft\b/,
  gcp: /\bgcp\b|\bgoogle\b|\bvertex\b|\bgcs\b/,
  kubernetes: /\bkubernetes\b|\bk8s\b/,
  ci: /\bci\b|\bpipelines?\b|\bworkflows?\b/,
};

const NEGATION =
  /\b(?:not|never|no|none|nobody|nothing|neither|nor|cannot|without|forbidden|prohibited|violat(?:es?|ions?|ing)|disallow(?:ed)?|deny|denied|\w+n't)\b/g;
/** Words that turn a negation round again: "no … unencrypted", "never … off". */
const LACK =
  /\b(?:un(?!less|til|der|ique|ion|it)\w+|disabled?|off|lacks?|lacking|missing|suspended|plain-?text|cleartext|insecure|non-?\w+)\b/g;
/** A fact whose truth is itself a refusal. */
const NEGATIVE_FACT = /\b(?:cannot|without|impossible|refused|blocked|protected|required|only)\b/;
const EXCEPTION = /\b(?:unless|except(?:ing|ion|ions)?|excluding|other than|apart from|but not|save for)\b/g;

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

// ── the numbers of a sentence ─────────────────────────────────────────────────────────────────────────────────────

export interface NumberWord {
  readonly text: string;
  /** What it may be in the clauses. */
  readonly values: readonly number[];
}

export function numbersOf(intent: string): readonly NumberWord[] {
  const text = plainText(intent).replaceAll(/(\d),(\d{3})\b/g, '$1$2');
  const found: NumberWord[] = [];
  const words = Object.keys(NUMBER_WORDS).join('|');
  // Not within a name (sha-256, cc6.1, s3), nor within an address; a port may name its protocol (22/tcp). "Of the two"
  // counts what was listed.
  const pattern = new RegExp(
    String.raw`(?<![\w./:-])(\d+(?:\.\d+)?|(?<!\bof the )(?:${words}))(?!(?!\/(?:tcp|udp)\b)[\w/:]|\.\d|-\p{L})(?:[\s-]+(day|week|fortnight|month|quarter|year)s?\b)?`,
    'gu',
  );
  for (const m of text.matchAll(pattern)) {
    const [all, digits = '', unit] = m;
    const n = NUMBER_WORDS[digits] ?? Number(digits);
    const days = unit === undefined ? [n] : (DAYS_OF[unit] ?? [1]).map((d) => n * d);
    const around = text.slice(Math.max(0, m.index - 24), m.index + all.length + 16);
    found.push({ text: all, values: BESIDE.test(around) ? days.flatMap((d) => [d, d - 1, d + 1]) : days });
  }
  // "a week", "one year"
  for (const m of text.matchAll(/\b(?:a|one|1|every) (day|week|fortnight|month|quarter|year)\b/g))
    found.push({ text: m[0], values: DAYS_OF[m[1] ?? ''] ?? [1] });
  return found;
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
  if (typeof literal === 'boolean' || isNone(literal)) return undefined;
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
    const written =
      (numbers.some((n) => n.values.includes(literal.from)) && numbers.some((n) => n.values.includes(literal.to))) ||
      new RegExp(String.raw`(?<![\w.])${literal.from}\s?(?:-|–|to)\s?${literal.to}(?![\w.])`).test(text);
    const meant = wordsOf(text).some((w) => (PORTS_OF[w] ?? []).includes(range));
    return written || meant || agreed.has(range) ? undefined : says;
  }
  if (typeof literal !== 'string') return says;
  const fact: FactSpec | undefined = subject === 'fact' ? contextFacts[name] : undefined;
  if (fact?.shape.type === 'enum') return (NAMES_OF[literal] ?? /(?!)/).test(text) ? undefined : says;
  // The values of a kind's own facts are what the sentence is formalised into: their meaning is judged, not their name.
  if (subject === 'field' || (subject === 'fact' && fact === undefined))
    return OWN_TEXT.has(op) ? grounded(literal, text, says) : undefined;
  return grounded(literal, text, says);
}
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
  const numbers = numbersOf(intent);
  const problems: string[] = [];
  const allLiterals: Literal[] = [];
  for (const { policy, kind } of formals) {
    const agreed = agreedRanges(kind.id, active);
    for (const named of literalsOf(policy)) {
      allLiterals.push(named.literal);
      const why = ungrounded(named, text, numbers, agreed);
      if (why !== undefined && !problems.includes(`${kind.id}: ${why}`)) problems.push(`${kind.id}: ${why}`);
    }
  }
  for (const { text: word, values } of numbers) {
    const isIn = (l: Literal): boolean =>
      (typeof l === 'number' && values.includes(l)) ||
      (isRange(l) && !isIpRange(l) && values.some((v) => v === l.from || v === l.to)) ||
      (typeof l === 'string' && wordsOf(l).includes(word));
    if (!allLiterals.some(isIn)) problems.push(`the number ${JSON.stringify(word)} of the sentence is in no clause`);
  }
  problems.push(...namedProblems(text, allLiterals), ...besideProblems(text, formals));
  const unchecked = !isEnglish(intent);
  if (!unchecked) problems.push(...negationProblems(text, formals), ...exceptionProblems(text, formals));
  return { problems, uncovered: unchecked ? [] : uncoveredOf(intent, formals), unchecked };
}

/** Words that can mean nothing but a value of a context fact. */
const NAMES_ONLY: { readonly [value: string]: RegExp } = {
  production: /\bproduction\b/,
  staging: /\bstaging\b/,
  development: /\bdevelopment\b/,
  test: /\bin (?:the )?test\b|\btest environments?\b/,
  sandbox: /\bsandbox(?:es)?\b/,
  confidential: /\bconfidential\b/,
  restricted: /\b(?:as|or|and|with|holds?) restricted\b(?! to\b)|\brestricted data\b/,
  aws: /\b(?:on|in) aws\b(?! kms)/,
  azure: /\b(?:on|in) azure\b(?! key)/,
  gcp: /\b(?:on|in) gcp\b(?! kms)/,
};

/** What two models leave out alike shows in no comparison of theirs: an environment that is named is in the clauses. */
function namedProblems(text: string, literals: readonly Literal[]): readonly string[] {
  return Object.entries(NAMES_ONLY).flatMap(([value, words]) =>
    !words.test(text) || literals.some((l) => typeof l === 'string' && plainText(l).includes(value))
      ? []
      : [`${JSON.stringify(value)} of the sentence is in no clause and no scope`],
  );
}

const JOINED = String.raw`(?:,\s*(?:and|or)?|\s+(?:and|or))\s+`;
const NAME = String.raw`([\p{L}\p{N}][\p{L}\p{N}_-]*)`;
const PART = /\b(?:begins?|beginning|starts?|starting|prefix(?:ed)?|ends?|ending|suffix(?:ed)?|contains?|containing)\b/;

const NO_NAME =
  /^(?:whatever|whichever|regardless|(?:no|every|any|else)where|(?:no|every|any)(?:thing|body|one)|otherwise|always|no|not|never|nor|neither|unless|except|without|too|one|if)$/;
/** A name in a list ends it, or is followed by a word that carries no meaning: "a and b must", not "a and keep backups". */
const endsList = (after: string): boolean => {
  const [word] = /^\s*([\p{L}\p{N}-]+)/u.exec(after) ?? [];
  return /^\s*(?:$|[.;,:!?)"])/.test(after) || (word !== undefined && STOP.has(word.trim()));
};

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
      const escaped = plain.replaceAll(/[^\p{L}\p{N}_-]/gu, '\\$&');
      const problems: string[] = [];
      if (!plain.includes('*') && new RegExp(`${PART.source}(?: with)? "?${escaped}`, 'u').test(text))
        problems.push(`${kind.id}: ${JSON.stringify(literal)} is a part of names, and no pattern with * has it`);
      const isFree = subject === 'tag' || (subject === 'fact' && factsOf(kind)[name]?.shape.type === 'string');
      if (!isFree || op === 'matches') return problems;
      const after = new RegExp(String.raw`(?<![\p{L}\p{N}])${escaped}${JOINED}(?:the )?${NAME}`, 'gu');
      const before = new RegExp(String.raw`${NAME}${JOINED}${escaped}(?![\p{L}\p{N}])`, 'gu');
      const beside = [
        ...[...text.matchAll(after)].filter((m) => endsList(text.slice(m.index + m[0].length))),
        ...text.matchAll(before),
      ].map((m) => m[1] ?? '');
      for (const w of beside.filter(isName))
        problems.push(`${kind.id}: ${JSON.stringify(w)} beside ${JSON.stringify(literal)} is in no clause`);
      return problems;
    });
  });
}

function negationProblems(text: string, formals: readonly Formal[]): readonly string[] {
  const problems: string[] = [];
  // A negation of the exception is the exception's business.
  for (const sentence of text.split(/[.;]\s/)) {
    const negations = [...sentence.matchAll(NEGATION)].length;
    const lacks = [...sentence.matchAll(LACK)].length;
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
  const [exception] = text.match(EXCEPTION) ?? [];
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
