/**
 * From wanted facts to native documents: the inverse of the mappings. The tables only propose: a document is returned if
 * the real mapping reads from it every fact that is wanted, so that a mistake in a table shows as a gap, never as a
 * document that says something else.
 */
import { type FactState, type FactStates, type FactValue, NONE } from '../../model/fact.ts';
import { canonicalJson, isObject, type Json } from '../../model/json.ts';
import { DEFAULT_CONTEXT } from '../../mappings/context.ts';
import { detectForm } from '../../mappings/dialects/index.ts';
import { mapDocument } from '../../mappings/document.ts';
import { type Edits, edited, type Tag, withTexts } from './document.ts';
import { type NativeForm, waysOf } from './form.ts';
import { firewallForms } from './firewall.ts';
import { modelEndpointForms } from './model-endpoint.ts';
import { objectStoreForms } from './object-store.ts';
import { sqlDatabaseForms } from './sql-database.ts';

/** A native document that has some facts: `name` is a file name with its extension, its stem begins with the dialect. */
export interface Rendered {
  readonly dialect: string;
  readonly name: string;
  readonly text: string;
}

export interface RenderOptions {
  /** Only forms whose name begins with one of these (`aws`, `terraform-google`, `azure.arm-rest`). */
  readonly only?: readonly string[];
  /**
   * Takes a document whose fact is only assumed for one that is wanted as known: it may violate as that one does, but
   * never comply.
   */
  readonly assumed?: boolean;
  /** Fields that are to be unknown where an item of a list does not give them. Others are free. */
  readonly unknownFields?: readonly string[];
}

/** The forms of each kind. */
export const nativeForms: { readonly [kind: string]: readonly NativeForm[] } = {
  object_store: objectStoreForms,
  sql_database: sqlDatabaseForms,
  firewall: firewallForms,
  model_endpoint: modelEndpointForms,
};

/** The most combinations of ways that are tried for one form. */
const MOST_TRIED = 200;

/**
 * Native documents of a kind that have these facts, in every form that can say them; facts that are not given are free.
 * Pure, and the same each time.
 */
export function renderNative(kind: string, facts: FactStates, options: RenderOptions = {}): readonly Rendered[] {
  return (nativeForms[kind] ?? []).flatMap((form) => {
    if (options.only?.some((name) => form.name.startsWith(name)) === false) return [];
    const text = renderForm(kind, form, facts, options);
    return text === undefined ? [] : [{ dialect: form.envelope.dialect, name: `${form.name}.json`, text }];
  });
}

/** As `renderNative`, with what the mapping reads from each document. */
export const renderMapped = (
  kind: string,
  facts: FactStates,
  options: RenderOptions = {},
): readonly { readonly name: string; readonly facts: FactStates }[] =>
  renderNative(kind, facts, options).flatMap(({ name, text }) =>
    (factsIn(kind, text) ?? []).map((mapped) => ({ name, facts: mapped })),
  );

/** The text of the document in one form; undefined if it cannot say the facts. */
export function renderForm(
  kind: string,
  form: NativeForm,
  facts: FactStates,
  options: RenderOptions = {},
): string | undefined {
  const around = contextEdits(form, facts);
  if (around === undefined) return undefined;
  const own = Object.entries(facts).filter(([fact]) => !CONTEXT.has(fact));
  // What it cannot say alone it cannot say together with others: most of what is impossible is seen here.
  if (own.length > 1 && own.some(([fact, state]) => !canSay(kind, form, fact, state, options))) return undefined;
  const choices = own.map(([fact, state]) => waysFor(form, fact, state));
  let tried = 0;
  for (const chosen of combinations(choices)) {
    if (tried++ >= MOST_TRIED) break;
    const text = writeForm(form, [around.edits, ...chosen], around.replace);
    if (text !== undefined && agrees(kind, text, facts, options)) return text;
  }
  return undefined;
}

const said = new WeakMap<NativeForm, Map<string, boolean>>();
/** Whether a form can say one fact alone. */
export function canSay(
  kind: string,
  form: NativeForm,
  fact: string,
  state: FactState,
  options: RenderOptions = {},
): boolean {
  const known = said.get(form) ?? new Map<string, boolean>();
  said.set(form, known);
  const closed = state.state === 'unknown' ? undefined : state.closed;
  const value = state.state === 'unknown' ? undefined : state.value;
  const key = `${fact} ${state.state} ${String(closed)} ${String(options.assumed)} ${String(options.unknownFields)} ${canonicalJson(value ?? null)}`;
  const before = known.get(key);
  if (before !== undefined) return before;
  const can = renderForm(kind, form, { [fact]: state }, options) !== undefined;
  if (known.size < 10_000) known.set(key, can);
  return can;
}

function* combinations(choices: readonly (readonly Edits[])[]): Generator<readonly Edits[]> {
  const [first, ...others] = choices;
  if (first === undefined) {
    yield [];
    return;
  }
  // The last fact changes slowest, so that each is varied before the tries run out.
  for (const rest of combinations(others)) for (const way of first) yield [way, ...rest];
}

const textOf = (value: FactValue): string =>
  isObject(value) && 'none' in value ? 'none' : typeof value === 'object' ? JSON.stringify(value) : String(value);

/** The ways to say a fact; the base as it is may say it too. */
function waysFor(form: NativeForm, fact: string, state: FactState): readonly Edits[] {
  const setter = form.facts[fact];
  if (setter === undefined) return [{}];
  const ways =
    state.state === 'unknown'
      ? typeof setter === 'function'
        ? setter(NONE, false)
        : setter['unknown']
      : typeof setter === 'function'
        ? setter(state.value, state.closed ?? true)
        : setter[textOf(state.value)];
  const list = waysOf(ways);
  return list.length === 0 ? [{}] : list;
}

const writeForm = (
  form: NativeForm,
  edits: readonly Edits[],
  replace: readonly (readonly [string, string])[],
): string | undefined => {
  const document = withTexts(form.envelope.write(edited(form.draft, edits)));
  let text = `${JSON.stringify(document, undefined, 2)}\n`;
  for (const [from, to] of replace) text = text.replaceAll(from, to);
  return text;
};

/** The resources of a kind in a document, mapped as `edict check` maps them; undefined if it is of no known form. */
export function factsIn(kind: string, text: string): readonly FactStates[] | undefined {
  try {
    const document = JSON.parse(text) as Json;
    const form = detectForm(document);
    if (form === undefined) return undefined;
    const { resources } = mapDocument(form.read(document, {}), { context: DEFAULT_CONTEXT });
    return resources.filter((r) => r.kind.id === kind && !r.deleted).map((r) => r.facts);
  } catch {
    return undefined;
  }
}

function agrees(kind: string, text: string, wanted: FactStates, options: RenderOptions): boolean {
  const found = factsIn(kind, text);
  const [facts, another] = found ?? [];
  return facts !== undefined && another === undefined && differing(wanted, facts, options) === undefined;
}

/** The first wanted fact that is not so; undefined if all are. */
export function differing(wanted: FactStates, facts: FactStates, options: RenderOptions = {}): string | undefined {
  return Object.entries(wanted).find(([fact, state]) => {
    const got = facts[fact];
    if (got === undefined) return true;
    if (state.state === 'unknown' || got.state === 'unknown') return got.state !== state.state;
    if (state.state === 'assumed' ? got.state !== 'assumed' : got.state === 'assumed' && options.assumed !== true)
      return true;
    if (!Array.isArray(state.value)) return canonicalJson(got.value) !== canonicalJson(state.value);
    if ((state.closed ?? true) !== (got.closed ?? false) || !Array.isArray(got.value)) return true;
    return !sameItems(state.value, got.value, options.unknownFields ?? []);
  })?.[0];
}

/** Each wanted item is one of those that are there, and there are no others. The most particular ones choose first. */
function sameItems(wanted: readonly unknown[], got: readonly unknown[], unknownFields: readonly string[]): boolean {
  if (wanted.length !== got.length) return false;
  const fields = (item: unknown): readonly (readonly [string, unknown])[] =>
    isObject(item) ? Object.entries(item).filter(([, v]) => v !== undefined) : [];
  const left = [...got];
  return wanted
    .toSorted((a, b) => fields(b).length - fields(a).length)
    .every((item) => {
      const at = left.findIndex((there) =>
        isObject(item) && isObject(there)
          ? fields(item).every(([f, v]) => canonicalJson(there[f]) === canonicalJson(v)) &&
            unknownFields.every((f) => item[f] !== undefined || there[f] === undefined)
          : canonicalJson(item) === canonicalJson(there),
      );
      if (at >= 0) left.splice(at, 1);
      return at >= 0;
    });
}

// ── context ───────────────────────────────────────────────────────────────────────────────────────────────────────

const CONTEXT: ReadonlySet<string> = new Set([
  'cloud',
  'account',
  'region',
  'environment',
  'data_classification',
  'owner',
  'tags',
]);
/** Tag keys, the first that the default rules know; and a value that the rules do not take for anything. */
const RULED: { readonly [fact: string]: { readonly key: string; readonly open?: string } } = {
  environment: { key: 'environment', open: 'prod-or-test' },
  data_classification: { key: 'data_classification', open: 'see-register' },
  owner: { key: 'owner' },
};

const tagOf = (item: unknown): readonly Tag[] =>
  isObject(item) && typeof item['key'] === 'string' && typeof item['value'] === 'string'
    ? [{ key: item['key'], value: item['value'] }]
    : [];

/** The changes that the context facts need; undefined where the form has no way to say one. */
function contextEdits(
  form: NativeForm,
  facts: FactStates,
): { readonly edits: Edits; readonly replace: readonly (readonly [string, string])[] } | undefined {
  const replace: (readonly [string, string])[] = [];
  for (const fact of ['account', 'region'] as const) {
    const state = facts[fact];
    const base = form[fact];
    if (state === undefined || state.state === 'unknown' || base === undefined) continue;
    if (typeof state.value !== 'string') continue;
    // As it stands within a text of JSON; Cloud Storage writes its locations in capitals.
    const value = JSON.stringify(state.value).slice(1, -1);
    replace.push([base, value], [base.toUpperCase(), value.toUpperCase()]);
  }
  let tags: readonly Tag[] | undefined = [];
  const listed = facts['tags'];
  if (listed?.state === 'unknown') tags = undefined;
  else if (listed !== undefined && Array.isArray(listed.value)) tags = listed.value.flatMap(tagOf);
  for (const [fact, { key, open }] of Object.entries(RULED)) {
    const state = facts[fact];
    if (state === undefined) continue;
    const value = state.state === 'unknown' ? open : textOf(state.value);
    if (value === undefined) tags = undefined;
    else if (state.state !== 'unknown' && value === 'none') continue;
    else if (tags?.some((t) => t.key === key) === false) tags = [...tags, { key, value }];
  }
  const edits = form.envelope.tags(form.main, tags);
  return edits === undefined ? undefined : { edits, replace };
}
