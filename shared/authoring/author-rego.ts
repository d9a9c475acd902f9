/**
 * A sentence of which both formalisations say that the clause language cannot say it, taken further: resources are judged
 * before there is any Rego, two models write it apart, and what comes of it is tested, never proved. Nobody activates it
 * by itself, and two people besides its author approve it.
 */
import type { FactState, FactStates, FactValue } from '../model/fact.ts';
import { isObject } from '../model/json.ts';
import type { Kind } from '../model/kind.ts';
import type { Policy } from '../model/policy.ts';
import type { Verdict } from '../model/verdict.ts';
import { type CorePolicy, factsOf, regoClausesOf, toCore } from '../policy/core.ts';
import { meaningOf } from '../policy/meaning.ts';
import { toInput } from '../policy/input.ts';
import { subjectsOf } from '../policy/regions.ts';
import { type AuthorOptions, claimed, freeId } from './author.ts';
import { unconcerned } from './carry.ts';
import { coverageOf } from './coverage.ts';
import type { AuthorDeps, PolicyFiles } from './deps.ts';
import { pathOf, storedCheck } from './examples.ts';
import type { Answer, Authored, AuthoredPolicy, Check, Person, Question, Refusal, ShownResource } from './intent.ts';
import { fieldsRead, instancesOf, withUnknowns } from './instances.ts';
import { plausible } from './plausible.ts';
import { draftRego, numbersSaid, type RegoDeps, type RegoSource } from './rego-draft.ts';
import { counted, describe, showResource, statesOf, VERDICT_OF } from './resources.ts';
import { keyOf } from './questions.ts';
import type { Row } from './rows.ts';
import type { ExampleResource, Excuse, Verification } from './verify.ts';
import { exceptionsYaml, intentText } from './write.ts';

/** What runs Rego that a model has written: apart, with a limit of time. */
export interface RegoWorld extends Pick<RegoDeps, 'verify' | 'format'> {
  /** What the Rego says of resources. */
  readonly judge: (
    source: RegoSource,
    facts: readonly FactStates[],
  ) => Promise<
    { readonly is: 'judged'; readonly verdicts: readonly Verdict[] } | { readonly is: 'stopped'; readonly why: string }
  >;
}

/** Resources that are judged before there is Rego: in portions, until there is one that violates and one that complies. */
const ONE_PORTION = 8;
const MOST_PORTIONS = 2;
/** Of how many resources it is looked at what the Rego says, where nobody judges. */
const MOST_AGREED = 120;
const OF_EACH_VERDICT = 4;

/**
 * Authors the policy of a refusal `needs_rego`. Without a person nobody judges: what the two drafts of Rego part on is
 * refused, and what they agree on is the example. Never throws over what the model says.
 */
export async function authorRego(
  refusal: Refusal,
  sentence: string,
  deps: AuthorDeps,
  world: RegoWorld,
  person?: Person,
  options: AuthorOptions = {},
): Promise<Authored | Refusal> {
  const [draft, another] = refusal.drafts ?? [];
  const kind = deps.kinds.find((k) => k.id === draft?.policy.kind);
  if (draft === undefined || kind === undefined) return refusal;
  const own = regoClausesOf(toCore(draft.policy, kind));
  const [clause, second] = own;
  if (clause === undefined || second !== undefined || another !== undefined)
    return {
      ...refusal,
      why: 'only one clause of one kind is written in Rego at a time: say it in sentences of their own',
    };
  const id = options.ids?.get(kind.id) ?? freeId(draft.policy.id, deps);
  const before = options.previous?.find((p) => p.policy.kind === kind.id);
  const policy = { ...draft.policy, ...(before === undefined ? {} : unconcerned(before.policy)), id };
  const session = new RegoSession(
    { sentence, why: before?.why, kind, clause: clause.id, policy, covers: draft.covers },
    refusal,
    deps,
    world,
    person,
  );
  return session.run();
}

interface Subject {
  readonly sentence: string;
  /** What intent.md says below the sentence. */
  readonly why: string | undefined;
  readonly kind: Kind;
  readonly policy: Policy;
  readonly clause: string;
  readonly covers: AuthoredPolicy['covers'];
}

/** Something that the person has said of a resource. */
interface Told {
  readonly resource: ShownResource;
  readonly answer: Answer;
  readonly facts: FactStates;
}

class RegoSession {
  readonly #subject: Subject;
  readonly #refusal: Refusal;
  readonly #deps: AuthorDeps;
  readonly #world: RegoWorld;
  readonly #person: Person | undefined;
  readonly #core: CorePolicy;
  readonly #resources: Resources;
  readonly #questions: { readonly question: Question; readonly answer: Answer }[] = [];

  constructor(subject: Subject, refusal: Refusal, deps: AuthorDeps, world: RegoWorld, person: Person | undefined) {
    this.#subject = subject;
    this.#refusal = refusal;
    this.#deps = deps;
    this.#world = world;
    this.#person = person;
    this.#core = toCore(subject.policy, subject.kind);
    this.#resources = resourcesFor(this.#core, subject, deps.now);
  }

  async run(): Promise<Authored | Refusal> {
    const { policy, covers, kind, sentence, clause } = this.#subject;
    const uncovered = this.#uncovered();
    this.#deps.tells?.({ is: 'understood', drafts: [{ policy, yaml: '', covers, uncovered }], leftOut: [] });
    const judged = this.#person === undefined ? [] : await this.#judged(this.#person);
    if ('why' in judged) return this.#refuse('misjudged', judged.why);

    this.#deps.tells?.({ is: 'step', step: 'rego' });
    const drafted = await draftRego(
      { sentence, policy, kind, clause, examples: this.#examplesOf(judged) },
      {
        model: this.#deps.model,
        verify: this.#world.verify,
        format: this.#world.format,
        ...this.#oracle(),
        now: this.#deps.now,
        maxTokens: this.#deps.limits.maxTokens,
      },
    );
    const calls = [...this.#refusal.calls, ...drafted.calls];
    if (drafted.is === 'refused') return { ...this.#refuse(drafted.code, drafted.why), calls };
    this.#deps.tells?.({ is: 'step', step: 'prove' });
    const stored = await this.#stored(drafted, drafted.examples);
    if (typeof stored === 'string') return { ...this.#refuse('not_understood', stored), calls };
    const { files, verification, excused, unstored } = stored;
    const authored: AuthoredPolicy = {
      policy: drafted.policy,
      yaml: drafted.yaml,
      covers,
      uncovered,
      rego: drafted.rego,
      verification,
      files: { 'intent.md': intentText(drafted.policy, sentence, this.#subject.why), ...files },
    };
    return {
      is: 'authored',
      policies: [authored],
      leftOut: [],
      questions: this.#questions,
      judged: judged.map(({ resource, answer }) => ({
        resource,
        answer,
        verdict: answer === 'skip' ? 'unknown' : VERDICT_OF[answer],
      })),
      rounds: drafted.rounds,
      checks: [...this.#checks(judged, uncovered, excused), storedCheck(unstored, this.#questions)],
      calls,
    };
  }

  #refuse(code: Refusal['code'], why: string): Refusal {
    return { is: 'refused', code, why, calls: this.#refusal.calls };
  }

  #uncovered(): readonly string[] {
    const { sentence, kind, policy, covers } = this.#subject;
    return coverageOf(sentence, [{ kind, policy, core: this.#core, covers }], this.#deps.active).uncovered;
  }

  /** What the person says of resources before there is any Rego; and whether they look. */
  async #judged(person: Person): Promise<readonly Told[] | { readonly why: string }> {
    const { kind } = this.#subject;
    const { settled, open } = this.#resources;
    this.#deps.tells?.({ is: 'step', step: 'judge' });
    const told: Told[] = [];
    const has = (answer: Answer): boolean => told.some((t) => t.answer === answer);
    for (let portion = 0; portion < MOST_PORTIONS && !(has('violation') && has('fine')); portion++) {
      const facts = [
        ...(portion === 0 ? settled.map((s) => s.facts) : []),
        ...open.slice(portion * ONE_PORTION, (portion + 1) * ONE_PORTION),
      ];
      const shown = facts.map((f, i) => showResource(`resource-${told.length + i + 1}`, kind, f, this.#deps));
      const answers = await person.judge(shown);
      shown.forEach((resource, i) =>
        told.push({ resource, answer: answers[i] ?? 'skip', facts: facts[i] as FactStates }),
      );
    }
    const given = told.filter((t) => t.answer !== 'skip');
    if (given.length * 3 < told.length * 2)
      return { why: `only ${given.length} of ${counted(told.length, 'resource')} were judged` };
    for (const { facts, expected } of settled) {
      const said = told.find((t) => t.facts === facts)?.answer ?? 'skip';
      if (said !== 'skip' && VERDICT_OF[said] !== expected)
        return {
          why: `of "${describe(kind, facts)}" the person says ${said.replaceAll('_', ' ')}, and by the other clauses it is ${expected.replaceAll('_', ' ')}`,
        };
    }
    const lacking = (['violation', 'fine'] as const).find((a) => !has(a));
    if (lacking !== undefined)
      return {
        why: `of ${counted(told.length, 'resource')} none was judged ${lacking === 'fine' ? 'fine' : 'a violation'}`,
      };
    const seeded = told.find((t) => t.answer === 'violation');
    const careless =
      seeded === undefined ? undefined : await claimed(kind, seeded.facts, 'violation', this.#deps, person);
    return careless === undefined ? told : { why: careless };
  }

  /** Who says what the Rego has to say: the person; where there is none, the two drafts of it. */
  #oracle(): Pick<RegoDeps, 'judge' | 'agree'> {
    const person = this.#person;
    return person === undefined
      ? { agree: (source, more) => this.#agreed(source, more) }
      : { judge: (input, source) => this.#ask(person, statesOf(input, this.#subject.kind, this.#deps.now), source) };
  }

  /**
   * What the person says of a resource. Of one that is not wholly known nobody is asked: what the Rego says there is held
   * against what it says of whole ones by the gates.
   */
  async #ask(person: Person, facts: FactStates, source: RegoSource): Promise<Verdict | undefined> {
    if (!isWhole(facts, this.#core)) {
      const said = await this.#world.judge(source, [facts]);
      return said.is === 'judged' ? said.verdicts[0] : undefined;
    }
    const resource = showResource(`question-${this.#questions.length + 1}`, this.#subject.kind, facts, this.#deps);
    const question: Question = {
      id: resource.id,
      asks: `${resource.says}. Does that violate what you mean?`,
      resource,
      readings: [],
    };
    const answer = await person.answer(question);
    this.#questions.push({ question, answer });
    return answer === 'skip' ? undefined : VERDICT_OF[answer];
  }

  /** Some resources of each verdict, as the Rego gives it. */
  async #agreed(source: RegoSource, more: readonly FactStates[]): Promise<readonly ExampleResource[] | string> {
    const { settled, open } = this.#resources;
    const facts = [...settled.map((s) => s.facts), ...open.slice(0, MOST_AGREED), ...more];
    const said = await this.#world.judge(source, facts);
    if (said.is === 'stopped') return said.why;
    const times = new Map<Verdict, number>();
    const kept = facts.flatMap((f, i): readonly ExampleResource[] => {
      const verdict = said.verdicts[i];
      if (verdict === undefined) return [];
      const n = (times.get(verdict) ?? 0) + 1;
      times.set(verdict, n);
      const isAsked = i >= facts.length - more.length;
      return n > OF_EACH_VERDICT && !isAsked ? [] : [exampleOf(verdict, f, i + 1)];
    });
    return [...kept, ...this.#unknown()];
  }

  #examplesOf(told: readonly Told[]): readonly ExampleResource[] {
    if (this.#person === undefined) return [];
    const judged = told.flatMap(({ answer, facts }, i) =>
      answer === 'skip' ? [] : [exampleOf(VERDICT_OF[answer], facts, i + 1)],
    );
    return [...judged, ...this.#unknown()];
  }

  /** Where all that the Rego reads is unknown, and the other clauses hold, nobody can say anything. */
  #unknown(): readonly ExampleResource[] {
    const [facts] = this.#resources.open;
    if (facts === undefined) return [];
    const unknown: FactState = { state: 'unknown', why: 'not_collected' };
    const reads = regoClausesOf(this.#core).flatMap(({ that }) => Object.keys(that.reads));
    return [exampleOf('unknown', { ...facts, ...Object.fromEntries(reads.map((r) => [r, unknown])) }, 0)];
  }

  /** The examples as native documents, and the gates on what is stored. */
  async #stored(
    { yaml, rego, policy }: { readonly yaml: string; readonly rego: string; readonly policy: Policy },
    examples: readonly ExampleResource[],
  ): Promise<
    | {
        readonly files: PolicyFiles;
        readonly verification: Verification;
        readonly excused: readonly Excuse[];
        readonly unstored: readonly Row[];
      }
    | string
  > {
    const { kind } = this.#subject;
    const rendered = examples.map(({ facts }) => {
      const told = withUnknowns(facts, [this.#core]);
      const [strict, free] = [fieldsRead([this.#core]), []].map((unknownFields) =>
        this.#deps.render(kind.id, told, { unknownFields }),
      );
      return strict === undefined || strict.length === 0 ? (free ?? []) : strict;
    });
    const most = (verdict: Verdict): number =>
      Math.max(...rendered.flatMap((all, i) => (examples[i]?.verdict === verdict ? [all.length] : [])));
    const unstored = examples.flatMap(({ facts, verdict }, i): readonly Row[] =>
      rendered[i]?.length === 0 ? [{ kind, facts, expected: verdict }] : [],
    );
    const whole = new Set<Verdict>();
    const documents = examples.flatMap(({ verdict }, i) => {
      const all = rendered[i] ?? [];
      // Of one resource of each verdict a document in every form that can say it.
      const isFullest = !whole.has(verdict) && all.length === most(verdict);
      if (isFullest) whole.add(verdict);
      return (isFullest ? all : all.slice(0, 1)).map((r) => [pathOf(r, verdict, `judged-${i + 1}`), r.text] as const);
    });
    const written: PolicyFiles = Object.fromEntries(documents);
    const read = await this.#deps.examplesOf(yaml, written);
    const excused: Excuse[] = [];
    for (;;) {
      const verified = await this.#world.verify({
        id: policy.id,
        intent: intentText(policy, this.#subject.sentence, this.#subject.why),
        file: `${policy.id}/policy.yaml`,
        yaml,
        rego,
        ...read,
        excused,
      });
      if (verified.is === 'stopped') return verified.why;
      const { verification } = verified;
      const failed = verification.gates.filter((g) => !g.passed);
      const more = failed.length === 1 && failed[0]?.name === 'mutation' ? survivorsOf(failed[0].counterexample) : [];
      const fresh = more.filter((m) => !excused.some((e) => e.what === m.what && e.where === m.where));
      if (fresh.length === 0) {
        const files =
          excused.length === 0 ? written : { ...written, 'examples/exceptions.yaml': exceptionsYaml(excused) };
        return { files, verification, excused, unstored };
      }
      excused.push(...fresh.map((m) => ({ ...m, because: 'No document of any dialect was found that tells it.' })));
    }
  }

  #checks(judged: readonly Told[], uncovered: readonly string[], excused: readonly Excuse[]): readonly Check[] {
    const n = judged.filter((t) => t.answer !== 'skip').length + this.#questions.length;
    return [
      {
        name: 'agreement',
        passed: true,
        says:
          this.#person === undefined
            ? 'two formalisations apart need Rego for the same, and two drafts of it say the same'
            : 'two formalisations apart need Rego for the same, and what two drafts of it part on was decided',
      },
      {
        name: 'coverage',
        passed: uncovered.length === 0,
        says: uncovered.length === 0 ? 'every word is formalised' : `no clause formalises: ${uncovered.join(', ')}`,
      },
      {
        name: 'judging',
        passed: this.#person !== undefined,
        says:
          this.#person === undefined
            ? 'nobody has judged the resources: two drafts of Rego agree on them (--yes)'
            : `${counted(n, 'resource')} judged before there was Rego, or without being told what it says`,
      },
      {
        name: 'examples',
        passed: excused.length === 0,
        says:
          excused.length === 0
            ? 'every planted bug is told by a stored example'
            : `no document can tell: ${excused.map((e) => `${e.what} (${e.where})`).join(', ')}`,
      },
    ];
  }
}

const exampleOf = (verdict: Verdict, facts: FactStates, n: number): ExampleResource => ({
  file: `${verdict}/judged-${n}.json`,
  resource: `judged-${n}`,
  verdict,
  facts,
});

function survivorsOf(counterexample: unknown): readonly Pick<Excuse, 'what' | 'where'>[] {
  const { survivors } = (counterexample ?? {}) as { readonly survivors?: readonly Excuse[] };
  const all = (survivors ?? []).map(({ what, where }) => ({ what, where }));
  return [...new Map(all.map((s) => [`${s.what} ${s.where}`, s])).values()];
}

/** Everything that the policy may look at is known. */
function isWhole(facts: FactStates, core: CorePolicy): boolean {
  const { facts: scalars, lists } = subjectsOf(core);
  const isKnown = (name: string): boolean => facts[name] !== undefined && facts[name].state !== 'unknown';
  return (
    [...scalars.keys()].every(isKnown) &&
    [...lists].every(([name, fields]) => {
      const state = facts[name];
      if (state === undefined || !('value' in state) || !Array.isArray(state.value) || state.closed === false)
        return false;
      const items = state.value as readonly unknown[];
      return fields.has('') || items.every((item) => isObject(item) && [...fields.keys()].every((f) => f in item));
    })
  );
}

// ── the resources ─────────────────────────────────────────────────────────────────────────────────────────────────

interface Resources {
  /** What the other clauses decide: one that is out of scope, one that breaks another clause. */
  readonly settled: readonly { readonly facts: FactStates; readonly expected: Verdict }[];
  /** Wholly known, in scope, the other clauses hold: the Rego decides. Those that show most come first. */
  readonly open: readonly FactStates[];
}
const MOST_LOOKED_AT = 4000;

/** The resources that a clause in Rego is judged by, made of what it reads and the numbers of the sentence. */
function resourcesFor(core: CorePolicy, { sentence, kind }: Subject, now: number): Resources {
  const numbers = numbersSaid(sentence);
  const verdictOf = (
    clauses: CorePolicy['clauses'],
    { scope }: Pick<CorePolicy, 'scope'>,
    facts: FactStates,
  ): Verdict =>
    meaningOf(
      { id: core.id, kind: core.kind, ...(scope === undefined ? {} : { scope }), clauses },
      toInput(facts, now, factsOf(kind)),
    ).verdict;
  const others = core.clauses.filter((c) => c.that.op !== 'rego');
  const isOut = (facts: FactStates): boolean => verdictOf(NEVER, core, facts) === 'not_applicable';
  const holds = (facts: FactStates): boolean => others.length === 0 || verdictOf(others, {}, facts) === 'compliant';
  const whole = [...instancesOf(core, kind, now, MOST_LOOKED_AT, { numbers, strings: [] })]
    .filter((facts) => Object.values(facts).every((s) => s.state !== 'unknown'))
    .map((facts) => plausible(facts, kind, (f) => isOut(f) === isOut(facts) && holds(f) === holds(facts)));
  const own = [...new Map(whole.flatMap((f) => withMoreItems(core, f)).map((f) => [keyOf(kind, f), f])).values()];
  const [out, broken] = [own.find(isOut), own.find((f) => !isOut(f) && !holds(f))];
  const open = own.filter((f) => !isOut(f) && holds(f));
  return {
    settled: [
      ...(out === undefined ? [] : [{ facts: out, expected: 'not_applicable' as const }]),
      ...(broken === undefined ? [] : [{ facts: broken, expected: 'violation' as const }]),
    ],
    open: tellingFirst(open),
  };
}
const NEVER: CorePolicy['clauses'] = [{ id: 'none', that: { op: 'any', of: [] } }];

/** The resource; and where Rego reads a list, with its items twice and three times: a sum sees them, and "every" does not. */
function withMoreItems(core: CorePolicy, facts: FactStates): readonly FactStates[] {
  const lists = [...subjectsOf(core).lists.keys()];
  return [
    facts,
    ...lists.flatMap((list): readonly FactStates[] => {
      const state = facts[list];
      if (state === undefined || !('value' in state) || !Array.isArray(state.value) || state.value.length === 0)
        return [];
      const items = state.value as readonly unknown[];
      return [2, 3].map((n) => ({
        ...facts,
        [list]: { ...state, value: Array.from({ length: n }, () => items).flat() as FactValue },
      }));
    }),
  ];
}

/** In an order in which each next one has most that none before has: a value of a fact, then two values together. */
function tellingFirst(all: readonly FactStates[]): readonly FactStates[] {
  const left = new Map(all.map((facts, i) => [i, pairsOf(facts)]));
  const seen = new Set<string>();
  const order: FactStates[] = [];
  while (left.size > 0 && order.length < MOST_AGREED) {
    let best: readonly [index: number, fresh: number] = [-1, -1];
    for (const [i, pairs] of left) {
      const fresh = pairs.filter((p) => !seen.has(p)).length;
      if (fresh > best[1]) best = [i, fresh];
    }
    for (const p of left.get(best[0]) ?? []) seen.add(p);
    left.delete(best[0]);
    order.push(all[best[0]] as FactStates);
  }
  return order;
}

function pairsOf(facts: FactStates): readonly string[] {
  const values = Object.entries(facts).map(([f, s]) => `${f}=${JSON.stringify('value' in s ? s.value : null)}`);
  return [...values, ...values.flatMap((a, i) => values.slice(i + 1).map((b) => `${a} ${b}`))];
}
