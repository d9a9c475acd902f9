/**
 * Writes the Rego of a policy. Two-sided: `holds` proves that a clause holds, `fails` that it fails. Every rule is in
 * positive form and every comparison is guarded by type, so that what is missing, null or of the wrong type proves
 * neither; `not` stands only on a total call of guarded arguments.
 */
import type { IpRange, Range, ScalarType } from '../model/fact.ts';
import type { Policy } from '../model/policy.ts';
import type { Core, CoreAtom, CorePolicy } from './core.ts';
import { formatIpRange, isIpRange, isNone } from './literals.ts';
import { CLOCK_SKEW_SECONDS, namesItems } from './meaning.ts';

/** What proves one side of a condition. `or: []` is never, `and: []` always. */
type Proof =
  | { readonly and: readonly Proof[] }
  | { readonly or: readonly Proof[] }
  | { readonly line: string }
  | { readonly every: string; readonly that: Proof }
  | { readonly some: string; readonly that: Proof }
  | { readonly matching: string; readonly that: Proof; readonly compare: string };

const NEVER: Proof = { or: [] };
const isNever = (p: Proof): boolean => 'or' in p && p.or.length === 0;

/** A conjunction; never if one of its members is. */
function and(...members: readonly Proof[]): Proof {
  const flat = members.flatMap((m) => ('and' in m ? m.and : [m]));
  if (flat.some(isNever)) return NEVER;
  return flat.length === 1 && flat[0] !== undefined ? flat[0] : { and: flat };
}
/** A disjunction without members that are never. */
function or(...members: readonly Proof[]): Proof {
  const flat = members.flatMap((m) => ('or' in m ? m.or : [m]));
  return flat.length === 1 && flat[0] !== undefined ? flat[0] : { or: flat };
}
const lines = (...ls: readonly string[]): Proof => and(...ls.map((line) => ({ line })));

/** Names that a hoisted constant must not take: keywords, the policy's own rules, the roots of built-in functions. */
const RESERVED = new Set(
  (
    'abs all and any array as base64 base64url bits cast ceil concat contains count crypto data declared default else ' +
    'endswith every fails false floor format glob graph graphql hex holds http if import in indexof input intersection ' +
    'io is item json lower max min net not null numbers object opa or package policy print product providers rand ' +
    'range regex rego replace result round scope semver set some sort split sprintf startswith strings substring sum ' +
    'time trace trim true types union units upper urlquery uuid values walk with yaml'
  ).split(' '),
);
const MOST_INLINE = 4;
const NONE_REGO = '{"none": true}';

class Writer {
  /** Hoisted constants: the text of the value -> its name. */
  readonly constants = new Map<string, string>();
  /** Helper rules: their bodies -> name and parameter. Chained by else: the engine stops at the first that holds. */
  readonly helpers = new Map<string, { readonly head: string; readonly bodies: readonly (readonly string[])[] }>();
  usesValues = false;

  // ── what proves a condition, and what disproves it ────────────────────────────────────────────────────────────

  prove(c: Core, want: boolean, item?: string): Proof {
    switch (c.op) {
      case 'all':
      case 'any': {
        const members = c.of.map((x) => this.prove(x, want, item));
        return want === (c.op === 'all') ? and(...members) : or(...members);
      }
      case 'not':
        return this.prove(c.of, !want, item);
      case 'choose': {
        const yes = this.prove(c.yes, want, item);
        const no = this.prove(c.no, want, item);
        return or(and(this.prove(c.when, true, item), yes), and(this.prove(c.when, false, item), no), and(yes, no));
      }
      case 'every':
      case 'some': {
        const that = this.prove(c.that, want, 'item');
        if (want === (c.op === 'every')) return and(...this.listGuards(c.list, true), { every: c.list, that });
        return isNever(that) ? NEVER : and(...this.listGuards(c.list, false), { some: c.list, that });
      }
      case 'count':
        return this.proveCount(c, want);
      case 'rego':
        return NEVER; // what the clauses do not say the compiler cannot write
      case 'test':
        return this.proveAtom(c, want, item);
    }
  }

  listGuards(list: string, closed: boolean): readonly Proof[] {
    const seen = lines(`is_array(input.facts.${list})`);
    return closed ? [seen, lines('is_array(input.closed)', `${quote(list)} in input.closed`)] : [seen];
  }

  proveCount(c: Extract<Core, { op: 'count' }>, want: boolean): Proof {
    const surely = this.prove(c.that, true, 'item');
    const surelyNot = this.prove(c.that, false, 'item');
    const seen = this.listGuards(c.list, false);
    const closed = this.listGuards(c.list, true);
    const least = (compare: string): Proof => and(...seen, { matching: c.list, that: surely, compare });
    // At most as many match as there are items that do not surely fail to.
    const most = (compare: string): Proof => and(...closed, { matching: c.list, that: surelyNot, compare });
    const size = `count(input.facts.${c.list})`;
    const sides: Proof[] = [];
    if (c.atLeast !== undefined) sides.push(want ? least(`>= ${c.atLeast}`) : most(`> ${size} - ${c.atLeast}`));
    if (c.atMost !== undefined) sides.push(want ? most(`>= ${size} - ${c.atMost}`) : least(`> ${c.atMost}`));
    return want ? and(...sides) : or(...sides);
  }

  proveAtom(atom: CoreAtom, want: boolean, item = 'item'): Proof {
    const { subject, shape, optional, test } = atom;
    const x =
      'fact' in subject ? `input.facts.${subject.fact}` : 'field' in subject ? `${item}.${subject.field}` : item;
    // `none` is surely not at least, within, … anything.
    const orNone = (p: Proof): Proof => (optional && !want ? or(lines(`${x} == ${NONE_REGO}`), p) : p);
    if (shape.type === 'list') {
      if (test.op !== 'contains') return lines(want ? `${x} == ${NONE_REGO}` : `is_array(${x})`);
      if (want) return lines(`is_array(${x})`, `${literal(test.value)} in ${x}`);
      const other = this.proveIn('member', shape.of, false, [test.value], false);
      return orNone(
        and(
          lines(`is_array(${x})`),
          lines(
            `every member in ${x} {\n${linesOf(other)
              .map((l) => `\t${l}\n`)
              .join('')}}`,
          ),
        ),
      );
    }
    switch (test.op) {
      case 'in':
        return this.proveIn(x, shape, optional, test.values, want, test.param);
      case 'at_least':
        return orNone(and(this.guard(x, shape), lines(`${x} ${want ? '>=' : '<'} ${test.value}`)));
      case 'at_most':
        return orNone(and(this.guard(x, shape), lines(`${x} ${want ? '<=' : '>'} ${test.value}`)));
      case 'matches':
        return orNone(and(this.guard(x, shape), this.proveMatches(x, test.pattern, want)));
      case 'older_than':
        this.usesValues = true;
        return orNone(
          lines(`values.is_instant(${x}, input.now)`, `input.now - ${x} ${want ? '>' : '<='} ${test.seconds}`),
        );
      case 'within':
      case 'intersects': {
        const ranges = this.ranges(test.ranges, test.param);
        return orNone(
          and(
            this.guard(x, shape),
            lines(
              `${want ? '' : 'not '}values.is_${shape.type}_${test.op === 'within' ? 'within' : 'touching'}(${x}, ${ranges})`,
            ),
          ),
        );
      }
      case 'contains':
        return NEVER;
    }
  }

  proveIn(
    x: string,
    shape: ScalarType,
    optional: boolean,
    values: readonly unknown[],
    want: boolean,
    param?: string,
  ): Proof {
    const domain: readonly unknown[] | undefined =
      shape.type === 'bool' ? [false, true] : shape.type === 'enum' ? shape.values : undefined;
    const named = values.filter((v) => !isNone(v));
    const none = optional && values.some(isNone) === want ? [{ none: true }] : [];
    // A closed domain is its own guard: the other side lists the other values.
    if (domain !== undefined) return this.oneOf(x, [...domain.filter((v) => named.includes(v) === want), ...none]);
    if (want) return this.oneOf(x, [...named, ...none], param);
    const guard = this.guard(x, shape);
    const other =
      named.length === 0
        ? guard
        : and(
            guard,
            named.length === 1 ? lines(`${x} != ${literal(named[0])}`) : lines(`not ${x} in ${this.set(named, param)}`),
          );
    return none.length === 0 ? other : or(this.oneOf(x, none), other);
  }

  /** On a guarded text. The engine compiles a regular expression anew each time, so only patterns that need one get one. */
  proveMatches(x: string, pattern: string, want: boolean): Proof {
    const [first = '', ...rest] = pattern
      .split('*')
      .filter((piece, i, all) => piece !== '' || i === 0 || i === all.length - 1);
    const last = rest.pop();
    if (last === undefined) return lines(`${x} ${want ? '==' : '!='} ${quote(pattern)}`);
    if (rest.length > 1 || (rest.length === 1 && (first !== '' || last !== '')))
      return lines(`${want ? '' : 'not '}regex.match(${regexOf(pattern)}, ${x})`);
    const calls = [
      ...(first === '' ? [] : [`startswith(${x}, ${quote(first)})`]),
      ...rest.map((piece) => `contains(${x}, ${quote(piece)})`),
      ...(last === '' ? [] : [`endswith(${x}, ${quote(last)})`]),
    ];
    const proofs = calls.map((call) => lines(want ? call : `not ${call}`));
    // The two ends must not overlap.
    const least = Array.from(first + last).length; // as Rego counts: code points
    if (first !== '' && last !== '') proofs.push(lines(`count(${x}) ${want ? '>=' : '<'} ${least}`));
    return want ? and(...proofs) : or(...proofs);
  }

  oneOf(x: string, values: readonly unknown[], param?: string): Proof {
    if (values.length === 0) return NEVER;
    return values.length === 1 ? lines(`${x} == ${literal(values[0])}`) : lines(`${x} in ${this.set(values, param)}`);
  }

  guard(x: string, shape: ScalarType): Proof {
    switch (shape.type) {
      case 'bool':
        return lines(`is_boolean(${x})`);
      case 'enum':
      case 'string':
        return lines(`is_string(${x})`);
      case 'int':
      case 'timestamp':
        return lines(`is_number(${x})`);
      case 'range':
      case 'ip_range':
        this.usesValues = true;
        return lines(`values.is_${shape.type}(${x})`);
    }
  }

  // ── constants ─────────────────────────────────────────────────────────────────────────────────────────────────

  set(values: readonly unknown[], param?: string): string {
    const inline = `{${values.toSorted(byRegoOrder).map(literal).join(', ')}}`;
    if (values.length <= MOST_INLINE) return inline;
    return this.hoist(`{\n${values.map((v) => `\t${literal(v)},\n`).join('')}}`, param ?? 'listed');
  }

  ranges(ranges: readonly Range[] | readonly IpRange[], param?: string): string {
    const inline = `[${ranges.map(literal).join(', ')}]`;
    if (ranges.length === 1) return inline;
    const rows = ranges.map((r) =>
      isIpRange(r) ? `\t# ${formatIpRange(r)}\n\t${literal(r)},\n` : `\t${literal(r)},\n`,
    );
    return this.hoist(`[\n${rows.join('')}]`, param ?? 'ranges');
  }

  hoist(text: string, wanted: string): string {
    const known = this.constants.get(text);
    if (known !== undefined) return known;
    const taken = new Set(this.constants.values());
    const base = RESERVED.has(wanted) || /^(is|to|trim)_/.test(wanted) ? `${wanted}_list` : wanted;
    let name = base;
    for (let n = 2; taken.has(name); n++) name = `${base}_${n}`;
    this.constants.set(text, name);
    return name;
  }

  // ── rules ─────────────────────────────────────────────────────────────────────────────────────────────────────

  /** The lines of a body that proves `p`; alternatives within it become a helper, named after `base`. */
  body(p: Proof, base: string, inItem: boolean): readonly string[] {
    if ('line' in p) return [p.line];
    if ('and' in p) return p.and.flatMap((m) => this.body(m, base, inItem));
    if ('or' in p) return isNever(p) ? ['false'] : [this.helper(p, base, inItem)];
    if ('every' in p) {
      if (isNever(p.that)) return [`count(input.facts.${p.every}) == 0`];
      const inner = this.body(p.that, base, true).map((l) => `\t${l.replaceAll('\n', '\n\t')}\n`);
      return [`every item in input.facts.${p.every} {\n${inner.join('')}}`];
    }
    if ('some' in p) {
      // A helper, so that two lists in one body do not share a variable.
      return [this.helper(and(p), base, inItem)];
    }
    if (isNever(p.that)) return [`0 ${p.compare}`];
    const call = this.helper(p.that, base, true);
    return [`count([item | some item in input.facts.${p.matching}; ${call}]) ${p.compare}`];
  }

  helper(p: Proof, base: string, inItem: boolean): string {
    const alternatives = 'or' in p ? p.or : [p];
    const bodies = alternatives.map((a) =>
      'some' in a ? this.someBody(a, base, 'some item') : this.body(a, base, inItem),
    );
    const key = JSON.stringify([inItem, bodies]);
    const known = this.helpers.get(key);
    if (known !== undefined) return known.head;
    const taken = [...this.helpers.values()].map((h) => h.head);
    const head = (n: number): string => `${base}${n === 1 ? '' : `_${n}`}${inItem ? '(item)' : ''}`;
    const isTaken = (n: number): boolean =>
      taken.some((t) => t.replace('(item)', '') === head(n).replace('(item)', ''));
    let n = 1;
    while (isTaken(n)) n++;
    this.helpers.set(key, { head: head(n), bodies });
    return head(n);
  }

  someBody(p: Extract<Proof, { some: string }>, base: string, some: string): readonly string[] {
    return [`${some} in input.facts.${p.some}`, ...this.body(p.that, base, true)];
  }

  /** The rules of one side of a clause: one for each alternative. */
  rules(
    head: (item: boolean) => string,
    p: Proof,
    base: string,
    itemsOf?: { readonly list: string; readonly that: Proof },
  ): readonly string[] {
    const alternatives = 'or' in p ? p.or : [p];
    return alternatives.map((a) => {
      const members = 'and' in a ? a.and : [a];
      if (itemsOf === undefined)
        return rule(
          head(false),
          members.flatMap((m) => this.body(m, base, false)),
        );
      const guards = members.filter((m) => !('some' in m)).flatMap((m) => this.body(m, base, false));
      const item = this.someBody({ some: itemsOf.list, that: itemsOf.that }, base, 'some i, item');
      return rule(head(true), [...guards, ...item]);
    });
  }

  clause(id: string, c: Core): { readonly holds: readonly string[]; readonly fails: readonly string[] } {
    const base = id.replaceAll('-', '_');
    const items =
      id !== 'scope' && namesItems(c)
        ? { list: c.list, that: this.prove(c.that, c.op === 'count', 'item') }
        : undefined;
    const holds = this.rules(() => `holds contains ${quote(id)}`, this.prove(c, true), `${base}_holds`);
    const failsHead = (item: boolean): string => `fails contains {"clause": ${quote(id)}${item ? ', "item": i' : ''}}`;
    return { holds, fails: this.rules(failsHead, this.prove(c, false), `${base}_fails`, items) };
  }
}

/** A rule; what the body says twice it says once. */
function rule(head: string, body: readonly string[]): string {
  const unique = [...new Set(body)];
  if (unique.length === 1 && !unique[0]?.includes('\n')) return `${head} if ${unique[0]}\n`;
  return `${head} if {\n${unique.map((l) => `\t${l.replaceAll('\n', '\n\t')}\n`).join('')}}\n`;
}

const linesOf = (p: Proof): readonly string[] =>
  'line' in p ? [p.line] : 'and' in p ? p.and.flatMap(linesOf) : ['false'];

/** The order that `opa fmt` gives the members of a set: by type, then by value. */
function byRegoOrder(a: unknown, b: unknown): number {
  const rank = (v: unknown): number => ['boolean', 'number', 'string', 'object'].indexOf(typeof v);
  if (rank(a) !== rank(b)) return rank(a) - rank(b);
  return typeof a === 'string' ? Buffer.compare(Buffer.from(a), Buffer.from(String(b))) : Number(a) - Number(b);
}

/** A text in Rego. */
export const quote = (text: string): string => JSON.stringify(text);

/** A literal in Rego: JSON with a space after each colon and comma. */
export function literal(v: unknown): string {
  if (Array.isArray(v)) return `[${v.map(literal).join(', ')}]`;
  if (typeof v === 'object' && v !== null) {
    return `{${Object.entries(v)
      .map(([k, x]) => `${quote(k)}: ${literal(x)}`)
      .join(', ')}}`;
  }
  return JSON.stringify(v);
}

/** The pattern as a regular expression over the whole text, newlines included. */
function regexOf(pattern: string): string {
  const escaped = pattern.replaceAll(/[\\^$.|?+()[\]{}]/g, '\\$&').replaceAll(/\*+/g, '.*');
  const regex = `(?s)^${escaped}$`;
  return regex.includes('`') ? quote(regex) : `\`${regex}\``;
}

/** The Rego package of a policy: `edict.policies.object_store.no_public_access`. */
export function packageOf(policyId: string): string {
  return `edict.policies.${policyId.replaceAll('-', '_')}`;
}

const oneLine = (text: string): string => text.replaceAll(/\s+/g, ' ').trim();

/** What `declared` lists: the clauses, and the scope where there is one. */
export function declaredOf(core: Pick<CorePolicy, 'scope' | 'clauses'>): readonly string[] {
  return [...(core.scope === undefined ? [] : ['scope']), ...core.clauses.map((c) => c.id)];
}

/**
 * The policy as Rego: readable, formatted as `opa fmt` would, one module that needs only `edict.values` beside it.
 * Its `result` is `{declared, holds: [clause], fails: [{clause, item}]}`; the scope is reported like a clause.
 */
export function toRego(policy: Policy, core: CorePolicy): string {
  const writer = new Writer();
  const sections: string[] = [];
  const section = (comment: string, id: string, c: Core): void => {
    const before = new Set(writer.helpers.keys());
    const { holds, fails } = writer.clause(id, c);
    const helpers = [...writer.helpers.entries()]
      .filter(([key]) => !before.has(key))
      .map(([, h]) => h.bodies.map((body, i) => rule(i === 0 ? h.head : 'else', body)).join('\n'));
    sections.push(
      [`# ${oneLine(comment)}\n${holds[0] ?? ''}`, ...holds.slice(1), ...fails, ...helpers]
        .filter((s) => s !== '')
        .join('\n'),
    );
  };
  if (core.scope !== undefined) section('It applies.', 'scope', core.scope);
  for (const { id, that } of core.clauses) {
    section(policy.require.find((c) => c.id === id)?.says ?? id, id, that);
  }
  // A side that no input can prove is an empty set, not a rule that is missing.
  for (const side of ['holds', 'fails']) {
    if (!sections.some((s) => s.includes(`${side} contains `))) sections.push(`${side} := set()\n`);
  }
  const constants = [...writer.constants].map(([text, name]) => `${name} := ${text}\n`);
  const head = `# METADATA
# title: ${quote(policy.title)}
# description: Generated from policy.yaml by npm run gen; edit that.
# schemas:
#   - input: schema.${policy.kind}
package ${packageOf(policy.id)}
${writer.usesValues ? '\nimport data.edict.values\n' : ''}
# METADATA
# entrypoint: true
result := {"declared": declared, "holds": holds, "fails": fails}

declared := [${declaredOf(core).map(quote).join(', ')}]
`;
  return [head, ...constants, ...sections].join('\n');
}

/** The module that every policy may import: what a well-typed value is, and how ranges compare. */
export const VALUES_REGO = `# METADATA
# title: Values
# description: Type guards and comparisons of the values in facts. Generated by npm run gen.
package edict.values

# An instant that may be believed: not more than ${CLOCK_SKEW_SECONDS} s ahead of now.
is_instant(x, now) if {
	is_number(x)
	is_number(now)
	x <= now + ${CLOCK_SKEW_SECONDS}
}

is_range(x) if {
	is_number(x.from)
	is_number(x.to)
	x.from <= x.to
}

hex_digits := {"ipv4": 8, "ipv6": 32}

is_ip_range(x) if {
	is_string(x.family)
	is_string(x.first)
	is_string(x.last)
	count(x.first) == hex_digits[x.family]
	count(x.last) == hex_digits[x.family]
	x.first <= x.last
}

# The range lies within one of the ranges (which are disjoint and have gaps between them).
is_range_within(x, ranges) if {
	from := x.from
	to := x.to
	some range in ranges
	from >= range.from
	to <= range.to
}

# The range shares a value with one of the ranges.
is_range_touching(x, ranges) if {
	from := x.from
	to := x.to
	some range in ranges
	from <= range.to
	to >= range.from
}

is_ip_range_within(x, ranges) if {
	first := x.first
	last := x.last
	some range in ranges
	x.family == range.family
	first >= range.first
	last <= range.last
}

is_ip_range_touching(x, ranges) if {
	first := x.first
	last := x.last
	some range in ranges
	x.family == range.family
	first <= range.last
	last >= range.first
}
`;
