/**
 * What tells inputs apart for a condition: its truth is remembered by that, and not by all that is known of a resource.
 *
 * A generated condition reads the facts that it names and nothing else; of the records of a list only the fields that it
 * names; and of a list that it only looks through for certain keys (a tag) only the records with those keys. Inputs that
 * look the same through its view give the same truth, items and all.
 */
import { isObject } from '../../model/json.ts';
import { type Core, type CorePolicy, nodesOf, readsOf } from '../../policy/core.ts';
import { namesItems, type PolicyInput } from '../../policy/meaning.ts';

/** One thing that a condition looks at. */
interface Aspect {
  readonly fact: string;
  /** The fields of a list's records that count; undefined: the whole value. */
  readonly fields?: readonly string[];
  /** The records that count: those whose field is one of these, or is no text. */
  readonly only?: { readonly field: string; readonly values: readonly string[] };
}

type ListNode = Extract<Core, { op: 'every' | 'some' | 'count' }>;
const isListNode = (c: Core): c is ListNode => c.op === 'every' || c.op === 'some' || c.op === 'count';

/** The fields that a condition on the records of a list names; undefined if it is on items that are no records. */
function fieldsOf({ that }: ListNode): readonly string[] | undefined {
  const fields: string[] = [];
  for (const node of nodesOf(that)) {
    if (node.op !== 'test') continue;
    if (!('field' in node.subject)) return undefined;
    fields.push(node.subject.field);
  }
  return fields;
}

/**
 * The records that a quantifier can be decided by: `some` that are such and such, or none that are, where "such" begins
 * with the text of a field. All others surely are not, and settle nothing. Undefined: any record may decide it.
 */
function onlyOf(node: ListNode): Aspect['only'] {
  const such =
    node.op === 'some' ? node.that : node.op === 'every' && node.that.op === 'not' ? node.that.of : undefined;
  for (const c of such?.op === 'all' ? such.of : such === undefined ? [] : [such]) {
    if (c.op !== 'test' || !('field' in c.subject) || c.shape.type !== 'string' || c.test.op !== 'in') continue;
    const { values } = c.test;
    if (values.every((v) => typeof v === 'string')) return { field: c.subject.field, values };
  }
  return undefined;
}

/** What conditions look at together. */
export interface Looker {
  readonly conditions: readonly Core[];
  /** The facts that they read. */
  readonly reads: Iterable<string>;
  /** Their truth depends on the instant too. */
  readonly readsTime: boolean;
  /** Their whole truth, with the places of items that fail. @default only whether they hold */
  readonly names?: boolean;
}

/** What decides whether a policy applies, and what becomes of its clauses. */
export interface Lookers {
  readonly clauses: Looker;
  readonly scope: Looker;
}

/** Of a generated policy. */
export function lookersOf({ scope, clauses }: CorePolicy): Lookers {
  const looker = (conditions: readonly Core[], names: boolean): Looker => ({
    conditions,
    reads: readsOf(conditions),
    readsTime: conditions.some(isTimed),
    names,
  });
  return {
    clauses: looker(
      clauses.map((c) => c.that),
      true,
    ),
    scope: looker(scope === undefined ? [] : [scope], false),
  };
}

/** Whether a condition compares an instant with now. */
export const isTimed = (c: Core): boolean => [...nodesOf(c)].some((n) => n.op === 'test' && n.test.op === 'older_than');

function aspectOf(fact: string, { conditions, names }: Looker): Aspect {
  const nodes = conditions.flatMap((c) => [...nodesOf(c)].filter(isListNode).filter((n) => n.list === fact));
  const fields = nodes.map(fieldsOf);
  if (nodes.length === 0 || fields.includes(undefined)) return { fact };
  const aspect = { fact, fields: [...new Set(fields.flatMap((f) => f ?? []))].sort() };
  const named = names === true && conditions.some((c) => namesItems(c) && c.list === fact);
  const only = nodes.map(onlyOf);
  const field = only[0]?.field;
  if (named || field === undefined || only.some((o) => o?.field !== field)) return aspect;
  return { ...aspect, only: { field, values: [...new Set(only.flatMap((o) => o?.values ?? []))].sort() } };
}

/** The value as the aspect shows it, as text. */
function textOf({ fields, only }: Aspect, value: unknown): string {
  if (fields === undefined || !Array.isArray(value)) return JSON.stringify(value);
  const shown: unknown[] = [];
  for (const item of value as readonly unknown[]) {
    if (!isObject(item)) {
      shown.push(item);
      continue;
    }
    const key = only === undefined ? undefined : item[only.field];
    if (only !== undefined && typeof key === 'string' && !only.values.includes(key)) continue;
    shown.push(fields.map((field) => (item[field] === undefined ? [] : [item[field]])));
  }
  return JSON.stringify(shown);
}

/** Which lookers look at the same: `members` are their indexes. */
export interface View {
  readonly members: readonly number[];
  /** What their truth depends on, of an input whose tokens these are. */
  readonly key: (tokens: readonly number[], now: number) => string;
}

export interface Views {
  readonly views: readonly View[];
  /** A number for each thing that is looked at: the same number, the same value. */
  readonly tokens: (input: PolicyInput) => readonly number[];
}

const ABSENT = 0;
const FALSE = 1;
const TRUE = 2;

/** The views of lookers. So many values are known by their numbers; beyond that all get new ones. */
export function viewsOf(lookers: readonly Looker[], mostTexts: number): Views {
  const aspects: Aspect[] = [];
  const indexOf = new Map<string, number>();
  const members = new Map<string, { aspects: number[]; readsTime: boolean; members: number[] }>();
  for (const [i, looker] of lookers.entries()) {
    const { reads, readsTime } = looker;
    const own = [...reads].sort().map((fact) => {
      const aspect = aspectOf(fact, looker);
      const name = JSON.stringify(aspect);
      const index = indexOf.get(name) ?? aspects.push(aspect) - 1;
      indexOf.set(name, index);
      return index;
    });
    const name = `${own.join()} ${readsTime}`;
    const view = members.get(name) ?? { aspects: own, readsTime, members: [] };
    members.set(name, view);
    view.members.push(i);
  }

  // Numbers are never used again: what was remembered by an old one is not found any more, and never found wrongly.
  let last = TRUE;
  const numbers = new Map<string, number>();
  const numberOf = (text: string): number => {
    const known = numbers.get(text);
    if (known !== undefined) return known;
    if (numbers.size >= mostTexts) numbers.clear();
    numbers.set(text, ++last);
    return last;
  };
  return {
    views: [...members.values()].map((view) => ({
      members: view.members,
      key: (tokens, now) => {
        let key = view.readsTime ? `${now}` : '';
        for (const aspect of view.aspects) key += `,${tokens[aspect]}`;
        return key;
      },
    })),
    tokens: ({ facts, closed }) =>
      aspects.map((aspect) => {
        const value = facts[aspect.fact];
        if (value === undefined) return ABSENT;
        if (typeof value === 'boolean') return value ? TRUE : FALSE;
        // A text is told from the JSON of anything else by its first letter.
        if (typeof value === 'string') return numberOf(`s${value}`);
        const text = textOf(aspect, value);
        return numberOf(Array.isArray(value) && closed.includes(aspect.fact) ? `closed ${text}` : text);
      }),
  };
}
