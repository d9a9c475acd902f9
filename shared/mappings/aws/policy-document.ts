/**
 * What a bucket policy does: who may read and write without having been given access by name, and whether requests
 * without TLS are refused for everyone.
 *
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html#access-control-block-public-access-policy-status
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html (both read 2026-11-25)
 *
 * Three answers: `yes`, `no`, and `unknown` where a piece is unresolved, is not valid, or is a condition that this table
 * does not know. Each request is judged as AWS does: an applicable deny wins over any allow.
 */
import { isObject } from '../../model/json.ts';
import { type Body, Unresolved } from '../../model/native.ts';
import { parseCidr } from '../internet.ts';

export type Answer = 'yes' | 'no' | 'unknown';

export interface PolicyFindings {
  readonly read: Answer;
  readonly write: Answer;
  readonly tls_only: Answer;
}

/** What the caller knows about the bucket. */
export interface PolicySubject {
  /** The bucket's name, where it is known. */
  readonly bucket?: string | undefined;
  /** CloudFormation: the types of the template's resources that the policy refers to (`NativeResource.extra.types`). */
  readonly types?: { readonly [logicalId: string]: unknown } | undefined;
  /** CloudFormation: the logical id of the bucket, where the policy names one of the template. */
  readonly self?: string | undefined;
}

// --- three-valued logic ---------------------------------------------------------------------------------------------

const and = (...answers: readonly Answer[]): Answer =>
  answers.includes('no') ? 'no' : answers.includes('unknown') ? 'unknown' : 'yes';
const or = (...answers: readonly Answer[]): Answer =>
  answers.includes('yes') ? 'yes' : answers.includes('unknown') ? 'unknown' : 'no';
const not = (answer: Answer): Answer => (answer === 'yes' ? 'no' : answer === 'no' ? 'yes' : 'unknown');
const answer = (truth: boolean): Answer => (truth ? 'yes' : 'no');

// --- texts and patterns ---------------------------------------------------------------------------------------------

/** Stands in a text for a piece that is not known (a parameter without value). */
const OPEN = '\u0002';
/** Stands for a piece that is not known but is one fixed thing (a resource of the template): no wildcard, not everyone. */
const FIXED = '\u0001';

/** Stands for another bucket of the template than the policy's. */
const ANOTHER = '\u0003';

/** A text of the policy; undefined where nothing at all is known of it. */
function textOf(value: Body, subject: PolicySubject): string | undefined {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (!(value instanceof Unresolved) || !value.detail.includes('${') || value.detail.startsWith('Fn::'))
    return undefined;
  return value.detail.replaceAll(/\$\{([^}]*)\}/g, (whole, path: string) => {
    const [name = ''] = path.split('.');
    if (name === 'AWS::AccountId') return '000000000000';
    if (name.startsWith('AWS::')) return FIXED;
    if (name.startsWith('aws:')) return whole; // a policy variable
    const type = subject.types?.[name];
    if (type === undefined) return OPEN;
    if (type !== 'AWS::S3::Bucket') return FIXED;
    const bucket = subject.self === undefined || subject.self === name ? FIXED : ANOTHER;
    return path.endsWith('.Arn') ? `arn:aws:s3:::${bucket}` : bucket;
  });
}

const isOpen = (text: string): boolean => text.includes(OPEN);
const hasWildcard = (text: string): boolean => /[*?]/.test(text);

/** Glob with `*` and `?`; linear in practice, quadratic at worst. */
function matches(pattern: string, text: string): boolean {
  let p = 0;
  let t = 0;
  let star = -1;
  let mark = 0;
  while (t < text.length) {
    if (p < pattern.length && pattern[p] === '*') {
      star = p++;
      mark = t;
    } else if (p < pattern.length && (pattern[p] === text[t] || (pattern[p] === '?' && text[t] !== '*'))) {
      p++;
      t++;
    } else if (star >= 0) {
      p = star + 1;
      t = ++mark;
    } else return false;
  }
  while (pattern[p] === '*') p++;
  return p === pattern.length;
}

const MOST_STATES = 40_000;

/** Whether some text matches both patterns; unknown for patterns too long to tell. */
function intersects(a: string, b: string): Answer {
  if ((a.length + 1) * (b.length + 1) > MOST_STATES) return 'unknown';
  let reachable = new Set([0]);
  const width = b.length + 1;
  const skipStars = (from: ReadonlySet<number>): Set<number> => {
    const all = new Set<number>();
    const todo = [...from];
    for (let s = todo.pop(); s !== undefined; s = todo.pop()) {
      if (all.has(s)) continue;
      all.add(s);
      const i = Math.floor(s / width);
      const j = s % width;
      if (a[i] === '*') todo.push(s + width);
      if (b[j] === '*') todo.push(s + 1);
    }
    return all;
  };
  const end = a.length * width + b.length;
  const seen = new Set<number>();
  while (reachable.size > 0) {
    reachable = skipStars(reachable);
    if (reachable.has(end)) return 'yes';
    const next = new Set<number>();
    for (const s of reachable) {
      if (seen.has(s)) continue;
      seen.add(s);
      const x = a[Math.floor(s / width)];
      const y = b[s % width];
      if (x === undefined || y === undefined) continue;
      if (x !== '*' && y !== '*' && x !== '?' && y !== '?' && x !== y) continue;
      next.add(s + (x === '*' ? 0 : width) + (y === '*' ? 0 : 1));
    }
    reachable = next;
  }
  return 'no';
}

// --- statements -----------------------------------------------------------------------------------------------------

type Member = { readonly [key: string]: Body };
const memberOf = (value: Body | undefined): Member | undefined => (isObject(value) ? value : undefined);

interface Texts {
  readonly texts: readonly string[];
  /** Some of them are not known at all. */
  readonly open: boolean;
}
/** An element that is a text or a list of texts; undefined if it is neither. */
function textsOf(value: Body | undefined, subject: PolicySubject): Texts | undefined {
  if (value === undefined || value === null) return undefined;
  const list = Array.isArray(value) ? (value as readonly Body[]) : [value];
  const texts: string[] = [];
  let open = false;
  for (const item of list) {
    const text = textOf(item, subject);
    if (text !== undefined) texts.push(text);
    else if (item instanceof Unresolved) open = true;
    else return undefined;
  }
  return { texts, open };
}

/** Whether a set of principals is everyone. */
function isEveryone(principal: Body | undefined, subject: PolicySubject): Answer {
  if (principal === undefined || principal === null) return 'unknown';
  if (principal === '*') return 'yes';
  if (principal instanceof Unresolved) return 'unknown';
  const member = memberOf(principal);
  if (member === undefined) return 'unknown';
  const answers: Answer[] = [];
  for (const [kind, value] of Object.entries(member)) {
    const got = textsOf(value, subject);
    if (got === undefined || got.open) answers.push('unknown');
    for (const text of got?.texts ?? []) {
      if (kind === 'AWS') answers.push(text === '*' ? 'yes' : isOpen(text) || hasWildcard(text) ? 'unknown' : 'no');
      else if (kind === 'Service' || kind === 'CanonicalUser')
        answers.push(isOpen(text) || hasWildcard(text) ? 'unknown' : 'no');
      else answers.push('unknown'); // Federated: who that is, is for the identity provider to say
    }
  }
  return or(...answers);
}

/** What of a bucket a statement speaks of: the bucket itself, and patterns over its keys. */
interface Scope {
  readonly bucket: Answer;
  readonly keys: readonly string[];
  /** A resource that is not known may mean more. */
  readonly open: boolean;
}

function scopeOf(resources: Texts, subject: PolicySubject): Scope {
  let bucket: Answer = 'no';
  let { open } = resources;
  const keys: string[] = [];
  for (const text of resources.texts) {
    if (/^\*+$/.test(text)) {
      bucket = 'yes';
      keys.push('*');
      continue;
    }
    const arn = /^arn:[^:]*:s3:::(.*)$/s.exec(text);
    const rest = arn?.[1] ?? (text.startsWith(OPEN) ? text : undefined);
    if (rest === undefined) continue; // an access point, another service: not of this bucket
    const slash = rest.indexOf('/');
    const name = slash < 0 ? rest : rest.slice(0, slash);
    if (name.includes(ANOTHER)) continue;
    // S3 refuses a policy that names another bucket, so a name that is not known is this bucket's.
    const mine = isOpen(name) || name.includes(FIXED) || subject.bucket === undefined || matches(name, subject.bucket);
    if (
      !mine &&
      !(slash < 0 && name.includes('*') && subject.bucket !== undefined && matches(name, `${subject.bucket}/`))
    )
      continue;
    if (slash < 0) {
      if (arn === null)
        open = true; // the whole resource is a parameter
      else bucket = 'yes';
      if (name.endsWith('*')) keys.push('*');
    } else keys.push(rest.slice(slash + 1).replaceAll(OPEN, '*'));
  }
  return { bucket, keys, open };
}

type Level = 'bucket' | 'object';

/** A place of the bucket that an allow reaches: the bucket itself or the keys of one pattern. */
type Place = { readonly level: 'bucket' } | { readonly level: 'object'; readonly key: string };

interface Statement {
  readonly effect: 'Allow' | 'Deny' | undefined;
  /** Its principals include everyone who is not named. */
  readonly everyone: Answer;
  /** It names callers to leave out (`NotPrincipal`). */
  readonly leavesOut: boolean;
  readonly covers: (action: string) => Answer;
  readonly allActions: Answer;
  readonly scope: Scope;
  /** The scope is what is excluded (`NotResource`). */
  readonly inverted: boolean;
  readonly conditions: readonly Condition[] | undefined; // undefined: not known
}

interface Condition {
  readonly operator: string;
  readonly key: string;
  readonly values: Texts;
}

function conditionsOf(value: Body | undefined, subject: PolicySubject): readonly Condition[] | undefined {
  if (value === undefined || value === null) return [];
  const operators = memberOf(value);
  if (operators === undefined) return undefined;
  const conditions: Condition[] = [];
  for (const [operator, block] of Object.entries(operators)) {
    const keys = memberOf(block);
    if (keys === undefined) return undefined;
    for (const [key, values] of Object.entries(keys)) {
      const texts = textsOf(values, subject);
      if (texts === undefined) return undefined;
      conditions.push({ operator: operator.toLowerCase(), key: key.toLowerCase(), values: texts });
    }
  }
  return conditions;
}

const NOTHING: Texts = { texts: [], open: true };

function readStatement(value: Body, subject: PolicySubject): Statement {
  const s = memberOf(value);
  const effect = s?.Effect === 'Allow' || s?.Effect === 'Deny' ? s.Effect : undefined;
  const principal =
    s?.NotPrincipal === undefined
      ? isEveryone(s?.Principal, subject)
      : // All but the named ones. The public is among the rest unless everyone is excepted.
        not(isEveryone(s.NotPrincipal, subject));
  const action = textsOf(s?.Action, subject) ?? NOTHING;
  const notAction = s?.NotAction === undefined ? undefined : (textsOf(s.NotAction, subject) ?? NOTHING);
  const patterns = (notAction ?? action).texts.map((t) => t.toLowerCase());
  const openActions = (notAction ?? action).open || patterns.some(isOpen);
  const inList = (name: string): Answer =>
    patterns.some((p) => !isOpen(p) && matches(p, name)) ? 'yes' : openActions ? 'unknown' : 'no';
  const everyAction = patterns.some((p) => /^(?:s3:)?\*+$/.test(p));
  const touchesS3 = or(...patterns.map((p) => intersects(p, 's3:*')));
  const notResource = s?.NotResource === undefined ? undefined : (textsOf(s.NotResource, subject) ?? NOTHING);
  return {
    effect,
    everyone: principal,
    leavesOut: s?.NotPrincipal !== undefined,
    covers: notAction === undefined ? inList : (name) => not(inList(name)),
    allActions:
      notAction === undefined
        ? everyAction
          ? 'yes'
          : openActions
            ? 'unknown'
            : 'no'
        : openActions
          ? 'unknown'
          : not(touchesS3),
    scope: scopeOf(notResource ?? textsOf(s?.Resource, subject) ?? NOTHING, subject),
    inverted: notResource !== undefined,
    conditions: conditionsOf(s?.Condition, subject),
  };
}

/** The places that an allow reaches at a level. */
function placesOf(statement: Statement, level: Level): readonly { readonly place: Place; readonly sure: Answer }[] {
  const { scope, inverted } = statement;
  if (level === 'bucket') {
    const applies = inverted ? not(scope.bucket) : scope.bucket;
    const sure =
      scope.open && applies === 'no' && !inverted
        ? 'unknown'
        : scope.open && inverted
          ? and(applies, 'unknown')
          : applies;
    return sure === 'no' ? [] : [{ place: { level }, sure }];
  }
  if (inverted) {
    if (scope.keys.includes('*')) return [];
    return [{ place: { level, key: '*' }, sure: scope.open ? 'unknown' : 'yes' }];
  }
  const places = scope.keys.map((key) => ({ place: { level, key } as const, sure: 'yes' as Answer }));
  return scope.open ? [...places, { place: { level, key: '*' }, sure: 'unknown' }] : places;
}

/** Whether a statement surely reaches all of a place. */
function coversPlace(statement: Statement, place: Place): Answer {
  const { scope, inverted } = statement;
  const otherwise: Answer = scope.open ? 'unknown' : 'no';
  if (place.level === 'bucket') {
    if (inverted) return scope.bucket === 'no' ? (scope.open ? 'unknown' : 'yes') : 'no';
    return scope.bucket === 'no' ? otherwise : scope.bucket;
  }
  if (inverted) {
    return and(not(or(...scope.keys.map((k) => intersects(k, place.key)))), scope.open ? 'unknown' : 'yes');
  }
  return scope.keys.some((k) => matches(k, place.key)) ? 'yes' : otherwise;
}

// --- conditions -----------------------------------------------------------------------------------------------------

const isFixed = (value: string): boolean => value !== '' && !hasWildcard(value);
/** The organisation of an organisation path (`o-a1b2/r-…/*`). */
const fixedOrganisation = (value: string): boolean => isFixed(value.split('/')[0] ?? '');
/** An ARN of one account, or without an account but of one named thing. */
const fixedArn = (value: string): boolean => {
  const [, , , , account = '', ...resource] = value.split(':');
  return account === '' ? resource.length > 0 && isFixed(value) : isFixed(account);
};
/** `AROA…:session`: the unique id of a role stands before the colon. */
const fixedUserId = (value: string): boolean => isFixed(value.split(':')[0] ?? '');

/** Keys that tell callers apart, and what of a value has to be fixed for it to name them. */
const CALLER_KEYS: { readonly [key: string]: (value: string) => boolean } = {
  'aws:sourcevpce': isFixed,
  'aws:sourcevpc': isFixed,
  'aws:vpceaccount': isFixed,
  'aws:vpceorgid': isFixed,
  'aws:vpceorgpaths': fixedOrganisation,
  'aws:principalaccount': isFixed,
  'aws:principalorgid': isFixed,
  'aws:principalorgpaths': fixedOrganisation,
  'aws:principalarn': fixedArn,
  'aws:sourceaccount': isFixed,
  'aws:sourceowner': isFixed,
  'aws:sourceorgid': isFixed,
  'aws:sourceorgpaths': fixedOrganisation,
  'aws:sourcearn': fixedArn,
  'aws:userid': fixedUserId,
};

/** Keys whose value any caller can choose, or that say nothing about the caller. */
const OTHER_KEYS: ReadonlySet<string> = new Set([
  'aws:securetransport',
  'aws:referer',
  'aws:useragent',
  'aws:vpcsourceip', // private addresses: anyone's network has them
  'aws:username', // any account may have a user of that name
  'aws:principaltype',
  'aws:multifactorauthpresent',
  'aws:multifactorauthage',
  'aws:requestedregion',
  'aws:tagkeys',
  'aws:resourceaccount',
  'aws:resourceorgid',
  'aws:resourceorgpaths',
  's3:resourceaccount',
  's3:authtype',
  's3:delimiter',
  's3:locationconstraint',
  's3:max-keys',
  's3:prefix',
  's3:signatureage',
  's3:signatureversion',
  's3:tlsversion',
  's3:versionid',
  's3:x-amz-acl',
  's3:x-amz-content-sha256',
  's3:x-amz-copy-source',
  's3:x-amz-grant-full-control',
  's3:x-amz-grant-read',
  's3:x-amz-grant-read-acp',
  's3:x-amz-grant-write',
  's3:x-amz-grant-write-acp',
  's3:x-amz-metadata-directive',
  's3:x-amz-server-side-encryption',
  's3:x-amz-storage-class',
]);
const OTHER_PREFIXES = [
  'aws:principaltag/',
  'aws:requesttag/',
  'aws:resourcetag/',
  's3:existingobjecttag/',
  's3:requestobjecttag',
];

const ADDRESS_KEY = 'aws:sourceip';
/** Wider IPv6 ranges are public in AWS's own evaluation. */
const WIDEST_IPV6 = 32;

/** An address range that names callers: not the internet. */
function narrowRange(value: string): Answer {
  const cidr = parseCidr(value);
  if (cidr === undefined) return 'unknown';
  if (cidr.notPublic) return 'yes';
  if (cidr.range.family === 'ipv6' && cidr.prefix < WIDEST_IPV6) return 'no';
  return answer(!cidr.internet);
}

/** Every value of the condition names callers. */
function namesCallers({ key, values }: Condition): Answer {
  if (values.open || values.texts.length === 0) return 'unknown';
  const fixed = CALLER_KEYS[key];
  return and(
    ...values.texts.map((value): Answer => {
      if (isOpen(value) || value.includes('${')) return 'unknown';
      if (key === ADDRESS_KEY) return narrowRange(value);
      return fixed === undefined ? 'unknown' : answer(fixed(value));
    }),
  );
}

interface Operator {
  readonly base: string;
  readonly negated: boolean;
  /** Holds too when the request has no such key. */
  readonly ifMissing: boolean;
}

/** `ForAnyValue:StringNotEqualsIfExists` taken apart; undefined where it is no comparison of texts or addresses. */
function operatorOf(name: string): Operator | undefined {
  const set = /^(forallvalues|foranyvalue):/.exec(name)?.[1];
  const ifExists = name.endsWith('ifexists');
  const plain = name.slice(set === undefined ? 0 : set.length + 1, ifExists ? -'ifexists'.length : undefined);
  const base = plain.replace('not', '');
  if (!['stringequals', 'stringequalsignorecase', 'stringlike', 'arnequals', 'arnlike', 'ipaddress'].includes(base)) {
    return undefined;
  }
  const negated = plain !== base;
  // A negated comparison holds for a missing key; over a set, ForAllValues does and ForAnyValue does not.
  const ifMissing = ifExists || (set === undefined ? negated : set === 'forallvalues');
  return { base, negated, ifMissing };
}

const saysNothing = (key: string): boolean =>
  OTHER_KEYS.has(key) || OTHER_PREFIXES.some((prefix) => key.startsWith(prefix));

/**
 * Whether a condition of an allow leaves only callers that it names. One that holds for a request without its key does so
 * only where another one asks that the key is there.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html#Conditions_Null
 * (read 2026-11-25)
 */
function narrows(condition: Condition, all: readonly Condition[]): Answer {
  const { key, operator } = condition;
  if (operator === 'null' || operator === 'nullifexists') return 'no';
  if (saysNothing(key)) return 'no';
  const isCallerKey = key in CALLER_KEYS || key === ADDRESS_KEY;
  const op = operatorOf(operator);
  if (!isCallerKey || op === undefined) return 'unknown';
  if (op.negated) return 'no';
  const there = op.ifMissing ? or(...all.filter((c) => c.key === key).map(asksForKey)) : 'yes';
  if (there === 'no') return 'no';
  if ((op.base === 'ipaddress') !== (key === ADDRESS_KEY)) return 'unknown';
  return and(there, namesCallers(condition));
}

/** Whether a condition holds only for requests that have its key. */
function asksForKey({ operator, values }: Condition): Answer {
  if (operator !== 'null') return 'no';
  if (values.open || values.texts.some(isOpen)) return 'unknown';
  return answer(values.texts.length > 0 && values.texts.every((v) => v.toLowerCase() === 'false'));
}

/** Whether a condition of a deny holds for every caller but those it names: the deny then leaves only them. */
function sparesOnlyNamed(condition: Condition): Answer {
  const { key, operator } = condition;
  const op = operatorOf(operator);
  const isCallerKey = key in CALLER_KEYS || key === ADDRESS_KEY;
  if (isCallerKey && op !== undefined) {
    if (!op.negated || !op.ifMissing) return 'no';
    if ((op.base === 'ipaddress') !== (key === ADDRESS_KEY)) return 'unknown';
    return namesCallers(condition);
  }
  return saysNothing(key) || operator.startsWith('null') ? 'no' : 'unknown';
}

/** Whether a condition of a deny holds for every request without TLS. */
function holdsWithoutTls({ operator, key, values }: Condition): Answer {
  if (values.open || values.texts.some(isOpen)) return 'unknown';
  if (key === 'aws:securetransport') {
    // The key is in every request: IfExists changes nothing.
    if (operator !== 'bool' && operator !== 'boolifexists') return 'unknown';
    const said = values.texts.map((v) => v.toLowerCase());
    if (said.includes('false')) return 'yes';
    return said.every((v) => v === 'true') ? 'no' : 'unknown'; // `no` is false in YAML 1.1
  }
  if (key === 's3:tlsversion') {
    // A request without TLS has no TLS version: without IfExists the comparison does not hold for it.
    if (operator === 'numericlessthanifexists' || operator === 'numericlessthanequalsifexists') {
      return answer(values.texts.some((v) => Number(v) >= 1));
    }
    return 'unknown';
  }
  return 'no';
}

// --- the answers ----------------------------------------------------------------------------------------------------

/** Requests that show objects, or that they exist. */
const READS: readonly (readonly [string, Level])[] = [
  ['s3:getobject', 'object'],
  ['s3:getobjectacl', 'object'],
  ['s3:getobjectattributes', 'object'],
  ['s3:getobjecttagging', 'object'],
  ['s3:getobjecttorrent', 'object'],
  ['s3:getobjectversion', 'object'],
  ['s3:getobjectversionacl', 'object'],
  ['s3:getobjectversionattributes', 'object'],
  ['s3:getobjectversionforreplication', 'object'],
  ['s3:getobjectversiontagging', 'object'],
  ['s3:getobjectversiontorrent', 'object'],
  ['s3:listbucket', 'bucket'],
  ['s3:listbucketversions', 'bucket'],
];

/** Requests that write or delete objects, or that change who may or what happens to them. */
const WRITES: readonly (readonly [string, Level])[] = [
  ['s3:putobject', 'object'],
  ['s3:putobjectacl', 'object'],
  ['s3:putobjectlegalhold', 'object'],
  ['s3:putobjectretention', 'object'],
  ['s3:putobjecttagging', 'object'],
  ['s3:putobjectversionacl', 'object'],
  ['s3:putobjectversiontagging', 'object'],
  ['s3:deleteobject', 'object'],
  ['s3:deleteobjecttagging', 'object'],
  ['s3:deleteobjectversion', 'object'],
  ['s3:deleteobjectversiontagging', 'object'],
  ['s3:bypassgovernanceretention', 'object'],
  ['s3:objectowneroverridetobucketowner', 'object'],
  ['s3:replicatedelete', 'object'],
  ['s3:replicateobject', 'object'],
  ['s3:replicatetags', 'object'],
  ['s3:restoreobject', 'object'],
  ['s3:updateobjectencryption', 'object'],
  ['s3:abortmultipartupload', 'object'],
  ['s3:deletebucket', 'bucket'],
  ['s3:deletebucketpolicy', 'bucket'],
  ['s3:deletebucketwebsite', 'bucket'],
  ['s3:putaccelerateconfiguration', 'bucket'],
  ['s3:putbucketacl', 'bucket'],
  ['s3:putbucketcors', 'bucket'],
  ['s3:putbucketlogging', 'bucket'],
  ['s3:putbucketnotification', 'bucket'],
  ['s3:putbucketobjectlockconfiguration', 'bucket'],
  ['s3:putbucketownershipcontrols', 'bucket'],
  ['s3:putbucketpolicy', 'bucket'],
  ['s3:putbucketpublicaccessblock', 'bucket'],
  ['s3:putbucketversioning', 'bucket'],
  ['s3:putbucketwebsite', 'bucket'],
  ['s3:putencryptionconfiguration', 'bucket'],
  ['s3:putlifecycleconfiguration', 'bucket'],
  ['s3:putreplicationconfiguration', 'bucket'],
];

/** Whether the public may do one of the requests. */
function publicMay(requests: readonly (readonly [string, Level])[], statements: readonly Statement[]): Answer {
  const denies = statements
    .filter((s) => s.effect !== 'Allow')
    .map((s) => ({
      s,
      // A statement whose effect is not known may be a deny.
      spares: and(
        s.everyone,
        s.effect === undefined ? 'unknown' : 'yes',
        ...(s.conditions === undefined ? (['unknown'] as const) : s.conditions.map(sparesOnlyNamed)),
      ),
    }))
    .filter((d) => d.spares !== 'no');
  let result: Answer = 'no';
  for (const s of statements) {
    if (s.effect === 'Deny') continue;
    const open = and(
      s.everyone,
      s.effect === undefined ? 'unknown' : 'yes',
      s.conditions === undefined ? 'unknown' : not(or(...s.conditions.map((c, _, all) => narrows(c, all)))),
    );
    if (open === 'no') continue;
    for (const [action, level] of requests) {
      const covered = s.covers(action);
      if (covered === 'no') continue;
      for (const { place, sure } of placesOf(s, level)) {
        const denied = or(...denies.map((d) => and(d.spares, d.s.covers(action), coversPlace(d.s, place))));
        result = or(result, and(open, covered, sure, not(denied)));
        if (result === 'yes') return result;
      }
    }
  }
  return result;
}

/** Whether every request without TLS is refused: for all callers, all actions, the bucket and all its objects. */
function refusesPlainRequests(statements: readonly Statement[]): Answer {
  const denies = statements
    .filter((s) => s.effect !== 'Allow')
    .map((s) => ({
      s,
      refuses: and(
        s.effect === undefined ? 'unknown' : 'yes',
        s.leavesOut ? 'no' : s.everyone,
        s.allActions,
        ...(s.conditions === undefined ? (['unknown'] as const) : s.conditions.map(holdsWithoutTls)),
      ),
    }));
  const places: readonly Place[] = [{ level: 'bucket' }, { level: 'object', key: '*' }];
  return and(...places.map((place) => or(...denies.map((d) => and(d.refuses, coversPlace(d.s, place))))));
}

const ALL_UNKNOWN: PolicyFindings = { read: 'unknown', write: 'unknown', tls_only: 'unknown' };
/** Without a bucket policy, nothing is allowed and nothing is refused by it. */
export const NO_POLICY: PolicyFindings = { read: 'no', write: 'no', tls_only: 'no' };

/** A policy is sometimes written as the text of a text. */
const MOST_ENCODINGS = 3;
/** AWS allows 20 KB; what has more statements than that could hold is no policy of AWS. */
const MOST_STATEMENTS = 300;

/** Analyses a bucket policy given as JSON text or as an object. Total on any input. */
export function analyseBucketPolicy(policy: Body, subject: PolicySubject = {}): PolicyFindings {
  let document: Body = policy;
  for (let i = 0; i < MOST_ENCODINGS && typeof document === 'string'; i++) {
    try {
      document = JSON.parse(document) as Body;
    } catch {
      return ALL_UNKNOWN;
    }
  }
  const value = memberOf(document)?.Statement;
  if (value === undefined || value === null || value instanceof Unresolved) return ALL_UNKNOWN;
  const list = Array.isArray(value) ? (value as readonly Body[]) : [value];
  if (list.length > MOST_STATEMENTS) return ALL_UNKNOWN;
  const statements = list.map((s) => readStatement(s, subject));
  return {
    read: publicMay(READS, statements),
    write: publicMay(WRITES, statements),
    tls_only: refusesPlainRequests(statements),
  };
}
