/** Runs a model on the corpus: every sentence in every phrasing, as often as asked, before each approver. */
import { createHash } from 'node:crypto';
import { budgeted } from '../../shared/adapters/anthropic/budget.ts';
import { understand } from '../../shared/authoring/answer.ts';
import type { AuthorDeps } from '../../shared/authoring/deps.ts';
import type { Authored, Intent, Person, Refusal } from '../../shared/authoring/intent.ts';
import { CLOUDS } from '../../shared/model/cloud.ts';
import { isAppError } from '../../shared/model/errors.ts';
import { canonicalJson } from '../../shared/model/json.ts';
import { compilePolicy } from '../../shared/policy/compile.ts';
import type { CorePolicy } from '../../shared/policy/core.ts';
import { lotsFrom, PROOF_NOW } from '../../shared/policy/proof.ts';
import type { LanguageModel, ModelAnswer, ModelCall } from '../../shared/ports/language-model.ts';
import { type ApproverName, makeApprover } from './approvers.ts';
import type { EvalIntent, Reading } from './corpus.ts';
import {
  differencesFrom,
  type JudgedResource,
  judgedOf,
  misjudgedBy,
  statesOf,
  verdictOf,
  type WrongPolicy,
} from './gold.ts';
import { judgedLines } from './judged.ts';

export type Author = (intent: Intent, deps: AuthorDeps, person: Person) => Promise<Authored | Refusal>;

/** What came of one sentence before one approver. */
export interface CaseResult {
  readonly intent: string;
  /** Which of the texts of the intent: 0 is the sentence, the others are phrasings. */
  readonly text: number;
  readonly run: number;
  readonly approver: ApproverName;
  /**
   * `activated`: authored, every gate passed, evidence `proved`; `gated`: authored, and a gate did not pass; `crashed`: our
   * own code threw, and nothing came of the sentence.
   */
  readonly outcome: 'activated' | 'gated' | 'refused' | 'crashed';
  /** `activated`: in what it is wrong; empty: it is right. */
  readonly wrong: readonly WrongPolicy[];
  /** `refused`: the code; `gated`: the gates; `crashed`: the code of the error, or its name. */
  readonly code: string | null;
  readonly why: string;
  /** The refusal is one that gold expects. */
  readonly rightRefusal: boolean;
  readonly policies: readonly CorePolicy[];
  readonly asked: number;
  readonly judged: number;
  readonly rounds: number;
  /** The authored policies say the same in every cloud wherever gold does; null: nothing was activated. */
  readonly crossCloud: boolean | null;
  readonly calls: number;
  readonly tokens: { readonly input: number; readonly cached: number; readonly output: number };
  /** US dollars; null: a model is not on the price list. */
  readonly cost: number | null;
  readonly seconds: number;
  /** Of those, with a request to the model open: requests that wait at the same time are counted once. */
  readonly modelSeconds: number;
}

export interface RunNeeds {
  readonly author: Author;
  readonly deps: AuthorDeps;
  readonly runs: number;
  readonly approvers: readonly ApproverName[];
  readonly seed: number;
  /** Milliseconds, to measure with. */
  readonly clock: () => number;
  /** Tokens of one sentence before all its approvers, read and written. */
  readonly tokenBudget: number;
  /** How many sentences are authored at the same time. */
  readonly parallel: number;
  /** A case that was done before: it is not done again. */
  readonly isDone: (key: string) => boolean;
  readonly done: (result: CaseResult) => void;
}

/** Requests whose answer is the draft that a person is shown. */
const DRAFTS: readonly string[] = ['formalise', 'repair'];

/** No evidence: the model did not answer. */
export const isUnavailable = (c: CaseResult): boolean => c.outcome === 'refused' && c.code === 'model_unavailable';

/** The name of a case. */
export const keyOf = (c: Pick<CaseResult, 'intent' | 'text' | 'run' | 'approver'>): string =>
  `${c.intent} ${c.text} ${c.run} ${c.approver}`;

/** Runs everything that is not done yet. */
export async function runCorpus(intents: readonly EvalIntent[], needs: RunNeeds): Promise<void> {
  // Run by run: what is there of an evaluation that was stopped is whole runs.
  const units = Array.from({ length: needs.runs }, (_, run) => run).flatMap((run) =>
    intents.flatMap((intent) => intent.texts.map((_, text) => ({ intent, text, run }))),
  );
  let next = 0;
  const work = async (): Promise<void> => {
    for (let unit = units[next++]; unit !== undefined; unit = units[next++]) await runUnit(unit, needs);
  };
  await Promise.all(Array.from({ length: needs.parallel }, work));
}

interface Unit {
  readonly intent: EvalIntent;
  readonly text: number;
  readonly run: number;
}

async function runUnit({ intent, text, run }: Unit, needs: RunNeeds): Promise<void> {
  const todo = needs.approvers.filter((approver) => !needs.isDone(keyOf({ intent: intent.id, text, run, approver })));
  if (todo.length === 0) return;
  const remembered = makeRemembering(budgeted(needs.deps.model, needs.tokenBudget));
  const judged = await judgedOf(intent);
  for (const approver of todo) {
    const result = await runCase({ intent, text, run }, approver, judged, remembered(), needs);
    needs.done(result);
    if (isUnavailable(result)) return;
  }
}

async function runCase(
  { intent, text, run }: Unit,
  approver: ApproverName,
  judged: readonly JudgedResource[],
  model: LanguageModel,
  needs: RunNeeds,
): Promise<CaseResult> {
  const { gold } = intent;
  // Who means an ambiguous sentence means one of its readings: another in the next run.
  const reading = gold.readings[run % Math.max(1, gold.readings.length)];
  let drafted: readonly CorePolicy[] = [];
  const waiting = makeStopwatch(needs.clock);
  const asked: ModelCall[] = [];
  const sentence = intent.texts[text] ?? '';
  const overheard: LanguageModel = {
    ask: async (request) => {
      const answer = await waiting.during(model.ask(request));
      asked.push(answer.call);
      if (answer.is === 'answered' && request.role === 'author' && DRAFTS.includes(request.purpose)) {
        const understood = understand(answer.value, sentence, needs.deps.kinds);
        if (understood.is === 'policies') drafted = understood.formals.map((f) => f.core);
      }
      return answer;
    },
  };
  const deps: AuthorDeps = { ...needs.deps, model: overheard };
  const seed = createHash('sha256')
    .update(`${needs.seed} ${intent.id} ${text} ${run} ${approver}`)
    .digest()
    .readUInt32BE();
  const person = makeCounting(
    makeApprover(approver, {
      ...(reading === undefined ? {} : { reading }),
      judged,
      drafted: () => drafted,
      lots: lotsFrom(seed),
      now: needs.deps.now,
    }),
  );
  const started = needs.clock();
  const put: Intent = {
    text: sentence,
    ...(intent.kinds === undefined ? {} : { kinds: intent.kinds }),
  };
  let outcome: Outcome;
  let calls: readonly ModelCall[] = asked;
  try {
    const result = await needs.author(put, deps, person);
    calls = result.calls;
    outcome = outcomeOf(result, intent, reading, judged, needs);
  } catch (error) {
    // One sentence on which our own code breaks is a result of that sentence: the others are still to be measured.
    outcome = crashOf(error);
  }
  const seconds = (needs.clock() - started) / 1000;
  // What was asked before a sentence was refused was asked all the same.
  const counts =
    outcome.outcome === 'refused' || outcome.outcome === 'crashed'
      ? { ...person.counts(), rounds: calls.filter((c) => c.purpose === 'repair').length }
      : {};
  return {
    intent: intent.id,
    text,
    run,
    approver,
    ...outcome,
    ...counts,
    ...spentOn(calls),
    seconds,
    modelSeconds: waiting.ms() / 1000,
  };
}

/** Measures how long at least one of several promises is awaited. */
function makeStopwatch(clock: () => number): {
  readonly during: <T>(awaited: Promise<T>) => Promise<T>;
  readonly ms: () => number;
} {
  let [open, since, ms] = [0, 0, 0];
  return {
    during: async (awaited) => {
      if (open++ === 0) since = clock();
      try {
        return await awaited;
      } finally {
        if (--open === 0) ms += clock() - since;
      }
    },
    ms: () => ms,
  };
}

function spentOn(calls: readonly ModelCall[]): Pick<CaseResult, 'calls' | 'tokens' | 'cost'> {
  const sum = (of: (c: ModelCall) => number): number => calls.reduce((n, c) => n + of(c), 0);
  return {
    calls: calls.length,
    tokens: {
      input: sum((c) => c.usage.inputTokens),
      cached: sum((c) => c.usage.cachedTokens),
      output: sum((c) => c.usage.outputTokens),
    },
    cost: calls.some((c) => c.usage.cost === null) ? null : sum((c) => c.usage.cost ?? 0),
  };
}

type Outcome = Pick<
  CaseResult,
  'outcome' | 'wrong' | 'code' | 'why' | 'rightRefusal' | 'policies' | 'asked' | 'judged' | 'rounds' | 'crossCloud'
>;

/** Nothing came of a sentence. */
const NOTHING = {
  rightRefusal: false,
  wrong: [],
  policies: [],
  asked: 0,
  judged: 0,
  rounds: 0,
  crossCloud: null,
} as const;

function crashOf(error: unknown): Outcome {
  const code = isAppError(error) ? error.code : error instanceof Error ? error.name : typeof error;
  const why = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { ...NOTHING, outcome: 'crashed', code, why };
}

/** A person, and what it was asked so far. */
function makeCounting(person: Person): Person & { readonly counts: () => Pick<CaseResult, 'asked' | 'judged'> } {
  let [asked, judged] = [0, 0];
  return {
    answer: (question) => {
      asked++;
      return person.answer(question);
    },
    judge: (resources) => {
      judged += resources.length;
      return person.judge(resources);
    },
    counts: () => ({ asked, judged }),
  };
}

function outcomeOf(
  result: Authored | Refusal,
  intent: EvalIntent,
  reading: Reading | undefined,
  judged: readonly JudgedResource[],
  needs: RunNeeds,
): Outcome {
  if (result.is === 'refused') {
    const { gold } = intent;
    const isAmbiguous = gold.readings.length > 1 && result.code === 'ambiguous';
    const rightRefusal = isAmbiguous || gold.refusal.includes(result.code);
    return { ...NOTHING, outcome: 'refused', code: result.code, why: result.why, rightRefusal };
  }
  const policies = result.policies.map((p) => compilePolicy({ file: 'authored', yaml: p.yaml }, needs.deps.kinds).core);
  const counts = { asked: result.questions.length, judged: result.judged.length, rounds: result.rounds };
  const failed = result.policies.flatMap(({ verification: v }) => [
    ...v.gates.filter((g) => !g.passed).map((g) => g.name),
    ...(v.evidence === 'proved' ? [] : ['evidence']),
  ]);
  const accepted = failed.length === 0 && result.policies.every((p) => p.verification.accepted);
  if (!accepted || policies.length === 0) {
    const code = [...new Set(failed)].join(',') || (policies.length === 0 ? 'no policy' : 'not accepted');
    return { outcome: 'gated', code, why: '', rightRefusal: false, wrong: [], policies, crossCloud: null, ...counts };
  }
  const now = needs.deps.now;
  return {
    outcome: 'activated',
    code: null,
    why: '',
    rightRefusal: false,
    policies,
    ...counts,
    wrong: wrongIn(policies, intent, reading, judged, now),
    crossCloud: isSameInClouds(policies, intent, reading),
  };
}

/** In what activated policies are not what the sentence means. */
function wrongIn(
  policies: readonly CorePolicy[],
  intent: EvalIntent,
  reading: Reading | undefined,
  judged: readonly JudgedResource[],
  now: number,
): readonly WrongPolicy[] {
  const { gold } = intent;
  if (reading !== undefined)
    return [
      ...differencesFrom(
        reading.policies.map((p) => p.core),
        policies,
      ),
      ...misjudgedBy(policies, judged, now),
    ];
  if (judged.length > 0) return misjudgedBy(policies, judged, now);
  // Gold is a refusal: whatever is activated lets through what the sentence forbids.
  const on = `nothing that can be activated means it: ${gold.refusal.join(' or ')}`;
  return policies.map(({ kind }) => ({ kind, wrong: ['false_pass' as const], on }));
}

/** Resources of gold with their cloud exchanged: wherever gold says the same in two clouds, so do the policies. */
function isSameInClouds(policies: readonly CorePolicy[], intent: EvalIntent, reading: Reading | undefined): boolean {
  const gold = reading?.policies.map((p) => p.core) ?? [];
  return judgedLines(intent).every(({ kind, facts, open = [] }) => {
    const verdicts = CLOUDS.filter((c) => ['aws', 'azure', 'gcp'].includes(c)).map((cloud) => {
      const states = statesOf({ facts: { ...facts, cloud }, open });
      return [verdictOf(gold, kind, states, PROOF_NOW), verdictOf(policies, kind, states, PROOF_NOW)] as const;
    });
    return verdicts.every(([g, a]) => verdicts.every(([otherG, otherA]) => g !== otherG || a === otherA));
  });
}

/**
 * The model, remembered for the approvers of one sentence: they are given the same answers to the same requests, so that
 * only the approver differs, and nothing is paid for twice. The n-th time that one asks the same, it is given the n-th answer.
 */
function makeRemembering(model: LanguageModel): () => LanguageModel {
  const answers = new Map<string, Promise<ModelAnswer>[]>();
  return () => {
    const times = new Map<string, number>();
    return {
      ask: (request) => {
        const key = canonicalJson(request);
        const n = times.get(key) ?? 0;
        times.set(key, n + 1);
        const known = answers.get(key) ?? [];
        answers.set(key, known);
        const before = known[n];
        // Nobody waited for what is remembered.
        if (before !== undefined) return before.then((a) => ({ ...a, call: { ...a.call, ms: 0 } }));
        return (known[n] = model.ask(request));
      },
    };
  };
}
