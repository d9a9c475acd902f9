/**
 * From a sentence to a policy that the gates have judged: two formalisations apart, what they differ on asked of the
 * person, what is drafted judged blind. The same answers of the model and the person give the same bytes.
 */
import { isMap, parseDocument } from 'yaml';
import { AppError, isAppError } from '../model/errors.ts';
import type { FactStates } from '../model/fact.ts';
import type { Kind } from '../model/kind.ts';
import type { Policy } from '../model/policy.ts';
import { compilePolicy } from '../policy/compile.ts';
import { parsePolicy, registryOf } from '../policy/clauses.ts';
import { toCore } from '../policy/core.ts';
import { type Formal, parseKinds, parseParaphrases, plainText, type Reading, type Understood } from './answer.ts';
import { carryOver, withoutOverrides } from './carry.ts';
import { catalogueOf } from './catalogue.ts';
import { needlesslyUnknown } from './compare.ts';
import { coverageOf } from './coverage.ts';
import type { AuthorDeps, Told } from './deps.ts';
import { examplesFor, storedCheck } from './examples.ts';
import { broken, Calls, Formaliser, type NoReading, problemOf, type Said, unanswered } from './formalise.ts';
import { intentProblem } from './intended.ts';
import {
  type Answer,
  type Authored,
  type AuthoredPolicy,
  type Check,
  type Intent,
  type Person,
  type Refusal,
} from './intent.ts';
import { differs, known, lookAgain, wordsOf } from './judging.ts';
import { paraphraseRequest, selectRequest } from './prompts.ts';
import { apart, bestOf, keyOf, questionOn, readingInEnglish, type Separation } from './questions.ts';
import { answerOf, counted, describe, judge, showResource, VERDICT_OF } from './resources.ts';
import { type Row, rivalsOf, rowsFor } from './rows.ts';
import { differenceOfDrafts, draftsInEnglish } from './ruled-drafts.ts';
import { exceptionsYaml, intentText, policyYaml } from './write.ts';

export interface AuthorOptions {
  /** The ids of the policies of some kinds, where they are not new. */
  readonly ids?: ReadonlyMap<string, string>;
  /** The policies whose sentence is changed: what it does not concern stays as it was (`carryOver`). */
  readonly previous?: readonly Previous[];
}
export interface Previous {
  readonly policy: Policy;
  /** What intent.md says below the sentence. */
  readonly why?: string;
}

/** Authors the policies of a sentence, one per kind. Never throws over what the model says. */
export async function authorIntent(
  intent: Intent,
  deps: AuthorDeps,
  person: Person,
  options: AuthorOptions = {},
): Promise<Authored | Refusal> {
  const calls = new Calls(deps.model);
  const unusable = unusableIntent(intent, deps);
  if (unusable !== undefined) return { ...unusable, calls: [] };
  const sentence = intent.text.trim();
  const kinds = await selected(intent, sentence, deps, calls);
  if ('is' in kinds) return { ...kinds, calls: calls.made };
  const session = new Session(sentence, kinds, calls, { ...deps, kinds }, person, options);
  const authored = await session.run();
  return { ...authored, calls: calls.made };
}

/** The same path for clauses that are written already: no model is asked. Without a person nothing is judged blind. */
export async function authorFromYaml(yaml: string, deps: AuthorDeps, person?: Person): Promise<Authored | Refusal> {
  const refuse = (code: Refusal['code'], why: string): Refusal => ({ is: 'refused', code, why, calls: [] });
  let formal: Formal;
  const written = withFrameworks(yaml);
  try {
    const policy = parsePolicy(written, { file: 'policy.yaml', kinds: registryOf(deps.kinds) });
    const kind = deps.kinds.find((k) => k.id === policy.kind);
    if (kind === undefined) throw new AppError('INVARIANT_BROKEN', `no kind ${policy.kind}`);
    const covers = policy.require.map((c) => ({ words: c.says, by: c.id }));
    formal = { kind, policy, core: toCore(policy, kind), covers };
  } catch (error) {
    if (isAppError(error, 'INPUT_INVALID')) return refuse('unusable', error.message);
    throw error;
  }
  const draft: Reading = { is: 'policies', formals: [formal], leftOut: [] };
  const sentence = formal.policy.require.map((c) => c.says).join('; ');
  const problem = problemOf(draft, undefined, deps.active);
  if (problem !== undefined) return refuse(problem.code, problem.why);
  const judged =
    person === undefined ? undefined : await judgeBlind(draft, [], { ...deps, kinds: [formal.kind] }, person);
  if (judged !== undefined) {
    if (judged.careless !== undefined) return refuse('misjudged', judged.careless);
    if (judged.untold > 0) return refuse('not_understood', untoldText(judged.untold));
    const [mismatch] = judged.mismatches;
    if (mismatch !== undefined) return refuse('misjudged', mismatchText(mismatch));
  }
  const { policies, check, unstored } = await finish(
    draft,
    sentence,
    judged?.rows ?? rowsFor(draft, [], { ...deps, kinds: [formal.kind] }).rows,
    [],
    deps,
    (p) => p.id,
    written,
  );
  return {
    is: 'authored',
    policies,
    leftOut: [],
    questions: [],
    judged: judged?.judged ?? [],
    rounds: 0,
    checks: [...(judged === undefined ? [] : [judged.check]), check, storedCheck(unstored)],
    calls: [],
  };
}

/** Clauses that somebody has written need not be mapped to frameworks: none is as good as an empty mapping. */
function withFrameworks(yaml: string): string {
  const document = parseDocument(yaml);
  if (document.errors.length > 0 || !isMap(document.contents) || document.has('frameworks')) return yaml;
  document.set('frameworks', {});
  return document.toString({ lineWidth: 0 });
}

// ── before any call ───────────────────────────────────────────────────────────────────────────────────────────────

function unusableIntent({ text, kinds }: Intent, deps: AuthorDeps): NoReading | undefined {
  const refuse = (why: string): NoReading => ({ is: 'refused', code: 'unusable', why });
  if (typeof text !== 'string' || text.trim() === '') return refuse('the sentence is empty');
  const bytes = Buffer.byteLength(text);
  if (bytes > deps.limits.intentBytes)
    return refuse(`the sentence has ${bytes} bytes, at most ${deps.limits.intentBytes} are read: say one rule`);
  // Invisible characters could say to a model what a person does not see.
  if (!text.isWellFormed() || /[\p{Co}\p{Cn}]|(?![\t\n\r])\p{Cc}|(?![\u200c\u200d])\p{Cf}/u.test(text))
    return refuse('the sentence has characters that are not text');
  if (!/\p{L}/u.test(text)) return refuse('the sentence has no words');
  const stranger = kinds?.find((id) => !deps.kinds.some((k) => k.id === id));
  return stranger === undefined
    ? undefined
    : refuse(`there is no kind ${stranger}; there are ${deps.kinds.map((k) => k.id).join(', ')}`);
}

/** The kinds that are put before the model in full: all, or where those are too many the ones it selects. */
async function selected(
  intent: Intent,
  sentence: string,
  deps: AuthorDeps,
  calls: Calls,
): Promise<readonly Kind[] | NoReading> {
  const { kinds: wanted } = intent;
  const kinds = wanted === undefined ? deps.kinds : deps.kinds.filter((k) => wanted.includes(k.id));
  if (catalogueOf(kinds).length <= deps.limits.catalogueCharacters) return kinds;
  const answer = await calls.ask(selectRequest(sentence, kinds));
  if (answer.is !== 'answered') return unanswered(answer);
  const chosen = parseKinds(answer.value, kinds);
  if (chosen === undefined) return { is: 'refused', code: 'not_understood', why: 'no kinds could be selected' };
  if (chosen.length > 0) return chosen;
  return { is: 'refused', code: 'out_of_model', why: 'the sentence speaks of no kind that there is', missing: [] };
}

// ── the session ───────────────────────────────────────────────────────────────────────────────────────────────────

type Outcome = Omit<Authored, 'calls'> | NoReading;

/** One sentence on its way: the readings that are left, and what the person has said. */
class Session {
  readonly #sentence: string;
  readonly #deps: AuthorDeps;
  readonly #person: Person;
  readonly #calls: Calls;
  readonly #options: AuthorOptions;
  readonly #author: Formaliser;
  readonly #second: Formaliser;
  /** The readings of the roles, the author's first. */
  #readings: readonly Reading[] = [];
  /** Readings of paraphrases. */
  #variants: readonly Reading[] = [];
  #rejected: readonly Reading[] = [];
  readonly #said: Said[] = [];
  readonly #questions: { readonly question: Authored['questions'][number]['question']; readonly answer: Answer }[] = [];
  readonly #shown = new Set<string>();
  readonly #checks = new Map<Check['name'], Check>();
  /** The reading that was told last. */
  #told: Reading | undefined;
  /** Readings with what stays of the policies before, most of it first. */
  readonly #carried = new Map<Reading, readonly Kept[]>();

  constructor(
    sentence: string,
    kinds: readonly Kind[],
    calls: Calls,
    deps: AuthorDeps,
    person: Person,
    options: AuthorOptions,
  ) {
    this.#options = options;
    this.#sentence = sentence;
    this.#deps = deps;
    this.#person = person;
    this.#calls = calls;
    this.#author = new Formaliser('author', kinds, calls, deps);
    this.#second = new Formaliser('second', kinds, calls, deps);
  }

  async run(): Promise<Outcome> {
    this.#step('formalise');
    const both = await Promise.all([this.#author.formalise(this.#sentence), this.#second.formalise(this.#sentence)]);
    const none = withoutBoth(both, this.#deps.kinds);
    if (none !== undefined) return none;
    this.#readings = both.filter((r) => r.is === 'policies');
    if (this.#readings[0] !== undefined) this.#understood(this.#keeping(this.#readings[0]), []);
    let settled = await this.#settle();
    if (settled.is === 'refused') return settled;
    this.#step('paraphrase');
    const isVaried = await this.#paraphrased(settled);
    if (isVaried) settled = await this.#settle();
    if (settled.is === 'refused') return settled;
    this.#step('delete');
    const idle = await this.#deleted(settled);

    for (let isReopened = false; ; isReopened = true) {
      const kept = this.#keeping(settled);
      this.#understood(kept, idle);
      this.#step('judge');
      const judged = await judgeBlind(kept.reading, this.#rejected, this.#deps, this.#person);
      this.#record(judged.check);
      if (judged.careless !== undefined) return misjudged(judged.careless);
      if (judged.untold > 0) return { is: 'refused', code: 'not_understood', why: untoldText(judged.untold) };
      const [mismatch] = judged.mismatches;
      if (mismatch === undefined) return this.#finish(kept, judged, idle);
      if (isReopened) return misjudged(mismatchText(mismatch));
      this.#said.push(...judged.said);
      const reopened = await this.#settle();
      if (reopened.is === 'refused')
        return reopened.code === 'model_unavailable'
          ? reopened
          : misjudged(`${mismatchText(mismatch)}; ${reopened.why}`);
      settled = reopened;
    }
  }

  /** Asks until one reading is left; what no reading says as the person does is drafted again. */
  async #settle(): Promise<Reading | NoReading> {
    const { now, limits } = this.#deps;
    for (;;) {
      const fits = (r: Reading): boolean => broken(r, this.#said, now) === undefined;
      const own = this.#readings.filter(fits);
      this.#rejected = [...new Set([...this.#readings, ...this.#variants, ...this.#rejected])].filter((r) => !fits(r));
      if (own.length === 0) {
        const failed = await this.#repair();
        if (failed !== undefined) return failed;
        continue;
      }
      const left = [...own, ...this.#variants.filter(fits)];
      const [draft] = own as [Reading];
      const others = left.slice(1).map((reading) => ({ reading, is: apart(draft, reading, this.#deps) }));
      const undecided = others.find((o) => o.is.is === 'undecided');
      if (undecided?.is.is === 'undecided')
        return {
          is: 'refused',
          code: 'not_understood',
          why: `the readings could not be compared: ${undecided.is.why}`,
        };
      const differing = others.find((o) => o.is.is === 'apart');
      if (differing?.is.is !== 'apart') {
        this.#record({
          name: 'agreement',
          passed: true,
          says:
            this.#questions.length === 0
              ? 'two formalisations apart mean the same'
              : `after ${counted(this.#questions.length, 'question')} one meaning is left`,
        });
        const isExact = others.every((o) => o.is.is === 'same' && o.is.exactly);
        return isExact ? draft : (own.find(isDecided) ?? draft);
      }
      const readings = [draft, differing.reading];
      const open = differing.is.on.filter((s) => !this.#shown.has(keyOf(s.kind, s.facts)));
      const rivals = [...left.flatMap((r) => r.formals), ...rivalsOf(draft), ...rivalsOf(differing.reading)];
      const best = bestOf(open, rivals, readings, now);
      if (best === undefined || this.#questions.length >= limits.questions)
        return {
          is: 'refused',
          code: 'ambiguous',
          why: this.#unsettled(),
          readings: readings.map(readingInEnglish),
        };
      await this.#ask(best, left);
    }
  }

  /** Why more than one reading is left: who was asked, and has not said which, has decided nothing. */
  #unsettled(): string {
    const asked = counted(this.#questions.length, 'question');
    const answered = this.#questions.filter((q) => q.answer !== 'skip').length;
    if (this.#questions.length > 0 && answered === 0)
      return `the sentence has more than one reading, and none of ${asked} on it was answered`;
    const of = answered === this.#questions.length ? '' : `, of which ${answered} could be answered,`;
    return `after ${asked}${of} the sentence still has more than one reading`;
  }

  async #ask(separation: Separation, readings: readonly Reading[]): Promise<void> {
    const question = questionOn(this.#questions.length + 1, separation, readings, this.#deps);
    const answer = known(await this.#person.answer(question));
    this.#questions.push({ question, answer });
    this.#shown.add(keyOf(separation.kind, separation.facts));
    if (answer !== 'skip')
      this.#said.push({ kind: separation.kind, facts: separation.facts, verdict: VERDICT_OF[answer] });
  }

  /** Every role drafts anew, each from the first resource that its own draft gets wrong. */
  async #repair(): Promise<NoReading | undefined> {
    this.#step('redraft');
    const repaired: Reading[] = [];
    for (const [i, role] of [this.#author, this.#second].entries()) {
      const draft = this.#readings[i] ?? this.#readings[0];
      const said = draft === undefined ? undefined : broken(draft, this.#said, this.#deps.now);
      if (draft === undefined || said === undefined) throw new AppError('INVARIANT_BROKEN', 'nothing to repair');
      const reading = await role.repair(this.#sentence, counterexampleText(draft, said, this.#deps.now));
      if (reading.is === 'refused') return reading;
      repaired.push(reading);
    }
    this.#readings = repaired;
    return undefined;
  }

  /** Paraphrases, formalised, must mean the same; true where there is one that does not. */
  async #paraphrased(draft: Reading): Promise<boolean> {
    const { limits } = this.#deps;
    if (limits.paraphrases === 0) return false;
    const answer = await this.#calls.ask(paraphraseRequest(this.#sentence, limits.paraphrases));
    const texts = answer.is === 'answered' ? (parseParaphrases(answer.value) ?? []) : [];
    const usable = [...new Set(texts.map((t) => t.trim()))]
      .filter(
        (t) => t !== '' && Buffer.byteLength(t) <= limits.intentBytes && plainText(t) !== plainText(this.#sentence),
      )
      .slice(0, limits.paraphrases);
    const readings = await Promise.all(usable.map((t) => this.#second.once('paraphrase', t, this.#sentence)));
    const same = readings.filter((r) => this.#means(r, draft)).length;
    this.#variants = readings.filter((r) => r.is === 'policies').filter((r) => !this.#means(r, draft));
    const missed = [
      [this.#variants.length, 'understood otherwise'],
      [usable.length - same - this.#variants.length, 'without a policy'],
      [limits.paraphrases - usable.length, 'not given by the model'],
    ].flatMap(([n, what]) => (n === 0 ? [] : [`${n} ${what}`]));
    this.#record({
      name: 'paraphrases',
      passed: usable.length === limits.paraphrases && same === usable.length,
      says: `${same} of ${limits.paraphrases} paraphrases mean the same${missed.length === 0 ? '' : `; ${missed.join(', ')}`}`,
    });
    return this.#variants.length > 0;
  }

  /** The covered phrases without which the sentence is understood the same: they are not what the clauses come from. */
  async #deleted(draft: Reading): Promise<readonly string[]> {
    const phrases = [
      ...new Set(draft.formals.flatMap((f) => f.covers.filter((c) => c.by !== 'kind').map((c) => plainText(c.words)))),
    ];
    const deletable = phrases
      .map((phrase) => {
        const pieces = phrase.split(/\s*\.\.\.\s*/);
        const left = pieces.reduce((text, piece) => text.replace(piece, ' '), plainText(this.#sentence));
        return { phrase, left: plainText(left) };
      })
      .filter(({ left }) => /\p{L}/u.test(left));
    const tried = deletable.slice(0, this.#deps.limits.deletions);
    if (tried.length === 0) return [];
    const readings = await Promise.all(tried.map(({ left }) => this.#author.once('deletion', left, this.#sentence)));
    const which = (is: (reading: Understood) => boolean): readonly string[] =>
      tried.filter((_, i) => is(readings[i] as Understood)).map(({ phrase }) => phrase);
    const idle = which((r) => this.#means(r, draft));
    const open = [
      [idle, 'deleted, these words change nothing'],
      [which(isNoMeaning), 'without these words the model gave no answer to compare'],
      [deletable.slice(tried.length).map(({ phrase }) => phrase), 'not tried'],
    ] as const;
    const found = open.flatMap(([of, what]) => (of.length === 0 ? [] : [`${what}: ${of.map(quoted).join(', ')}`]));
    this.#record({
      name: 'deletions',
      passed: found.length === 0,
      says:
        found.length > 0
          ? `${found.join('; ')} (${tried.length} of ${deletable.length} tried)`
          : `${tried.length === 1 ? 'the one phrase' : `each of ${tried.length} phrases`} changes the meaning when it is deleted`,
    });
    return idle;
  }

  #means(understood: Understood, draft: Reading): boolean {
    return understood.is === 'policies' && apart(understood, draft, this.#deps).is === 'same';
  }

  #step(step: Extract<Told, { is: 'step' }>['step']): void {
    this.#deps.tells?.({ is: 'step', step });
  }

  /** The reading with what stays of the policies before, as far as nothing that was said contradicts it. */
  #keeping(reading: Reading): Kept {
    const { previous = [] } = this.#options;
    const ways = this.#carried.get(reading) ?? [true, false].map((all) => carried(reading, previous, all));
    this.#carried.set(reading, ways);
    const fits = ways.find(
      (kept) => broken(kept.reading, this.#said, this.#deps.now) === undefined && this.#isSaid(kept),
    );
    return fits ?? { reading, drafted: reading, overridden: [] };
  }

  /** What is kept of other scopes is said by the sentence, or by what stands below it: the gate holds the clauses to that. */
  #isSaid({ reading, overridden }: Kept): boolean {
    const { previous = [] } = this.#options;
    return (
      overridden.length === 0 ||
      reading.formals.every(({ policy, core, kind }) => {
        const why = previous.find((p) => p.policy.kind === kind.id)?.why;
        const intent = intentText(policy, this.#sentence, why);
        return intentProblem(intent, { policy, core, kind }, this.#deps.active) === undefined;
      })
    );
  }

  #understood({ reading: draft, drafted }: Kept, idle: readonly string[]): void {
    if (draft === this.#told && idle.length === 0) return;
    this.#told = draft;
    const { uncovered } = coverageOf(this.#sentence, drafted.formals, this.#deps.active);
    this.#deps.tells?.({
      is: 'understood',
      leftOut: draft.leftOut,
      drafts: draft.formals.map(({ policy, covers }) => ({
        policy,
        yaml: policyYaml(policy),
        covers,
        uncovered: [...new Set([...uncovered, ...idle])],
      })),
    });
  }

  #record(check: Check): void {
    this.#checks.set(check.name, check);
  }

  async #finish(
    { reading: draft, drafted, overridden }: Kept,
    { rows, judged, said }: Judged,
    idle: readonly string[],
  ): Promise<Outcome> {
    this.#step('prove');
    const coverage = coverageOf(this.#sentence, drafted.formals, this.#deps.active);
    const uncovered = [...new Set([...coverage.uncovered, ...idle])];
    this.#record({
      name: 'coverage',
      passed: uncovered.length === 0 && !coverage.unchecked,
      says: coverage.unchecked
        ? 'the sentence is not English: its words could not be checked'
        : uncovered.length === 0
          ? 'every word is formalised'
          : `no clause formalises: ${uncovered.join(', ')}`,
    });
    this.#record({
      name: 'literals',
      passed: true,
      says: 'every number and name of the clauses stands in the sentence',
    });
    if (overridden.length > 0)
      this.#record({
        name: 'carried',
        passed: false,
        says: `kept from the version before, and in no draft of the sentence: what ${overridden.join(', ')} ${overridden.length === 1 ? 'is' : 'are'} in other scopes`,
      });
    // What the person has said comes first: those are stored whatever the gates would need.
    const told = [...this.#said, ...said]
      .filter(({ verdict }) => verdict !== 'unknown')
      .map(({ verdict, ...s }): Row => ({ ...s, expected: verdict }));
    const byKey = new Map([...told, ...rows].map((r) => [keyOf(r.kind, r.facts), r]));
    const { policies, check, unstored } = await finish(
      draft,
      this.#sentence,
      [...byKey.values()],
      uncovered,
      this.#deps,
      (policy) => this.#options.ids?.get(policy.kind) ?? freeId(policy.id, this.#deps),
      undefined,
      this.#options.previous,
    );
    this.#record(check);
    this.#record(storedCheck(unstored, this.#questions));
    const leftOut = draft.leftOut.filter((l) => !policies.some((p) => p.policy.kind === l.kind));
    return {
      is: 'authored',
      policies,
      leftOut,
      questions: this.#questions,
      judged,
      rounds: this.#author.rounds + this.#second.rounds,
      checks: [...this.#checks.values()],
    };
  }
}

const quoted = (text: string): string => JSON.stringify(text);

/** Nothing was understood: that says of the meaning neither that it is the same nor that it is another. */
const isNoMeaning = (understood: Understood): boolean =>
  understood.is === 'wrong' ||
  (understood.is === 'refused' && ['model_unavailable', 'not_understood', 'unusable'].includes(understood.code));

/** A reading, what it was drafted as, and the parameters whose values for other scopes no draft says. */
interface Kept {
  readonly reading: Reading;
  readonly drafted: Reading;
  readonly overridden: readonly string[];
}

/** The reading with what stays of the policies before; `all`: what their parameters are in other scopes, too. */
function carried(drafted: Reading, previous: readonly Previous[], all: boolean): Kept {
  const overridden: string[] = [];
  const formals = drafted.formals.map((formal): Formal => {
    const before = previous.find((p) => p.policy.kind === formal.kind.id)?.policy;
    if (before === undefined) return formal;
    const kept = carryOver(all ? before : withoutOverrides(before), formal.policy, formal.kind);
    overridden.push(...kept.overridden);
    const covers = formal.covers.map((c) => ({ ...c, by: kept.names.get(c.by) ?? c.by }));
    return { ...formal, policy: kept.policy, core: toCore(kept.policy, formal.kind), covers };
  });
  const isOther = formals.some((f, i) => f !== drafted.formals[i]);
  return { reading: isOther ? { ...drafted, formals } : drafted, drafted, overridden };
}

/** Unknown only where it matters: of readings that differ on the unknown alone, such a one says more. */
const isDecided = (reading: Reading): boolean => reading.formals.every((f) => needlesslyUnknown(f.core) === undefined);

const misjudged = (why: string): NoReading => ({ is: 'refused', code: 'misjudged', why });

/** Why there are not two readings; undefined where there are. One alone is nobody's word. */
function withoutBoth(
  [a, b]: readonly [Reading | NoReading, Reading | NoReading],
  kinds: readonly Kind[],
): NoReading | undefined {
  const refusals = [a, b].filter((r) => r.is === 'refused');
  const [first, other] = [
    refusals.find((r) => r.code === 'model_unavailable') ??
      refusals.find((r) => r.code !== 'not_understood') ??
      refusals[0],
    [a, b].find((r) => r.is === 'policies'),
  ];
  if (first === undefined) return undefined;
  if (refusals.length === 2) {
    const both = { ...first, ...missingOf(refusals) };
    return first.code === 'needs_rego' && a.is === 'refused' && b.is === 'refused'
      ? ruledAlike(both, [a, b], kinds)
      : both;
  }
  const readings =
    first.code === 'ambiguous' || first.code === 'contradictory'
      ? [...(first.readings ?? []), ...(other?.is === 'policies' ? [readingInEnglish(other)] : [])]
      : undefined;
  // Rego is drafted for what both understand, and not for one's reading.
  const { drafts: _, ...alone } = first;
  return {
    ...alone,
    why:
      first.code === 'model_unavailable'
        ? first.why
        : `only one of two formalisations drafts a policy; the other: ${first.why}`,
    ...(readings === undefined ? {} : { readings }),
  };
}

/** Rego is drafted for what both understand alike: of the same kind, from the same facts, beside the same clauses. */
function ruledAlike(both: NoReading, [a, b]: readonly [NoReading, NoReading], kinds: readonly Kind[]): NoReading {
  const other = [a, b].find((r) => r.code !== 'needs_rego');
  if (other !== undefined)
    return { ...other, why: `only one of two formalisations finds that Rego can say it; the other: ${other.why}` };
  const drafts = [a.drafts ?? [], b.drafts ?? []] as const;
  const difference = differenceOfDrafts(drafts, kinds);
  if (difference === undefined) return both;
  return {
    is: 'refused',
    code: 'ambiguous',
    why: `both formalisations find that only Rego can say it, and they differ: ${difference}`,
    readings: drafts.map((d) => draftsInEnglish(d, kinds)),
  };
}

function missingOf(refusals: readonly NoReading[]): Pick<NoReading, 'missing'> {
  const all = refusals.flatMap((r) => r.missing ?? []);
  if (all.length === 0) return {};
  return { missing: [...new Map(all.map((m) => [`${m.kind} ${m.fact}`, m])).values()] };
}

function counterexampleText(draft: Reading, { kind, facts, verdict }: Said, now: number): string {
  const formal = draft.formals.find((f) => f.kind.id === kind.id);
  const values = Object.fromEntries(Object.entries(facts).map(([f, s]) => [f, 'value' in s ? s.value : null]));
  return `A resource of the kind ${kind.id} with the facts ${JSON.stringify(values)}: the person says ${answerOf(verdict) ?? 'that it depends on what is not among them'}, the draft says ${answerOf(judge(formal?.core, kind, facts, now)) ?? 'unknown'}.`;
}

// ── blind judgement ───────────────────────────────────────────────────────────────────────────────────────────────

interface Mismatch {
  readonly row: Row;
  readonly answer: Answer;
}
interface Judged {
  readonly rows: readonly Row[];
  readonly judged: Authored['judged'];
  readonly said: readonly Said[];
  readonly mismatches: readonly Mismatch[];
  /** Misreadings that no row tells from the draft: nobody can say that they are not what is meant. */
  readonly untold: number;
  /** The person did not look: why it is thought so. */
  readonly careless?: string;
  readonly check: Check;
}

const untoldText = (n: number): string =>
  `there are too many resources to look at: ${counted(n, 'misreading')} could not be told from the draft. Say it in smaller rules`;
const mismatchText = ({ row, answer }: Mismatch): string =>
  `of "${describe(row.kind, row.facts)}" the person says ${answer === 'skip' ? 'that it depends on what is not shown' : wordsOf(answer)}, and the draft ${(answerOf(row.expected) ?? 'unknown').replaceAll('_', ' ')}`;

/** The person judges the rows without being told what the draft says; then a wrong claim about one of them must be caught. */
async function judgeBlind(
  draft: Reading,
  rejected: readonly Reading[],
  deps: AuthorDeps,
  person: Person,
): Promise<Judged> {
  const { rows, untold } = rowsFor(draft, rejected, deps);
  const shown = rows.map((r, i) => showResource(`resource-${i + 1}`, r.kind, r.facts, deps));
  const given = await person.judge(shown);
  const first = rows.map((_, i) => known(given[i]));
  const careless = carelessness(rows, first);
  const answers = careless === undefined ? await lookAgain(rows, shown, first, person, deps) : first;
  // Who cannot say means that it depends on what is not shown: no reading may decide it.
  const said = rows.map(({ kind, facts }, i): Said => {
    const answer = answers[i] ?? 'skip';
    return { kind, facts, verdict: answer === 'skip' ? 'unknown' : VERDICT_OF[answer] };
  });
  const mismatches = rows.flatMap((row, i) => {
    const answer = answers[i] ?? 'skip';
    return differs(row, answer) ? [{ row, answer }] : [];
  });
  const judged = rows.flatMap((row, i) => {
    const [resource, answer = 'skip', blind = 'skip'] = [shown[i], answers[i], first[i]];
    if (resource === undefined) return [];
    return [{ resource, answer, ...(answer === blind ? {} : { blind }), verdict: row.expected }];
  });
  const corrected = judged.filter((j) => j.blind !== undefined && j.answer === answerOf(j.verdict)).length;
  const blind = careless ?? (mismatches.length > 0 ? undefined : await uncaught(draft, rows, deps, person));
  return {
    rows,
    judged,
    said,
    mismatches,
    untold,
    ...(blind === undefined ? {} : { careless: blind }),
    check: {
      name: 'judging',
      passed: mismatches.length + corrected === 0 && blind === undefined && untold === 0,
      says: `${answers.filter((a) => a !== 'skip').length} of ${counted(rows.length, 'resource')} judged blind, ${mismatches.length + corrected} otherwise than the draft${corrected === 0 ? '' : ` (${corrected} corrected after a second look, with what the draft says in view)`}; ${counted(untold, 'misreading')} that none of them tells`,
    },
  };
}

function carelessness(rows: readonly Row[], answers: readonly Answer[]): string | undefined {
  const given = answers.filter((a) => a !== 'skip');
  if (given.length * 3 < rows.length * 2)
    return `only ${given.length} of ${counted(rows.length, 'resource')} ${given.length === 1 ? 'was' : 'were'} judged`;
  const expected = new Set(rows.map((r) => r.expected));
  if (expected.size > 1 && new Set(given).size === 1)
    return `every resource was judged ${given[0]?.replaceAll('_', ' ')}`;
  return undefined;
}

/** A resource with a wrong claim about it: whoever agrees with everything agrees with that. Why the person did not look. */
export async function claimed(
  kind: Kind,
  facts: FactStates,
  right: Exclude<Answer, 'skip'>,
  deps: AuthorDeps,
  person: Person,
): Promise<string | undefined> {
  const claim: Answer = right === 'violation' ? 'fine' : 'violation';
  const resource = showResource('claim', kind, facts, deps);
  const says = claim.replaceAll('_', ' ');
  const answer = known(
    await person.answer({
      id: 'claim',
      asks: `${resource.says}. Somebody says of it: ${says}. What do you say?`,
      resource,
      readings: [{ english: `What somebody says: ${says}.`, answer: claim }],
    }),
  );
  return answer === right
    ? undefined
    : `of "${resource.says}" a wrong claim was not caught: ${answer.replaceAll('_', ' ')}`;
}

/** One row is shown with a wrong claim. */
async function uncaught(
  draft: Reading,
  rows: readonly Row[],
  deps: AuthorDeps,
  person: Person,
): Promise<string | undefined> {
  const row = rows.find((r) => r.expected === 'violation') ?? rows[0];
  const formal = draft.formals.find((f) => f.kind.id === row?.kind.id);
  const right = row === undefined ? undefined : answerOf(row.expected);
  if (row === undefined || formal === undefined || right === undefined) return undefined;
  return claimed(row.kind, row.facts, right, deps, person);
}

// ── the policies ──────────────────────────────────────────────────────────────────────────────────────────────────

/** Rego, examples and the verdict of the gates for each policy of the draft. `yaml` is given where it is written already. */
async function finish(
  draft: Reading,
  sentence: string,
  rows: readonly Row[],
  uncovered: readonly string[],
  deps: AuthorDeps,
  idOf: (policy: Policy) => string,
  yaml?: string,
  previous: readonly Previous[] = [],
): Promise<{ readonly policies: readonly AuthoredPolicy[]; readonly check: Check; readonly unstored: readonly Row[] }> {
  const policies: AuthoredPolicy[] = [];
  const unstored: Row[] = [];
  const untold: string[] = [];
  for (const formal of draft.formals) {
    const id = idOf(formal.policy);
    const policy = { ...formal.policy, id };
    const named: Formal = { ...formal, policy, core: { ...formal.core, id } };
    const text = yaml ?? policyYaml(policy);
    const source = { file: `${id}/policy.yaml`, yaml: text };
    const { rego } = compilePolicy(source, deps.kinds);
    const own = rows.filter((r) => r.kind.id === formal.kind.id);
    const { files: written, excused, unstored: missing } = await examplesFor(named, text, own, deps);
    unstored.push(...missing);
    const { examples, problems } = await deps.examplesOf(text, written);
    const intent = intentText(policy, sentence, previous.find((p) => p.policy.kind === policy.kind)?.why);
    // What was looked for and not found; the gate holds it against what can be written, and takes no excuse at its word.
    const impossible = deps.complete === undefined ? [] : WANTED.filter((v) => !examples.some((e) => e.verdict === v));
    const verification = await deps.verify({ ...source, id, rego, intent, examples, problems, excused, impossible });
    const files = {
      'intent.md': intent,
      ...written,
      ...(excused.length + impossible.length === 0
        ? {}
        : { 'examples/exceptions.yaml': exceptionsYaml(excused, impossible) }),
    };
    policies.push({ policy, yaml: text, covers: formal.covers, uncovered, rego, verification, files });
    untold.push(...impossible.map((v) => `what is ${v}`), ...excused.map((e) => `${e.what} (${e.where})`));
  }
  const says =
    untold.length === 0 ? 'every misreading is told by a stored example' : `no document can tell: ${untold.join(', ')}`;
  return { policies, check: { name: 'examples', passed: untold.length === 0, says }, unstored };
}

/** What an example is stored of. */
const WANTED = ['compliant', 'violation', 'unknown'] as const;

/** A new policy never takes the id of an active one: it would replace it without anybody having said so. */
export function freeId(id: string, { active }: Pick<AuthorDeps, 'active'>): string {
  for (let n = 1; ; n++) {
    const candidate = n === 1 ? id : `${id}-${n}`;
    if (!active.some((p) => p.id === candidate)) return candidate;
  }
}
