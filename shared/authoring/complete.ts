/**
 * The examples that a policy lacks, as native documents: a compliant, a violation and an unknown one in every dialect that
 * can say it, and for each mutant that no example tells from the policy a document that does. Every document is mapped
 * and judged before it is given: a wrong one is a gap that is told, never an example.
 */
import type { FactStates } from '../model/fact.ts';
import { isObject } from '../model/json.ts';
import type { Kind } from '../model/kind.ts';
import type { Verdict } from '../model/verdict.ts';
import type { CompiledPolicy } from '../policy/bundle.ts';
import { type CorePolicy, toCore } from '../policy/core.ts';
import type { PolicyInput } from '../policy/meaning.ts';
import { type Evaluate, PROOF_NOW } from '../policy/proof.ts';
import { fieldsRead, instancesOf, withUnknowns } from './instances.ts';
import type { NativeForm } from './renderers/form.ts';
import { factsIn, nativeForms, renderForm } from './renderers/render.ts';
import { statesOf } from './resources.ts';
import { type ExampleResource, judgeByMeaning, type Survivor, survivorsOf } from './verify.ts';

export interface CompleteOptions {
  readonly kind: Kind;
  /** The instant at which examples are judged, in epoch seconds. */
  readonly now: number;
  /** Runs the Rego, where some clause is said by that alone. */
  readonly evaluate?: Evaluate;
  /** The planted bugs of that Rego which these examples do not tell (`regoSurvivorsOf`). */
  readonly ruled?: (examples: readonly ExampleResource[]) => readonly Pick<Survivor, 'what' | 'where' | 'on'>[];
}

/** A file of the policy's folder. */
export interface NewExample {
  /** `examples/<verdict>/<name>`. */
  readonly path: string;
  readonly text: string;
}

export interface Completion {
  readonly files: readonly NewExample[];
  /** Verdicts that no document of a dialect was found for. */
  readonly gaps: readonly { readonly dialect: string; readonly verdict: Verdict }[];
  /** Mutants that no document that was made tells from the policy. */
  readonly survivors: readonly Pick<Survivor, 'what' | 'where' | 'on'>[];
}

const WANTED = ['compliant', 'violation', 'unknown'] as const;
/** How many resources are tried in a form for one verdict, and over all forms for one mutant. */
const MOST_FOR_VERDICT = 60;
const MOST_FOR_MUTANT = 80;
/** How often what is still not told of Rego is asked for: a document for one bug tells others. */
const MOST_ROUNDS = 3;

/** How examples of a form begin: its dialect, and of a plan the provider. */
const dialectOf = ({ name, envelope }: Pick<NativeForm, 'name' | 'envelope'>): string =>
  envelope.dialect === 'terraform' ? name.split('-').slice(0, 2).join('-') : envelope.dialect;

/** Makes what is missing beside the examples that there are. Deterministic. */
export function completeExamples(
  { policy, core }: Pick<CompiledPolicy, 'policy' | 'core'>,
  existing: readonly ExampleResource[],
  { kind, now, evaluate, ruled }: CompleteOptions,
): Completion {
  const forms = nativeForms[kind.id] ?? [];
  const files: NewExample[] = [];
  const examples: ExampleResource[] = [...existing];
  const taken = new Set(existing.map((e) => e.file));
  const judge = (of: CorePolicy, facts: FactStates): Verdict => judgeByMeaning(of, kind, facts, now, evaluate);

  /** A document of the form that has the facts, if what is mapped from it is as `suits` wants. */
  const tryForm = (form: NativeForm, facts: FactStates, suits: (mapped: FactStates) => boolean): boolean => {
    for (const unknownFields of [fieldsRead([core]), []]) {
      const text = renderForm(kind.id, form, facts, { assumed: true, unknownFields });
      const [mapped] = text === undefined ? [] : (factsIn(kind.id, text) ?? []);
      if (text === undefined || mapped === undefined || !suits(mapped)) continue;
      const verdict = judge(core, mapped);
      const stem = `${form.name}-${caseOf(facts)}`;
      let name = `${verdict}/${stem}.json`;
      for (let n = 2; taken.has(name); n++) name = `${verdict}/${stem}-${n}.json`;
      taken.add(name);
      files.push({ path: `examples/${name}`, text });
      examples.push({ file: name, resource: form.main, verdict, facts: mapped });
      return true;
    }
    return false;
  };

  const instances = [...instancesOf(core, kind, now)];
  const gaps: { dialect: string; verdict: Verdict }[] = [];
  for (const verdict of WANTED) {
    const candidates = instances.filter((facts) => judge(core, facts) === verdict);
    for (const dialect of new Set(forms.map(dialectOf))) {
      if (existing.some((e) => e.verdict === verdict && e.file.startsWith(`${verdict}/${dialect}-`))) continue;
      const found = spread(candidates, MOST_FOR_VERDICT).some((facts) =>
        forms.some(
          (form) => dialectOf(form) === dialect && tryForm(form, facts, (mapped) => judge(core, mapped) === verdict),
        ),
      );
      if (!found) gaps.push({ dialect, verdict });
    }
  }

  const survivors: Survivor[] = [];
  for (const survivor of survivorsOf({ policy, core }, kind, examples, now, evaluate).survivors) {
    const mutant = toCore(survivor.mutant, kind);
    const separates = (facts: FactStates): boolean => judge(mutant, facts) !== judge(core, facts);
    // One that was made for another mutant may do for this one.
    if (examples.some((e) => separates(e.facts))) continue;
    const kills = (facts: FactStates): boolean => forms.some((form) => tryForm(form, facts, separates));
    const witness = witnessOf(survivor.on);
    const isKilled =
      (witness !== undefined && kills(withUnknowns(statesOf(witness, kind, now), [core, mutant]))) ||
      spread([...instances, ...instancesOf(mutant, kind, now)].filter(separates), MOST_FOR_MUTANT).some(kills);
    if (!isKilled) survivors.push(survivor);
  }
  let ofRego = ruled?.(examples) ?? [];
  for (let round = 0; round < MOST_ROUNDS && ofRego.length > 0; round++) {
    const before = files.length;
    for (const witness of new Set(ofRego.map(({ on }) => JSON.stringify(on)))) {
      const input = witnessOf(JSON.parse(witness));
      const facts = input && withUnknowns(statesOf(input, kind, now), [core]);
      if (facts !== undefined) forms.some((form) => tryForm(form, facts, () => true));
    }
    if (files.length === before) break;
    ofRego = ruled?.(examples) ?? [];
  }
  return { files, gaps, survivors: [...survivors, ...ofRego].map(({ what, where, on }) => ({ what, where, on })) };
}

/** The first few, and then some of the others, evenly, with the last. */
function spread<V>(values: readonly V[], most: number): readonly V[] {
  if (values.length <= most) return values;
  const first = Math.floor(most / 2);
  const step = (values.length - 1 - first) / (most - first - 1);
  return [
    ...values.slice(0, first),
    ...Array.from({ length: most - first }, (_, i) => values[Math.round(first + i * step)] as V),
  ];
}

/** The resource of a comparison's answer. */
function witnessOf(on: unknown): PolicyInput | undefined {
  const input: unknown = isObject(on) ? (on['input'] ?? on) : undefined;
  if (!isObject(input)) return undefined;
  const { facts, closed } = input;
  if (!isObject(facts) || !Array.isArray(closed)) return undefined;
  return { facts, closed: closed.filter((c) => typeof c === 'string'), now: PROOF_NOW };
}

const LONGEST_CASE = 60;
/** A name for what the facts are: `public-read-true`. */
function caseOf(facts: FactStates): string {
  const said = Object.entries(facts).flatMap(([fact, state]) => {
    if (state.state === 'unknown') return [`${fact}-unknown`];
    const { value } = state;
    if (Array.isArray(value))
      return [value.length === 0 ? `${fact}-empty` : `${fact}-${value.map(itemText).join('-')}`];
    return [`${fact}-${itemText(value)}`];
  });
  const text = said
    .join('-')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-+|-+$/g, '');
  return text.slice(0, LONGEST_CASE).replace(/-+$/, '') || 'any';
}
function itemText(value: unknown): string {
  if (!isObject(value)) return String(value);
  if ('none' in value) return 'none';
  return Object.entries(value)
    .map(([field, v]) => (typeof v === 'boolean' ? (v ? field : `not-${field}`) : itemText(v)))
    .join('-');
}
