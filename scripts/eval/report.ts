/** The report of an evaluation. Its first line is how often a wrong policy would have been activated. */
import type { ApproverName } from './approvers.ts';
import type { EvalIntent } from './corpus.ts';
import { differencesFrom, type Wrong, WRONGS } from './gold.ts';
import { type CaseResult, isUnavailable } from './run.ts';
import { lowerBound, neededFor, quantile, type Spread, spreadOf, upperBound } from './statistics.ts';

/** Runs and phrasings of one intent are not independent of each other: bounds count intents. */
export interface Wrongs {
  /** Activations that are wrong, of all activations. */
  readonly wrong: number;
  readonly activated: number;
  /** By sort; an activation may be of two. */
  readonly sorts: { readonly [sort in Wrong]: number };
  /** Intents with a wrong activation, of the distinct intents that were activated. */
  readonly wrongIntents: number;
  readonly activatedIntents: number;
  /** Exact one-sided 95 % upper bound of the share of activated intents that are wrong. */
  readonly atMost: number;
}
export interface Stability {
  /** Right in every run and phrasing, in some, in none. */
  readonly robust: readonly string[];
  readonly flaky: readonly string[];
  readonly alwaysFail: readonly string[];
}
export interface ApproverReport {
  readonly approver: ApproverName;
  readonly cases: number;
  readonly activatedWrong: Wrongs;
  /** Shares of all cases, by run: mean and standard deviation over runs. */
  readonly shares: {
    readonly activatedCorrect: Spread | null;
    readonly activatedWrong: Spread | null;
    readonly gated: Spread | null;
    readonly refusedRight: Spread | null;
    readonly refusedWrong: Spread | null;
    readonly asked: Spread | null;
    readonly crashed: Spread | null;
  };
  /** Intents that have a meaning and one only, activated and right in every case; exact one-sided 95 % lower bound. */
  readonly correct: { readonly intents: number; readonly of: number; readonly atLeast: number };
  readonly refusals: { readonly [code: string]: { readonly right: number; readonly wrong: number } };
  readonly gates: { readonly [gates: string]: number };
  /** Intents on which our own code threw. */
  readonly crashed: readonly string[];
  /** Intents with phrasings, all of which came to the same (the same meaning, or the same refusal) in each run. */
  readonly paraphrases: { readonly consistent: number; readonly of: number };
  /** Activations that say the same in every cloud wherever gold does. */
  readonly clouds: { readonly consistent: number; readonly of: number };
  /** Means over the cases of a run: mean and standard deviation over runs. */
  readonly perCase: {
    readonly questions: Spread | null;
    readonly judged: Spread | null;
    readonly rounds: Spread | null;
    readonly calls: Spread | null;
    readonly inputTokens: Spread | null;
    readonly cachedTokens: Spread | null;
    readonly outputTokens: Spread | null;
    /** Null: a model is not on the price list. */
    readonly cost: Spread | null;
    readonly seconds: Spread | null;
    /** Besides the model's own time, 95 of 100 take no longer. */
    readonly ownSecondsP95: number | null;
  };
  readonly stability: Stability;
  readonly byShape: {
    readonly [shape: string]: { readonly right: number; readonly wrong: number; readonly cases: number };
  };
}
export interface EvalReport {
  readonly version: 1;
  readonly corpus: { readonly intents: number; readonly texts: number; readonly sha256: string };
  readonly models: string;
  readonly runs: number;
  /** Cases in which no model answered: not part of any figure. */
  readonly unavailable: number;
  /** Cases that were not tried, because no model had answered before: not part of any figure either. */
  readonly notTried: number;
  readonly approvers: readonly ApproverReport[];
  /** Each wrong activation. */
  readonly wrong: readonly Pick<CaseResult, 'intent' | 'text' | 'run' | 'approver' | 'wrong'>[];
}

/** What a person may count on: the right policy, or the right refusal. */
export const isRight = (c: CaseResult): boolean =>
  c.outcome === 'activated' ? c.wrong.length === 0 : c.outcome === 'refused' && c.rightRefusal;
const isWrong = (c: CaseResult): boolean => c.outcome === 'activated' && c.wrong.length > 0;

function groupBy<T>(items: readonly T[], key: (item: T) => string): ReadonlyMap<string, readonly T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(key(item)) ?? [];
    groups.set(key(item), group);
    group.push(item);
  }
  return groups;
}

function counted(items: readonly string[]): { [item: string]: number } {
  const counts: { [item: string]: number } = {};
  for (const item of items.toSorted()) counts[item] = (counts[item] ?? 0) + 1;
  return counts;
}

function wrongsOf(cases: readonly CaseResult[]): Wrongs {
  const activated = cases.filter((c) => c.outcome === 'activated');
  const wrong = activated.filter(isWrong);
  const has = (c: CaseResult, sort: Wrong): boolean => c.wrong.some((w) => w.wrong.includes(sort));
  const activatedIntents = new Set(activated.map((c) => c.intent)).size;
  const wrongIntents = new Set(wrong.map((c) => c.intent)).size;
  return {
    wrong: wrong.length,
    activated: activated.length,
    sorts: Object.fromEntries(WRONGS.map((s) => [s, wrong.filter((c) => has(c, s)).length])) as Wrongs['sorts'],
    wrongIntents,
    activatedIntents,
    atMost: upperBound(wrongIntents, activatedIntents),
  };
}

/** Two cases of one run came to the same. */
function cameToSame(a: CaseResult, b: CaseResult): boolean {
  if (a.outcome !== b.outcome) return false;
  return a.outcome === 'refused' ? a.code === b.code : differencesFrom(a.policies, b.policies).length === 0;
}

function approverReport(
  approver: ApproverName,
  cases: readonly CaseResult[],
  intents: readonly EvalIntent[],
): ApproverReport {
  const byRun = [...groupBy(cases, (c) => String(c.run)).values()];
  const share = (is: (c: CaseResult) => boolean): Spread | null =>
    spreadOf(byRun.map((run) => run.filter(is).length / run.length));
  const each = (of: (c: CaseResult) => number): Spread | null =>
    spreadOf(byRun.map((run) => run.reduce((sum, c) => sum + of(c), 0) / run.length));
  const byIntent = groupBy(cases, (c) => c.intent);
  const shapeOf = new Map(intents.map((i) => [i.id, i.shape]));

  const stable = [...byIntent].map(([id, of]) => ({ id, right: of.filter(isRight).length, of: of.length }));
  const meant = intents.filter((i) => i.gold.readings.length < 2 && i.gold.refusal.length === 0 && byIntent.has(i.id));
  const correct = meant.filter((i) =>
    byIntent.get(i.id)?.every((c) => c.outcome === 'activated' && c.wrong.length === 0),
  );
  const phrased = [...groupBy(cases, (c) => `${c.intent} ${c.run}`).values()].filter((of) => of.length > 1);
  const phrasedIntents = groupBy(phrased, ([first]) => first?.intent ?? '');
  const consistent = [...phrasedIntents.values()].filter((runs) =>
    runs.every(([first, ...others]) => first !== undefined && others.every((o) => cameToSame(first, o))),
  );
  const refused = cases.filter((c) => c.outcome === 'refused');
  const inClouds = cases.filter((c) => c.crossCloud !== null);
  const own = cases.map((c) => Math.max(0, c.seconds - c.modelSeconds));
  return {
    approver,
    cases: cases.length,
    activatedWrong: wrongsOf(cases),
    shares: {
      activatedCorrect: share((c) => c.outcome === 'activated' && c.wrong.length === 0),
      activatedWrong: share(isWrong),
      gated: share((c) => c.outcome === 'gated'),
      refusedRight: share((c) => c.outcome === 'refused' && c.rightRefusal),
      refusedWrong: share((c) => c.outcome === 'refused' && !c.rightRefusal),
      asked: share((c) => c.asked > 0),
      crashed: share((c) => c.outcome === 'crashed'),
    },
    correct: { intents: correct.length, of: meant.length, atLeast: lowerBound(correct.length, meant.length) },
    refusals: Object.fromEntries(
      [...groupBy(refused, (c) => c.code ?? '')]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([code, of]) => {
          const right = of.filter((c) => c.rightRefusal).length;
          return [code, { right, wrong: of.length - right }];
        }),
    ),
    crashed: [...new Set(cases.flatMap((c) => (c.outcome === 'crashed' ? [c.intent] : [])))],
    gates: counted(cases.flatMap((c) => (c.outcome === 'gated' ? [c.code ?? ''] : []))),
    paraphrases: { consistent: consistent.length, of: phrasedIntents.size },
    clouds: { consistent: inClouds.filter((c) => c.crossCloud === true).length, of: inClouds.length },
    perCase: {
      questions: each((c) => c.asked),
      judged: each((c) => c.judged),
      rounds: each((c) => c.rounds),
      calls: each((c) => c.calls),
      inputTokens: each((c) => c.tokens.input),
      cachedTokens: each((c) => c.tokens.cached),
      outputTokens: each((c) => c.tokens.output),
      cost: cases.some((c) => c.cost === null) ? null : each((c) => c.cost ?? 0),
      seconds: each((c) => c.seconds),
      ownSecondsP95: quantile(own, 0.95),
    },
    stability: {
      robust: stable.flatMap((s) => (s.right === s.of ? [s.id] : [])),
      flaky: stable.flatMap((s) => (s.right > 0 && s.right < s.of ? [s.id] : [])),
      alwaysFail: stable.flatMap((s) => (s.right === 0 ? [s.id] : [])),
    },
    byShape: Object.fromEntries(
      [...groupBy(cases, (c) => shapeOf.get(c.intent) ?? 'other')].map(([shape, of]) => [
        shape,
        { right: of.filter(isRight).length, wrong: of.filter(isWrong).length, cases: of.length },
      ]),
    ),
  };
}

/** The report of the cases that were run. */
export function reportOf(
  all: readonly CaseResult[],
  intents: readonly EvalIntent[],
  about: Pick<EvalReport, 'models' | 'runs'> & {
    readonly sha256: string;
    /**
     * How many cases there would be.
     * @default all that there are
     */
    readonly wanted?: number;
  },
): EvalReport {
  const cases = all.filter((c) => !isUnavailable(c));
  const approvers = (['gold', 'rubber-stamp', 'noise'] as const).filter((a) => cases.some((c) => c.approver === a));
  return {
    version: 1,
    corpus: {
      intents: intents.length,
      texts: intents.reduce((n, i) => n + i.texts.length, 0),
      sha256: about.sha256,
    },
    models: about.models,
    runs: about.runs,
    unavailable: all.length - cases.length,
    notTried: (about.wanted ?? all.length) - all.length,
    approvers: approvers.map((a) =>
      approverReport(
        a,
        cases.filter((c) => c.approver === a),
        intents,
      ),
    ),
    wrong: cases
      .filter(isWrong)
      .map(({ intent, text, run, approver, wrong }) => ({ intent, text, run, approver, wrong })),
  };
}

// ── as text ───────────────────────────────────────────────────────────────────────────────────────────────────────

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
const spread = (s: Spread | null, show: (v: number) => string): string =>
  s === null ? '-' : `${show(s.mean)}${s.sigma === null ? '' : ` ± ${show(s.sigma)}`}`;
const number = (v: number): string => (Number.isInteger(v) ? String(v) : v.toFixed(v < 10 ? 2 : 0));
const WORDS: { readonly [w in Wrong]: string } = {
  false_pass: 'false pass',
  false_fail: 'false fail',
  other: 'only what is unknown or not applicable',
  undecided: 'not decided',
};

/** Wrong activations in words: the line that counts. */
export function firstLine({ approvers }: EvalReport): string {
  if (approvers.length === 0) return 'activated-wrong: nothing was run';
  const parts = approvers.map(({ approver, activatedWrong: w }) => {
    const sorts = WRONGS.flatMap((s) => (w.sorts[s] === 0 ? [] : [`${w.sorts[s]} ${WORDS[s]}`]));
    return `${approver} ${w.wrong} of ${w.activated}${sorts.length === 0 ? '' : ` (${sorts.join(', ')})`}`;
  });
  return `activated-wrong: ${parts.join('; ')}`;
}

/** What the number of activated intents supports, in one sentence. */
function supports({ activatedWrong: w, approver }: ApproverReport): string {
  const needed = neededFor(0.01);
  const enough =
    w.wrongIntents === 0 && w.activatedIntents >= needed
      ? 'that supports at most 1 %'
      : `"at most 1 %" takes 0 wrong in ${needed} distinct activated intents`;
  return `${approver}: ${w.wrongIntents} of ${w.activatedIntents} distinct activated intents wrong, so at most ${percent(w.atMost)} with 95 % confidence (exact, one-sided; runs and phrasings are clusters, intents are counted); ${enough}`;
}

/** The report as people read it. */
export function reportText(report: EvalReport): string {
  const { corpus, approvers, wrong } = report;
  const row = (what: string, of: (a: ApproverReport) => string): string =>
    `  ${what.padEnd(34)}${approvers.map((a) => of(a).padStart(22)).join('')}`;
  const gold = approvers[0];
  const lines = [
    firstLine(report),
    ...approvers.map((a) => `  ${supports(a)}`),
    '',
    `${corpus.intents} intents in ${corpus.texts} phrasings, ${report.runs} run${report.runs === 1 ? '' : 's'}; ${report.models}; corpus ${corpus.sha256.slice(0, 12)}`,
    ...(report.unavailable + report.notTried === 0
      ? []
      : [
          `In ${report.unavailable} cases no model answered, and ${report.notTried} were not tried: they are in no figure; run again with the same --out.`,
        ]),
  ];
  if (gold === undefined) return `${lines.join('\n').trimEnd()}\n`;
  lines.push(
    '',
    row('approver', (a) => a.approver),
    row('cases', (a) => String(a.cases)),
    row('activated, correct', (a) => spread(a.shares.activatedCorrect, percent)),
    row('activated, wrong', (a) => spread(a.shares.activatedWrong, percent)),
    row('stopped by a gate', (a) => spread(a.shares.gated, percent)),
    row('refused, rightly', (a) => spread(a.shares.refusedRight, percent)),
    row('refused, wrongly', (a) => spread(a.shares.refusedWrong, percent)),
    row('asked', (a) => spread(a.shares.asked, percent)),
    ...(approvers.some((a) => a.crashed.length > 0)
      ? [row('our own code broke', (a) => spread(a.shares.crashed, percent))]
      : []),
    row('intents always correct', (a) => `${a.correct.intents} of ${a.correct.of}`),
    row('  at least, with 95 % confidence', (a) => percent(a.correct.atLeast)),
    row('phrasings that agree', (a) => `${a.paraphrases.consistent} of ${a.paraphrases.of}`),
    row('the same in every cloud', (a) => `${a.clouds.consistent} of ${a.clouds.of}`),
    row('robust / flaky / always fail', ({ stability: s }) =>
      [s.robust, s.flaky, s.alwaysFail].map((x) => x.length).join(' / '),
    ),
    row('questions a case', (a) => spread(a.perCase.questions, number)),
    row('judged blind a case', (a) => spread(a.perCase.judged, number)),
    row('rounds a case', (a) => spread(a.perCase.rounds, number)),
    row('calls a case', (a) => spread(a.perCase.calls, number)),
    row('input tokens a case', (a) => spread(a.perCase.inputTokens, number)),
    row('  of them cached', (a) => spread(a.perCase.cachedTokens, number)),
    row('output tokens a case', (a) => spread(a.perCase.outputTokens, number)),
    row('cost a case', (a) =>
      a.perCase.cost === null ? 'not priced' : spread(a.perCase.cost, (v) => `$${v.toFixed(4)}`),
    ),
    row('seconds a case', (a) => spread(a.perCase.seconds, number)),
    row('  p95 besides the model', (a) => (a.perCase.ownSecondsP95 === null ? '-' : number(a.perCase.ownSecondsP95))),
  );
  lines.push('', `By shape, before the approver ${gold.approver} (right, activated wrong, cases):`);
  for (const [shape, s] of Object.entries(gold.byShape))
    lines.push(`  ${shape.padEnd(16)}${s.right}, ${s.wrong}, ${s.cases}`);
  for (const a of approvers) {
    const codes = Object.entries(a.refusals).map(([code, n]) => `${code} ${n.right} right ${n.wrong} wrong`);
    const gates = Object.entries(a.gates).map(([g, n]) => `${g} ${n}`);
    if (codes.length > 0) lines.push('', `Refused before ${a.approver}: ${codes.join('; ')}.`);
    if (gates.length > 0) lines.push(`Stopped by gates before ${a.approver}: ${gates.join('; ')}.`);
  }
  const named = (what: string, ids: readonly string[]): string[] =>
    ids.length === 0 ? [] : [`${what} before ${gold.approver}: ${ids.join(', ')}.`];
  lines.push(
    '',
    ...named('Our own code broke', gold.crashed),
    ...named('Flaky', gold.stability.flaky),
    ...named('Always fail', gold.stability.alwaysFail),
  );
  if (wrong.length > 0) lines.push('', 'Wrong activations:');
  for (const w of wrong) {
    for (const { kind, wrong: sorts, on } of w.wrong)
      lines.push(
        `  ${w.intent} (phrasing ${w.text + 1}, run ${w.run + 1}, ${w.approver}) ${kind}: ${sorts.map((s) => WORDS[s]).join(' and ')} on ${on}`,
      );
  }
  return `${lines.join('\n').trimEnd()}\n`;
}
