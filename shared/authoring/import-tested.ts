/**
 * Rego that cannot be said in clauses, kept as it is inside of the two-sided contract: it is asked only where everything
 * that it reads is known, of its type and seen completely, because it says nothing of what is missing. Then `fails` is
 * what it denies, and `holds` is what it does not.
 */
import type { FactSpec, FieldSpec, ScalarType } from '../model/fact.ts';
import type { Kind } from '../model/kind.ts';
import { factsOf } from '../policy/core.ts';
import { literal, packageOf, quote } from '../policy/to-rego.ts';
import { readsIn, type RegoTree, nameOf } from './lift.ts';

/** The one clause of such a policy. */
export const IMPORTED_CLAUSE = 'as-imported';

export type Wrapped =
  | {
      readonly is: 'wrapped';
      readonly rego: string;
      readonly reads: readonly string[];
      readonly decisions: readonly string[];
      readonly allows: boolean;
    }
  | { readonly is: 'not_wrapped'; readonly because: readonly string[] };

const DENIES = /^(deny|violation)(_[a-z0-9_]+)?$/;
/** What the contract calls its own. */
const OWN = new Set(['result', 'declared', 'holds', 'fails', 'values', 'input', 'data']);
const OWN_PREFIX = 'imported_';
const IMPORT = /^(import (rego\.v1|future\.keywords)\b.*|package .*)$/gm;

/** The facts by their names in the paths that are read; what is no fact of the kind is told. */
function factsRead(reads: readonly string[], facts: { readonly [fact: string]: FactSpec }) {
  const read = new Set<string>();
  const strangers: string[] = [];
  for (const path of reads) {
    const [, name = ''] = /^input\.facts\.(\w+)/.exec(path) ?? [];
    if (Object.hasOwn(facts, name)) read.add(name);
    else strangers.push(path);
  }
  return { read: [...read].sort(), strangers };
}

/** Wraps a module of Rego v1, whose text and syntax tree these are. What it may call and look at, the gates say. */
export function wrapRego(
  { text, tree }: { readonly text: string; readonly tree: RegoTree },
  kind: Kind,
  { id, title }: { readonly id: string; readonly title: string },
): Wrapped {
  const rules = tree.rules ?? [];
  const facts = factsOf(kind);
  const { read, strangers } = factsRead(readsIn(rules), facts);
  const names = [...new Set(rules.map(nameOf))];
  const denies = names.filter((name) => DENIES.test(name));
  const decisions = denies.length > 0 ? denies : names.filter((name) => name === 'allow');
  const because = [
    ...strangers.map((path) => `it reads ${path}, which is no fact of ${kind.id}`),
    ...names
      .filter((n) => OWN.has(n) || n.startsWith(OWN_PREFIX))
      .map((n) => `a rule is called ${n}, which has a meaning here`),
    ...(decisions.length === 0 ? ['no rule is called deny, violation or allow'] : []),
    ...(read.length === 0 ? ['it reads no fact'] : []),
  ];
  if (because.length > 0) return { is: 'not_wrapped', because };
  const isSet = (name: string): boolean =>
    rules.some(({ head }) => (head.ref?.[0]?.value ?? head.name) === name && head.key !== undefined);
  const allows = denies.length === 0;
  const decided = allows
    ? ['imported_denied if not imported_allowed\n', 'imported_allowed if allow == true\n']
    : denies.map((name) => `imported_denied if ${isSet(name) ? `count(${name}) > 0` : name}\n`);
  const guards = new Guards();
  const known = read.flatMap((fact) => guards.fact(fact, facts[fact] as FactSpec));
  const body = text.replaceAll(IMPORT, '').trim();
  const rego = `# METADATA
# title: ${quote(title)}
# description: Imported; its own rules stand below, behind guards.
# schemas:
#   - input: schema.${kind.id}
package ${packageOf(id)}
${guards.usesValues ? '\nimport data.edict.values\n' : ''}
# METADATA
# entrypoint: true
result := {"declared": declared, "holds": holds, "fails": fails}

declared := [${quote(IMPORTED_CLAUSE)}]

# All that it reads is known: of what is missing it says nothing.
imported_known if {
${known.map((line) => `\t${line}\n`).join('')}}

${guards.rules.join('\n')}
${decided.join('\n')}
holds contains ${quote(IMPORTED_CLAUSE)} if {
	imported_known
	not imported_denied
}

fails contains {"clause": ${quote(IMPORTED_CLAUSE)}} if {
	imported_known
	imported_denied
}

${body}
`;
  const pack = (tree.package?.path ?? []).slice(1).map((t) => String(t.value));
  return { is: 'wrapped', rego, reads: read, decisions: decisions.map((name) => [...pack, name].join('/')), allows };
}

/** Bodies that a value of each type, and no other, makes true. */
class Guards {
  readonly rules: string[] = [];
  usesValues = false;

  /** The lines that say that a fact is known. */
  fact(name: string, { shape, optional }: FactSpec): readonly string[] {
    const x = `input.facts.${name}`;
    if (shape.type !== 'list') return [this.value(name, x, { shape, optional })];
    const { of } = shape;
    const lines = [`is_array(${x})`, 'is_array(input.closed)', `${quote(name)} in input.closed`];
    if (of.type !== 'record') return [...lines, `every item in ${x} { ${this.scalar('item', of)} }`];
    const fields = Object.entries(of.fields).map(([field, f]) => this.value(`${name}_${field}`, `item.${field}`, f));
    return [...lines, `every item in ${x} {\n${fields.map((l) => `\t\t${l}\n`).join('')}\t}`];
  }

  /** One line; what may be `none`, or is a list, is said by a rule. */
  value(name: string, x: string, { shape, optional }: Pick<FieldSpec, 'shape' | 'optional'>): string {
    if (shape.type !== 'list' && !optional) return this.scalar(x, shape);
    const head = `imported_${name}_known(x)`;
    if (optional) this.rules.push(`${head} if x == {"none": true}\n`);
    this.rules.push(
      shape.type === 'list'
        ? `${head} if {\n\tis_array(x)\n\tevery member in x { ${this.scalar('member', shape.of)} }\n}\n`
        : `${head} if ${this.scalar('x', shape)}\n`,
    );
    return `imported_${name}_known(${x})`;
  }

  scalar(x: string, shape: ScalarType): string {
    switch (shape.type) {
      case 'bool':
        return `is_boolean(${x})`;
      case 'string':
        return `is_string(${x})`;
      case 'enum':
        return `${x} in {${shape.values.toSorted().map(literal).join(', ')}}`;
      case 'int':
      case 'timestamp':
        return `is_number(${x})`;
      case 'range':
      case 'ip_range':
        this.usesValues = true;
        return `values.is_${shape.type}(${x})`;
    }
  }
}

/** The functions that a tool names as not allowed. */
export const refusedCalls = (objection: string): readonly string[] => [
  ...new Set([...objection.matchAll(/undefined function ([\w.]+)/g)].map((m) => m[1] ?? '')),
];
