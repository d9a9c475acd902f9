/**
 * The catalogue: all that a language model reads of the kinds and of the clause language. Text of declarations, the same
 * bytes for the same kinds, because it is the cached beginning of every request.
 */
import { contextFacts } from '../kinds/index.ts';
import type { FactSpec, FieldSpec } from '../model/fact.ts';
import type { Kind } from '../model/kind.ts';
import { OPERATORS } from '../policy/clauses.ts';

type Specs = { readonly [name: string]: FactSpec | FieldSpec };

/** The type of a fact in words: `enum of none, provider_key`, `int (days, at least 0)`. */
function typeText({ shape, optional }: FactSpec | FieldSpec): string {
  const scalar = (s: FactSpec['shape']): string => {
    switch (s.type) {
      case 'enum':
        return `enum of ${s.values.join(', ')}`;
      case 'int': {
        const bounds = [
          ...(s.unit === undefined ? [] : [s.unit]),
          ...(s.min === undefined ? [] : [`at least ${s.min}`]),
          ...(s.max === undefined ? [] : [`at most ${s.max}`]),
        ];
        return bounds.length === 0 ? 'int' : `int (${bounds.join(', ')})`;
      }
      case 'range':
        return `range of integers within ${s.min}-${s.max}`;
      case 'list':
        return s.of.type === 'record' ? 'list of records' : `list of ${scalar(s.of)}`;
      case 'bool':
      case 'string':
      case 'timestamp':
      case 'ip_range':
        return s.type;
    }
  };
  return `${scalar(shape)}${optional ? ', or none' : ''}`;
}

const factLines = (specs: Specs, indent: string): readonly string[] =>
  Object.entries(specs).flatMap(([name, spec]) => [
    `${indent}- ${name} (${typeText(spec)}): ${spec.says}`,
    ...(spec.shape.type === 'list' && spec.shape.of.type === 'record'
      ? factLines(spec.shape.of.fields, `${indent}    `)
      : []),
  ]);

const kindText = (kind: Kind): string => [`## kind ${kind.id}: ${kind.title}`, ...factLines(kind.facts, '')].join('\n');

const LANGUAGE = `# The clause language
A policy speaks of one kind. It has an optional scope (applies_when) and one or more clauses; a resource complies where every clause holds, and the policy does not apply where the scope does not hold. Conditions are JSON:
- {"fact": F, OPERATOR: VALUE} compares a fact. Operators by the type of the fact:
${Object.entries(OPERATORS)
  .map(([type, operators]) => `    ${type}: ${operators.join(', ')}`)
  .join('\n')}
  A fact that may be none also takes {"is": "none"}. "in" takes a list of values. "matches" knows * only. "older_than_days" is strict. "within" and "intersects" take a list of ranges ("22", "20-25") or of CIDRs ("10.0.0.0/8").
- {"all": [C, ...]}, {"any": [C, ...]}, {"not": C}
- {"every": LIST, "that": C}, {"some": LIST, "that": C}, {"none": LIST, "that": C}, {"count": LIST, "that": C, "at_least": N, "at_most": N} over a list fact. Inside, speak of the item only: {"field": FIELD, OPERATOR: VALUE} where items are records, {"item": true, OPERATOR: VALUE} where they are scalars. Quantifiers do not nest.
- {"tag": {"key": K}} (it is there), {"tag": {"key": K, "is": V}} (also "in", "matches"; "is": "none": it is not there).
- A value may be {"param": NAME} of a declared parameter (int, string, list_of_strings, list_of_ranges, list_of_ip_ranges): use one where a number or a list is a choice that may be made otherwise elsewhere.
What is not known is never guessed: say nothing about facts that are missing.

Examples:
1. "Databases in production must keep backups for at least 14 days"
   kind sql_database; applies_when {"fact": "environment", "is": "production"}; clause backups-kept {"fact": "backup_retention_days", "at_least": 14}
2. "Confidential buckets are never public, unless the tag exposed says website"
   kind object_store; applies_when {"fact": "data_classification", "is": "confidential"}; clause not-public {"any": [{"tag": {"key": "exposed", "is": "website"}}, {"all": [{"fact": "public_read", "is": false}, {"fact": "public_write", "is": false}]}]}
3. "Nothing on the internet may reach Telnet"
   kind firewall; clause no-telnet {"none": "ingress", "that": {"all": [{"field": "internet", "is": true}, {"field": "protocol", "in": ["tcp", "all"]}, {"field": "ports", "intersects": ["23"]}]}}`;

/** The catalogue of these kinds in full. */
export const catalogueOf = (kinds: readonly Kind[]): string =>
  [
    LANGUAGE,
    '# Facts of every kind (context)',
    factLines(contextFacts, '').join('\n'),
    '# Kinds and their facts',
    ...kinds.map(kindText),
  ].join('\n\n');

/** The kinds in one line each, to select from. */
export const indexOfKinds = (kinds: readonly Kind[]): string =>
  [
    '# Kinds',
    ...kinds.map((k) => `- ${k.id}: ${k.title}. Facts: ${Object.keys(k.facts).join(', ') || 'none of its own'}`),
  ].join('\n');
