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
  policyEntrypoint,
  sha256,
} from '../../policy/bundle.ts';
import { conditionsOf, type CorePolicy, factsOf, nodesOf, readsOf } from '../../policy/core.ts';
import { assumedOf, toInput } from '../../policy/input.ts';
import { flipsAt, missingFacts, type PolicyInput } from '../../policy/meaning.ts';
import { compileValidator, type FactProblems } from '../../policy/schema.ts';
import { declaredOf } from '../../policy/to-rego.ts';
import type { Engine } from '../../ports/engine.ts';
import { loadModule, resultIn, type WasmModule } from './module.ts';

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
}

/** Policies that are judged, and whose verdicts are remembered, together: those that read the same wide facts. */
interface Group {
  readonly entrypoint: string;
  /** Indexes of its policies among those of the kind. */
  readonly members: readonly number[];
  readonly reads: ReadonlySet<string>;
  readonly wide: readonly string[];
  readonly readsTime: boolean;
  /** Verdicts by what the group reads, which they are a function of. */
  readonly memo: Map<string, readonly Judged[]>;
}

interface KindJudges {
  readonly kind: Kind;
  readonly specs: { readonly [fact: string]: FactSpec };
  readonly judges: readonly Judge[];
  readonly groups: readonly Group[];
  /** All facts that a policy of the kind reads. */
  readonly reads: readonly string[];
  /** Those of them that are not wide. */
  readonly narrow: readonly string[];
  /** Every policy is generated: it reads what the manifest says and nothing else. */
  readonly isProved: boolean;
  readonly validate: (states: FactStates) => FactProblems;
  /** Verdicts by the text of the answer, to read each only once: many inputs have the same. */
  readonly answers: Map<string, readonly Judged[]>;
}

/** What one policy says of one input, before `missing`, `assumed` and `flipsAt`. Shared between resources, so frozen. */
type Judged = Pick<PolicyVerdict, 'policy' | 'verdict' | 'scope' | 'clauses' | 'error'>;

export interface EngineOptions {
  /** How many inputs are remembered with their verdicts, for each group of policies; 0: none. @default 10000 */
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
    ...[...kinds.keys()].flatMap((kind) => [kindEntrypoint(kind), declaredEntrypoint(kind)]),
    ...[...kinds.values()].flatMap((k) => k.groups.map((g) => g.entrypoint)),
    ...manifest.policies.map((p) => policyEntrypoint(p.id)),
  ];
  const there = new Set(module.entrypoints);
  for (const name of wanted) if (!there.has(name)) fail(`the module has no entrypoint ${name}`);

  const quarantine = new Map<string, string>();
  const memoSize = options.memoSize ?? MEMO_SIZE;
  for (const k of kinds.values()) checkDeclared(module, k, quarantine);

  const judgeAll = (k: KindJudges, input: PolicyInput): readonly Judged[] =>
    memoSize === 0 && k.isProved
      ? evaluateKind(module, k, input, quarantine)
      : judgeGroups(module, k, input, quarantine, memoSize);

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
      for (const [i, judge] of k.judges.entries()) {
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
    const wide = new Set(judges.flatMap((j) => j.policy.wide));
    kinds.set(id, {
      kind,
      specs,
      judges,
      groups: groupsOf(id, judges),
      reads,
      narrow: reads.filter((fact) => !wide.has(fact)),
      isProved: judges.every((j) => j.policy.evidence === 'proved'),
      validate: compileValidator(kind),
      answers: new Map(),
    });
  }
  return kinds;
}

function groupsOf(kind: string, judges: readonly Judge[]): readonly Group[] {
  const byEntrypoint = Map.groupBy(judges.keys(), (i) => groupEntrypoint(kind, judges[i]?.policy.wide ?? []));
  return [...byEntrypoint].map(([entrypoint, members]) => {
    const own = members.map((i) => judges[i] as Judge);
    return {
      entrypoint,
      members,
      reads: new Set(own.flatMap((j) => [...j.reads])),
      wide: own[0]?.policy.wide ?? [],
      readsTime: own.some((j) => j.readsTime),
      memo: new Map(),
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
      policy.evidence !== 'proved' ||
      conditionsOf(core).some((c) => [...nodesOf(c)].some((n) => n.op === 'test' && n.test.op === 'older_than')),
  };
}

/** What a policy declares is a constant of the module: it is compared once. A policy that fails this is never run. */
function checkDeclared(module: WasmModule, k: KindJudges, quarantine: Map<string, string>): void {
  let declared: unknown;
  try {
    declared = module.evaluate(declaredEntrypoint(k.kind.id), '{"facts":{},"closed":[],"now":0}');
  } catch {
    module.recycle();
  }
  const byId = (typeof declared === 'object' && declared !== null ? declared : {}) as { [id: string]: unknown };
  for (const { policy, declared: expected } of k.judges) {
    if (policy.evidence === 'proved' && !sameList(byId[policy.id], expected)) quarantine.set(policy.id, NOT_DECLARED);
  }
}

const NOT_DECLARED = 'the policy does not declare the clauses of the manifest';

/** The verdicts of all policies of a kind: those that are remembered, and the others in as few calls as that takes. */
function judgeGroups(
  module: WasmModule,
  k: KindJudges,
  input: PolicyInput,
  quarantine: Map<string, string>,
  memoSize: number,
): readonly Judged[] {
  const narrow = JSON.stringify(k.narrow.map((fact) => input.facts[fact]));
  const keys = k.groups.map((g) => keyOf(g, narrow, input));
  const known = k.groups.map((g, n) => g.memo.get(keys[n] as string));
  const unknown = k.groups.reduce((sum, g, n) => (known[n] === undefined ? sum + g.members.length : sum), 0);
  // One call for all is cheaper than one for each group, unless few are missing. (Rego that was not generated is shown
  // only what its group reads: it might look at more.)
  const all = k.isProved && 2 * unknown > k.judges.length ? evaluateKind(module, k, input, quarantine) : undefined;
  const judged: Judged[] = [];
  for (const [n, g] of k.groups.entries()) {
    const verdicts =
      known[n] ??
      remember(
        g.memo,
        keys[n] as string,
        all === undefined ? evaluateGroup(module, k, g, input, quarantine) : g.members.map((i) => all[i] as Judged),
        memoSize,
      );
    for (const [m, i] of g.members.entries()) judged[i] = verdicts[m] as Judged;
  }
  return judged;
}

/** All that a group's verdicts depend on: the narrow facts of the kind, and its own wide ones. */
function keyOf({ wide, readsTime }: Group, narrow: string, { facts, closed, now }: PolicyInput): string {
  let key = readsTime ? `${now}\n${narrow}` : narrow;
  for (const fact of wide) key += `\n${closed.includes(fact) ? 'closed' : ''}${JSON.stringify(facts[fact])}`;
  return key;
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
  { facts, closed, now }: PolicyInput,
  quarantine: Map<string, string>,
): readonly Judged[] {
  const own = Object.fromEntries(Object.entries(facts).filter(([fact]) => g.reads.has(fact)));
  const text = JSON.stringify({ facts: own, closed: closed.filter((list) => g.reads.has(list)), now });
  const judges = g.members.map((i) => k.judges[i] as Judge);
  return evaluateMany(module, k, g.entrypoint, judges, text, quarantine);
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
  return judges.map((j): Judged => {
    const stopped = quarantine.get(j.policy.id);
    if (stopped !== undefined) return errorOf(j, stopped);
    try {
      const r = module.evaluate(policyEntrypoint(j.policy.id), text);
      const { declared, holds, fails } = (typeof r === 'object' && r !== null ? r : {}) as { [key: string]: unknown };
      return judgedOf(j, [holds, fails, declared]);
    } catch (error) {
      module.recycle();
      const reason = `the policy trapped: ${(error as Error).message}`;
      quarantine.set(j.policy.id, reason);
      return errorOf(j, reason);
    }
  });
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
  return Object.freeze({
    policy: judge.policy.id,
    verdict: combine(scope, clauses),
    scope,
    clauses: Object.freeze(clauses),
  });
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
  return { ...base, missing: missingFacts(judge.core, input) };
}

/** The values of all facts that have one, instants far ahead included: they come near one day. */
function valuesOf(facts: FactStates): { readonly [fact: string]: unknown } {
  const values: { [fact: string]: unknown } = {};
  for (const [name, state] of Object.entries(facts)) if (state.state !== 'unknown') values[name] = state.value;
  return values;
}
