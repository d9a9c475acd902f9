/** Concrete resources that a person is shown: from what a comparison found, in words and as a native document. */
import { DEFAULT_CONTEXT } from '../mappings/context.ts';
import { contextFacts } from '../kinds/index.ts';
import type { FactSpec, FactState, FactStates, FactValue, FieldSpec } from '../model/fact.ts';
import { isObject } from '../model/json.ts';
import type { Kind } from '../model/kind.ts';
import type { Verdict } from '../model/verdict.ts';
import { type CorePolicy, factsOf } from '../policy/core.ts';
import { toInput } from '../policy/input.ts';
import { formatIpRange, formatRange, isIpRange, isNone, isRange } from '../policy/literals.ts';
import { meaningOf, type PolicyInput } from '../policy/meaning.ts';
import { PROOF_NOW } from '../policy/proof.ts';
import type { AuthorDeps } from './deps.ts';
import type { Answer, ShownResource } from './intent.ts';

/** What a person's answer says the verdict is. */
export const VERDICT_OF: { readonly [answer in Exclude<Answer, 'skip'>]: Verdict } = {
  violation: 'violation',
  fine: 'compliant',
  does_not_apply: 'not_applicable',
};
/** What a person would answer who reads the policy; undefined for what is not decided. */
export const answerOf = (verdict: Verdict): Exclude<Answer, 'skip'> | undefined =>
  (Object.keys(VERDICT_OF) as (keyof typeof VERDICT_OF)[]).find((a) => VERDICT_OF[a] === verdict);

/** The verdict of a policy on facts that are all known; a reading without a policy of the kind never applies. */
export const judge = (core: CorePolicy | undefined, kind: Kind, facts: FactStates, now: number): Verdict =>
  core === undefined ? 'not_applicable' : meaningOf(core, toInput(facts, now, factsOf(kind))).verdict;

/** A tag whose value no policy reads has one all the same: no document has a key alone. */
const ANY_VALUE = 'any';
const tagShape = contextFacts['tags']?.shape.type === 'list' ? contextFacts['tags'].shape.of : undefined;

/** The facts of an input that a comparison found, as they would be known at `now`. */
export function statesOf(input: PolicyInput, kind: Kind, now: number): FactStates {
  const specs = factsOf(kind);
  const later = (spec: FactSpec | FieldSpec | undefined, v: unknown): unknown => {
    const shape = spec?.shape;
    if (shape?.type === 'timestamp') return typeof v === 'number' ? v + now - PROOF_NOW : v;
    if (shape?.type !== 'list' || !Array.isArray(v)) return v;
    const { of } = shape;
    return v.map((item: unknown) => {
      if (of.type !== 'record') return later({ says: '', optional: false, shape: of }, item);
      return isObject(item)
        ? Object.fromEntries(
            Object.entries(of === tagShape ? { value: ANY_VALUE, ...item } : item).map(([f, x]) => [
              f,
              later(of.fields[f], x),
            ]),
          )
        : item;
    });
  };
  const states = Object.fromEntries(
    Object.entries(input.facts).map(([fact, v]): [string, FactState] => {
      const isList = specs[fact]?.shape.type === 'list';
      const value = later(specs[fact], v) as FactValue;
      const closed = isList ? { closed: input.closed.includes(fact) } : {};
      return [fact, { state: 'known', value, ...closed, at: '' }];
    }),
  );
  return withContextTags(states);
}

/**
 * A comparison takes the tags and what is read from them (environment, …) for independent. No resource has an environment
 * by a tag and no tag: where the tags are told, the one that says it is among them.
 */
function withContextTags(states: FactStates): FactStates {
  const { tags } = states;
  if (tags?.state !== 'known' || !Array.isArray(tags.value)) return states;
  const has = tags.value as readonly { readonly key?: unknown }[];
  const added = CONTEXT_TAGS.flatMap(({ fact, keys, textOf }) => {
    const state = states[fact];
    if (state?.state !== 'known' || typeof state.value !== 'string' || has.some((t) => keys.includes(String(t.key))))
      return [];
    return [{ key: keys[0] ?? fact, value: textOf(state.value) }];
  });
  return added.length === 0 ? states : { ...states, tags: { ...tags, value: [...tags.value, ...added] } };
}
type Words = {
  readonly tag_keys: readonly string[];
  readonly values?: { readonly [value: string]: readonly string[] };
};
const CONTEXT_TAGS = (['environment', 'data_classification', 'owner'] as const).map((fact) => {
  const { tag_keys: keys, values }: Words = DEFAULT_CONTEXT[fact] ?? { tag_keys: [fact] };
  return { fact, keys, textOf: (value: string): string => values?.[value]?.[0] ?? value };
});

const words = (name: string): string => name.replaceAll('_', ' ');

/** `3 resources`, `1 resource`. */
export const counted = (n: number, one: string): string => `${n} ${n === 1 ? one : `${one}s`}`;

/** A value in words: of whatever is given. */
export function valueText(v: unknown, spec?: FactSpec | FieldSpec, name = ''): string {
  if (isNone(v)) return 'none';
  if (isIpRange(v)) return formatIpRange(v);
  if (isRange(v)) return formatRange(v);
  if (typeof v === 'boolean') return v ? 'yes' : 'no';
  if (Array.isArray(v)) return v.length === 0 ? 'empty' : v.map((x) => valueText(x)).join('; ');
  if (isObject(v))
    return `(${Object.entries(v)
      .map(([f, x]) => `${words(f)}: ${valueText(x)}`)
      .join(', ')})`;
  return typeof v === 'string' ? words(v) : `${String(v)}${unitOf(v, spec, name)}`;
}

/** ` days`, ` day` of one; nothing where the name of the fact says it. */
function unitOf(v: unknown, spec: FactSpec | FieldSpec | undefined, name: string): string {
  const unit = spec?.shape.type === 'int' ? spec.shape.unit : undefined;
  if (unit === undefined || words(name).endsWith(unit)) return '';
  return ` ${v === 1 ? unit.replace(/s$/, '') : unit}`;
}

/** A resource in words, from its facts: the same each time. */
export function describe(kind: Kind, facts: FactStates): string {
  const specs = factsOf(kind);
  const parts = Object.entries(facts).flatMap(([fact, state]) =>
    state.state === 'unknown' ? [] : [`${words(fact)}: ${valueText(state.value, specs[fact], fact)}`],
  );
  return parts.length === 0 ? `${kind.title}, whatever it is like` : `${kind.title}: ${parts.join(', ')}`;
}

/** A resource as a person is shown it, with a native document where one can be written. */
export function showResource(
  id: string,
  kind: Kind,
  facts: FactStates,
  deps: Pick<AuthorDeps, 'render'>,
  real = false,
): ShownResource {
  // Of a kind alone there is no document.
  const [rendered] = real || Object.keys(facts).length === 0 ? [] : deps.render(kind.id, facts);
  return {
    id,
    kind: kind.id,
    says: describe(kind, facts),
    facts,
    ...(rendered === undefined ? {} : { native: { dialect: rendered.dialect, document: parsed(rendered.text) } }),
    ...(real ? { real } : {}),
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
