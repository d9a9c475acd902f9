/**
 * The engine: judges the facts of a resource by all policies of its kind, in the bundle's WASM.
 *
 * Whatever is not proven is no pass: a fact that breaks its contract, a result of the wrong shape, a clause proven on
 * both sides, a trap: each is an `error` verdict of the policies that it concerns, and of no others.
 */
import { kindById } from '../../kinds/index.ts';
import { AppError } from '../../model/errors.ts';
import type { FactSpec, FactStates } from '../../model/fact.ts';
import type { Kind } from '../../model/kind.ts';
import { type ClauseVerdict, combine, type PolicyVerdict, type Truth } from '../../model/verdict.ts';
import {
  type Bundle,
  type BundledPolicy,
  bundleHash,
  coreOf,
  declaredEntrypoint,
  groupEntrypoint,
  kindEntrypoint,
  aloneEntrypoint,
  aloneText,
  sha256,
} from '../../policy/bundle.ts';
import { conditionsOf, type CorePolicy, factsOf, readsOf } from '../../policy/core.ts';
import { assumedOf, toInput } from '../../policy/input.ts';
import { flipsAt, missingFacts, type PolicyInput } from '../../policy/meaning.ts';
import { compileValidator, type FactProblems } from '../../policy/schema.ts';
import { declaredOf } from '../../policy/to-rego.ts';
import type { Engine } from '../../ports/engine.ts';
import { loadModule, resultIn, type WasmModule } from './module.ts';
import { isTimed, type Lookers, lookersOf, type View, type Views, viewsOf } from './views.ts';

/** A policy, with what judging needs of it. */
interface Judge {
  readonly policy: BundledPolicy;
  readonly core: CorePolicy;
  readonly clauses: readonly string[];
  readonly declared: readonly string[];
  readonly reads: ReadonlySet<string>;
  /** The facts that the scope and each clause read. */
  readonly scopeReads: readonly string[];
  readonly clauseReads: { readonly [clause: string]: readonly string[] };
  readonly readsTime: boolean;
  /** What clauses and a scope come to. */
  readonly assembled: WeakMap<readonly ClauseVerdict[], { [scope in Truth]?: Judged }>;
}

/** Policies that can be judged in one call: those that read the same wide facts. */
interface Group {
  readonly entrypoint: string;
  /** Indexes of its policies among those of the kind. */
  readonly members: readonly number[];
  readonly reads: ReadonlySet<string>;
  /** Every policy of it is generated: it reads what the manifest says and nothing else. */
  readonly isProved: boolean;
}

/**
 * What is remembered of a policy, by what it was made of: whether it applies, what became of its clauses, or, of Rego
 * that was not generated, everything.
 */
type Piece = Truth | readonly ClauseVerdict[] | Judged;

/** Pieces that are remembered together: those that look at the same. Of the n policies of a kind the n clauses come first, then the n scopes. */
interface Remembered extends View {
  readonly memo: Map<string, readonly Piece[]>;
}

interface KindJudges {
  readonly kind: Kind;
  readonly specs: { readonly [fact: string]: FactSpec };
  readonly judges: readonly Judge[];
  readonly groups: readonly Group[];
  readonly views: readonly Remembered[];
  /** Nothing, for each policy. */
  readonly blank: readonly undefined[];
  readonly tokens: Views['tokens'];
  /** All facts that a policy of the kind reads. */
  readonly reads: readonly string[];
  /** As of a group. */
  readonly isProved: boolean;
  readonly validate: (states: FactStates) => FactProblems;
  /** Verdicts by the text of the answer, to read each only once: many inputs have the same. */
  readonly answers: Map<string, readonly Judged[]>;
}

/** What one policy says of one input, before `missing`, `assumed` and `flipsAt`. Shared between resources, so frozen. */
type Judged = Pick<PolicyVerdict, 'policy' | 'verdict' | 'scope' | 'clauses' | 'error'>;

export interface EngineOptions {
  /** How many inputs are remembered with their verdicts, for each view of them; 0: none. @default 10000 */
  readonly memoSize?: number;
  /** The kinds there are. @default all */
  readonly kindById?: (id: string) => Kind | undefined;
}

/** An engine that also tells which policies it has stopped running. */
export interface OpaEngine extends Engine {
  /** Policies that trapped: each gives `error` until the next bundle is loaded. */
  quarantined(): readonly { readonly policy: string; readonly reason: string }[];
}

const MEMO_SIZE = 10_000;
const MOST_ANSWERS = 1000;

/**
 * Loads a bundle. Throws `POLICY_LOAD_FAILED` if the module is not the one that the manifest names, calls functions of
 * its host, lacks an entrypoint, or a policy speaks of a kind or fact that this build does not have.
 */
export function loadEngine(bundle: Bundle, options: EngineOptions = {}): OpaEngine {
  const { manifest, wasm } = bundle;
  const fail = (message: string): never => {
    throw new AppError('POLICY_LOAD_FAILED', message, { details: { bundle: manifest.wasm.sha256 } });
  };
  if ((manifest.version as number) !== 1) fail(`unknown version of a manifest: ${String(manifest.version)}`);
  if (sha256(wasm) !== manifest.wasm.sha256) fail('the hash of the module is not the one in the manifest');
  const module = loadModule(wasm);
  const kinds = judgesByKind(manifest.policies, options.kindById ?? kindById, fail);
  const wanted = [
    ...[...kinds.keys()].flatMap((kind) => [kindEntrypoint(kind), declaredEntrypoint(kind), aloneEntrypoint(kind)]),
    ...[...kinds.values()].flatMap((k) => k.groups.map((g) => g.entrypoint)),
  ];
  const there = new Set(module.entrypoints);
  for (const name of wanted) if (!there.has(name)) fail(`the module has no entrypoint ${name}`);

  const quarantine = new Map<string, string>();
  const memoSize = options.memoSize ?? MEMO_SIZE;
  for (const k of kinds.values()) checkDeclared(module, k, quarantine, fail);

  const judgeAll = (k: KindJudges, input: PolicyInput): readonly Judged[] =>
    memoSize === 0 && k.isProved
      ? evaluateKind(module, k, input, quarantine)
      : judgeViews(module, k, input, quarantine, memoSize);

  let hash: string | undefined;
  return {
    manifest,
    get hash() {
      hash ??= bundleHash(manifest);
      return hash;
    },
    policiesOf: (kind) => kinds.get(kind)?.judges.map((j) => j.policy) ?? [],
    quarantined: () => [...quarantine].map(([policy, reason]) => ({ policy, reason })),
    judge(kind, facts, now, { policies } = {}) {
      const k = kinds.get(kind);
      if (k === undefined) return [];
      if (!Number.isSafeInteger(now)) throw new AppError('INVARIANT_BROKEN', 'now is not in epoch seconds');
      const problems = k.validate(facts);
      const sound = problems.invalid.size === 0 ? facts : without(facts, problems.invalid);
      const seen = toInput(sound, now, k.specs, { reads: k.reads });
      const first = judgeAll(k, seen);
      const assumed = assumedOf(sound, k.reads);
      const worst =
        assumed.length === 0 ? undefined : judgeAll(k, toInput(sound, now, k.specs, { reads: k.reads, assumed: true }));
      const verdicts: PolicyVerdict[] = [];
      for (let i = 0; i < k.judges.length; i++) {
        const judge = k.judges[i] as Judge;
        if (policies !== undefined && !policies.includes(judge.policy.id)) continue;
        const problem = problemOf(judge, problems);
        verdicts.push(
          problem === undefined
            ? verdictOf(judge, first[i] as Judged, worst?.[i], seen, assumed, facts)
            : errorOf(judge, problem),
        );
      }
      return verdicts;
    },
  };
}

/** Remembers a value, and forgets all others when there are too many. */
function remember<V>(memo: Map<string, V>, key: string, value: V, most: number): V {
  if (most === 0) return value;
  if (memo.size >= most) memo.clear();
  memo.set(key, value);
  return value;
}

function judgesByKind(
  policies: readonly BundledPolicy[],
  kindOf: (id: string) => Kind | undefined,
  fail: (message: string) => never,
): ReadonlyMap<string, KindJudges> {
  const kinds = new Map<string, KindJudges>();
  for (const id of new Set(policies.map((p) => p.kind))) {
    const kind = kindOf(id) ?? fail(`the bundle speaks of the kind ${id}, which this build does not have`);
    const specs = factsOf(kind);
    const judges = policies.filter((p) => p.kind === id).map(judgeOf);
    judges.sort((a, b) => (a.policy.id < b.policy.id ? -1 : 1));
    const reads = [...new Set(judges.flatMap((j) => [...j.reads]))].sort();
    for (const fact of reads) if (!Object.hasOwn(specs, fact)) fail(`the kind ${id} has no fact ${fact}`);
    const lookers = judges.map(lookersFor);
    const { views, tokens } = viewsOf([...lookers.map((l) => l.clauses), ...lookers.map((l) => l.scope)], MEMO_SIZE);
    kinds.set(id, {
      kind,
      specs,
      judges,
      groups: groupsOf(id, judges),
      views: views.map((view) => ({ ...view, memo: new Map() })),
      blank: judges.map(() => undefined),
      tokens,
      reads,
      isProved: judges.every((j) => j.policy.evidence === 'proved'),
      validate: compileValidator(kind),
      answers: new Map(),
    });
  }
  return kinds;
}

function lookersFor({ core, policy, reads, readsTime }: Judge): Lookers {
  // What Rego that was not generated makes of what it reads, nobody knows: nothing is left out.
  const all = { conditions: [], reads, readsTime };
  return policy.evidence === 'proved' ? lookersOf(core) : { clauses: all, scope: all };
}

function groupsOf(kind: string, judges: readonly Judge[]): readonly Group[] {
  const byEntrypoint = Map.groupBy(judges.keys(), (i) => groupEntrypoint(kind, judges[i]?.policy.wide ?? []));
  return [...byEntrypoint].map(([entrypoint, members]) => {
    const own = members.map((i) => judges[i] as Judge);
    return {
      entrypoint,
      members,
      reads: new Set(own.flatMap((j) => [...j.reads])),
      isProved: own.every((j) => j.policy.evidence === 'proved'),
    };
  });
}

function judgeOf(policy: BundledPolicy): Judge {
  const core = coreOf(policy);
  return {
    policy,
    core,
    clauses: core.clauses.map((c) => c.id),
    declared: declaredOf(core),
    reads: new Set(policy.reads),
    scopeReads: core.scope === undefined ? [] : readsOf([core.scope]),
    clauseReads: Object.fromEntries(core.clauses.map((c) => [c.id, readsOf([c.that])])),
    readsTime:
      // Rego that was not generated may read the time without its clauses saying so.
      policy.evidence !== 'proved' || conditionsOf(core).some(isTimed),
    assembled: new WeakMap(),
  };
}

/** What a policy declares is a constant of the module: it is compared once. A policy that fails this is never run. */
function checkDeclared(
  module: WasmModule,
  k: KindJudges,
  quarantine: Map<string, string>,
  fail: (message: string) => never,
): void {
  let declared: unknown;
  try {
    declared = module.evaluate(declaredEntrypoint(k.kind.id), '{"facts":{},"closed":[],"now":0}');
  } catch {
    module.recycle();
  }
  const byId = (typeof declared === 'object' && declared !== null ? declared : {}) as { [id: string]: unknown };
  for (const { policy, declared: expected } of k.judges) {
    if (declared !== undefined && !Object.hasOwn(byId, policy.id)) fail(`the module has no policy ${policy.id}`);
    if (policy.evidence === 'proved' && !sameList(byId[policy.id], expected)) quarantine.set(policy.id, NOT_DECLARED);
  }
}

const NOT_DECLARED = 'the policy does not declare the clauses of the manifest';

/** The verdicts of all policies of a kind: from what is remembered, and the others in as few calls as that takes. */
function judgeViews(
  module: WasmModule,
  k: KindJudges,
  input: PolicyInput,
  quarantine: Map<string, string>,
  memoSize: number,
): readonly Judged[] {
  const n = k.judges.length;
  const tokens = k.tokens(input);
  // Counted loops: this is what judging costs where everything is remembered, for each policy and each resource.
  const pieces: (Piece | undefined)[] = [...k.blank, ...k.blank];
  const unseen: (readonly [view: Remembered, key: string])[] = [];
  for (const view of k.views) {
    const key = view.key(tokens, input.now);
    const known = view.memo.get(key);
    if (known === undefined) unseen.push([view, key]);
    else for (let m = 0; m < known.length; m++) pieces[view.members[m] as number] = known[m];
  }
  const judged: (Judged | undefined)[] = [...k.blank];
  for (let i = 0; i < n; i++) {
    const [clauses, scope] = [pieces[i], pieces[n + i]];
    if (clauses !== undefined && scope !== undefined)
      judged[i] = assembled(k.judges[i] as Judge, clauses, scope as Truth);
  }
  if (unseen.length === 0) return judged as readonly Judged[];

  const verdicts = judgeMissing(module, k, input, quarantine, judged);
  for (const [i, verdict] of verdicts.entries()) {
    // An error is no truth to be remembered.
    if (verdict.error !== undefined) continue;
    pieces[i] = k.judges[i]?.policy.evidence === 'proved' ? verdict.clauses : verdict;
    pieces[n + i] = verdict.scope;
  }
  for (const [view, key] of unseen) {
    const seen = view.members.map((i) => pieces[i]);
    if (!seen.includes(undefined)) remember(view.memo, key, seen as readonly Piece[], memoSize);
  }
  return verdicts;
}

/** The verdict that pieces make. */
function assembled(judge: Judge, clauses: Piece, scope: Truth): Judged {
  if (!Array.isArray(clauses)) return clauses as Judged;
  const own = clauses as readonly ClauseVerdict[];
  let byScope = judge.assembled.get(own);
  if (byScope === undefined) judge.assembled.set(own, (byScope = {}));
  return (byScope[scope] ??= judgedAs(judge, scope, own));
}

const judgedAs = (judge: Judge, scope: Truth, clauses: readonly ClauseVerdict[]): Judged =>
  Object.freeze({ policy: judge.policy.id, verdict: combine(scope, clauses), scope, clauses });

/**
 * The verdicts with those filled in that are missing. A call costs as much as judging two or three policies: so one for all, where
 * most are missing, one for a group, or one for a policy. Rego that was not generated is always called by itself, and
 * shown only what its manifest says: it might look at more.
 */
function judgeMissing(
  module: WasmModule,
  k: KindJudges,
  input: PolicyInput,
  quarantine: Map<string, string>,
  known: readonly (Judged | undefined)[],
): readonly Judged[] {
  const missing = known.filter((verdict) => verdict === undefined).length;
  if (k.isProved && 2 * missing > known.length) {
    const all = evaluateKind(module, k, input, quarantine);
    return known.map((verdict, i) => verdict ?? (all[i] as Judged));
  }
  const judged = [...known];
  for (const g of k.groups) {
    const own = g.members.filter((i) => judged[i] === undefined);
    if (g.isProved && own.length > 1 && 3 * own.length > g.members.length) {
      const verdicts = evaluateGroup(module, k, g, input, quarantine);
      for (const [m, i] of g.members.entries()) judged[i] ??= verdicts[m] as Judged;
    } else {
      for (const i of own) {
        const judge = k.judges[i] as Judge;
        judged[i] = evaluateOne(module, judge, textFor(judge.reads, input), quarantine);
      }
    }
  }
  return judged as readonly Judged[];
}

/** The input as those see it who read these facts. */
function textFor(reads: ReadonlySet<string>, { facts, closed, now }: PolicyInput): string {
  const own: { [fact: string]: unknown } = {};
  for (const fact of reads) if (facts[fact] !== undefined) own[fact] = facts[fact];
  return JSON.stringify({ facts: own, closed: closed.filter((list) => reads.has(list)), now });
}

function evaluateKind(
  module: WasmModule,
  k: KindJudges,
  input: PolicyInput,
  quarantine: Map<string, string>,
): readonly Judged[] {
  return evaluateMany(module, k, kindEntrypoint(k.kind.id), k.judges, JSON.stringify(input), quarantine);
}

function evaluateGroup(
  module: WasmModule,
  k: KindJudges,
  g: Group,
  input: PolicyInput,
  quarantine: Map<string, string>,
): readonly Judged[] {
  const judges = g.members.map((i) => k.judges[i] as Judge);
  return evaluateMany(module, k, g.entrypoint, judges, textFor(g.reads, input), quarantine);
}

/** The results of several policies: in one call, or one by one where a policy traps. */
function evaluateMany(
  module: WasmModule,
  k: KindJudges,
  entrypoint: string,
  judges: readonly Judge[],
  text: string,
  quarantine: Map<string, string>,
): readonly Judged[] {
  if (quarantine.size === 0 || !judges.some((j) => quarantine.has(j.policy.id))) {
    try {
      const answer = `${entrypoint} ${module.evaluateText(entrypoint, text)}`;
      const known = k.answers.get(answer);
      if (known !== undefined) return known;
      const results = resultIn(answer.slice(entrypoint.length));
      if (Array.isArray(results) && results.length === judges.length) {
        const judged = judges.map((j, i) => judgedOf(j, results[i]));
        return remember(k.answers, answer, judged, MOST_ANSWERS);
      }
    } catch {
      module.recycle(); // which policy it was is found below
    }
  }
  return judges.map((j) => evaluateOne(module, j, text, quarantine));
}

function evaluateOne(module: WasmModule, judge: Judge, text: string, quarantine: Map<string, string>): Judged {
  const stopped = quarantine.get(judge.policy.id);
  if (stopped !== undefined) return errorOf(judge, stopped);
  try {
    const { id, kind } = judge.policy;
    const r = module.evaluate(aloneEntrypoint(kind), aloneText(id, text));
    const { declared, holds, fails } = (typeof r === 'object' && r !== null ? r : {}) as { [key: string]: unknown };
    return judgedOf(judge, [holds, fails, declared]);
  } catch (error) {
    module.recycle();
    const reason = `the policy trapped: ${(error as Error).message}`;
    quarantine.set(judge.policy.id, reason);
    return errorOf(judge, reason);
  }
}

const errorOf = (judge: Judge, error: string): Judged =>
  Object.freeze({ policy: judge.policy.id, verdict: 'error', scope: 'unknown', clauses: [], error });

/** A total reading of `[holds, fails, declared?]`: anything but a full, consistent answer is an error. */
function judgedOf(judge: Judge, result: unknown): Judged {
  if (!Array.isArray(result)) return errorOf(judge, 'the policy gave no result');
  const [holds, fails, declared] = result as unknown[];
  if (declared !== undefined ? !sameList(declared, judge.declared) : judge.policy.evidence !== 'proved')
    return errorOf(judge, NOT_DECLARED);
  if (!Array.isArray(holds) || !Array.isArray(fails)) return errorOf(judge, 'the result has the wrong shape');
  let failing: Map<string, number[]> | undefined;
  for (const entry of fails as unknown[]) {
    if (typeof entry !== 'object' || entry === null) return errorOf(judge, 'the result has the wrong shape');
    const { clause, item } = entry as { [key: string]: unknown };
    const keys = Object.keys(entry).length;
    if (typeof clause !== 'string' || !judge.declared.includes(clause) || keys !== (item === undefined ? 1 : 2))
      return errorOf(judge, 'the result names a clause that is not declared');
    if (item !== undefined && !(Number.isSafeInteger(item) && (item as number) >= 0))
      return errorOf(judge, 'the result has the wrong shape');
    failing ??= new Map();
    const items = failing.get(clause) ?? [];
    failing.set(clause, items);
    if (item !== undefined) items.push(item as number);
  }
  for (const clause of holds as unknown[]) {
    if (typeof clause !== 'string' || !judge.declared.includes(clause))
      return errorOf(judge, 'the result names a clause that is not declared');
    if (failing?.has(clause) === true) return errorOf(judge, `the clause ${clause} both holds and fails`);
  }
  const scope: Truth =
    judge.core.scope === undefined || holds.includes('scope')
      ? 'true'
      : failing?.has('scope') === true
        ? 'false'
        : 'unknown';
  const clauses = judge.clauses.map((id): ClauseVerdict => {
    if (holds.includes(id)) return { id, verdict: 'holds' };
    const items = failing?.get(id);
    if (items === undefined) return { id, verdict: 'unknown' };
    return items.length === 0 ? { id, verdict: 'fails' } : { id, verdict: 'fails', items: items.sort((a, b) => a - b) };
  });
  for (const c of clauses) Object.freeze(c);
  return judgedAs(judge, scope, Object.freeze(clauses));
}

const sameList = (a: unknown, b: readonly string[]): boolean =>
  Array.isArray(a) && a.length === b.length && b.every((x, i) => x === a[i]);

function problemOf({ reads }: Judge, { undeclared, invalid }: FactProblems): string | undefined {
  if (undeclared.length === 0 && invalid.size === 0) return undefined;
  const [stranger] = undeclared;
  if (stranger !== undefined) return `the kind declares no fact ${JSON.stringify(stranger.slice(0, 80))}`;
  for (const [fact, problem] of invalid) if (reads.has(fact)) return `the fact ${fact} is ${problem}`;
  return undefined;
}

function without(facts: FactStates, names: ReadonlyMap<string, unknown>): FactStates {
  return Object.fromEntries(Object.entries(facts).filter(([name]) => !names.has(name)));
}

/**
 * The verdict from what was seen and, where that is unknown, from the worst case of what was never seen: an assumed fact
 * may yield a violation, and nothing else.
 */
function verdictOf(
  judge: Judge,
  seen: Judged,
  worst: Judged | undefined,
  input: PolicyInput,
  assumed: readonly string[],
  facts: FactStates,
): PolicyVerdict {
  if (seen.verdict !== 'unknown' && !judge.readsTime) return seen;
  const flips = judge.readsTime ? flipsAt(judge.core, { ...input, facts: valuesOf(facts) }) : undefined;
  const base = flips === undefined ? seen : { ...seen, flipsAt: flips };
  if (seen.verdict !== 'unknown') return base;
  if (worst?.verdict === 'violation') {
    const clauses = seen.clauses.map((c, i) => {
      const then = worst.clauses[i];
      return then?.verdict === 'fails' ? then : c;
    });
    const basis = new Set(judge.scopeReads);
    for (const c of clauses) {
      if (c.verdict === 'fails') for (const fact of judge.clauseReads[c.id] ?? []) basis.add(fact);
    }
    return { ...base, verdict: 'violation', scope: worst.scope, clauses, assumed: assumed.filter((f) => basis.has(f)) };
  }
  return { ...base, missing: missingFacts(judge.core, input, new Map(seen.clauses.map((c) => [c.id, c]))) };
}

/** The values of all facts that have one, instants far ahead included: they come near one day. */
function valuesOf(facts: FactStates): { readonly [fact: string]: unknown } {
  const values: { [fact: string]: unknown } = {};
  for (const [name, state] of Object.entries(facts)) if (state.state !== 'unknown') values[name] = state.value;
  return values;
}
