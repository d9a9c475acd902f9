/**
 * The gates that a policy passes before it may be activated, cheapest first. Each runs whatever the others say, as far as
 * it can; each that does not pass has one small counterexample. Gates, not trust: it does not matter who wrote the policy.
 */
import { isAppError } from '../model/errors.ts';
import type { FactState, FactStates, FactValue, FieldSpec } from '../model/fact.ts';
import { isObject } from '../model/json.ts';
import type { Kind } from '../model/kind.ts';
import type { Policy } from '../model/policy.ts';
import type { Verdict } from '../model/verdict.ts';
import type { CompiledPolicy, Evidence } from '../policy/bundle.ts';
import { compilePolicy, type PolicySource } from '../policy/compile.ts';
import {
  conditionsOf,
  type CorePolicy,
  factsOf,
  formOf,
  nodesOf,
  readsOf,
  regoClausesOf,
  toCore,
} from '../policy/core.ts';
import { assumedOf, toInput } from '../policy/input.ts';
import { meaningOf, type PolicyInput } from '../policy/meaning.ts';
import {
  type Evaluate,
  inputsOf,
  lotsFrom,
  type Lots,
  PROOF_NOW,
  provePolicy,
  ruledBy,
  shrink,
} from '../policy/proof.ts';
import { constantsIn, domainOf, subjectsOf } from '../policy/regions.ts';
import { compileValidator } from '../policy/schema.ts';
import { toEnglish } from '../policy/to-english.ts';
import { declaredOf, toRego } from '../policy/to-rego.ts';
import type { PolicyTools, Runnable } from '../ports/policy-tools.ts';
import {
  comparePolicies,
  describeNeedless,
  needlesslyUnknown,
  relationOf,
  resourceWhere,
  vacuityOf,
} from './compare.ts';
import { fieldsRead, instancesOf } from './instances.ts';
import { intentProblem } from './intended.ts';
import { type Mutant, mutantsOf } from './mutate.ts';
import { regoMutantsOf } from './mutate-rego.ts';
import { readEnglish } from './read-english.ts';
import { readsProblem } from './rego-reads.ts';

export const GATES = [
  'types',
  'identity',
  'english',
  'intent',
  'format',
  'check',
  'reads',
  'capabilities',
  'lint',
  'compile',
  'vacuity',
  'relations',
  'examples',
  'mutation',
  'metamorphic',
  'proof',
  'plain-opa',
] as const;
export type GateName = (typeof GATES)[number];

/** Examples are judged as of this instant (2026-11-25T12:00:00Z, in epoch seconds), so that their verdicts do not change with time. */
export const EXAMPLES_NOW = 1_795_608_000;
/** The chance that gates take. */
export const SEED = 1;

export interface GateResult {
  readonly name: GateName;
  readonly passed: boolean;
  /** What shows that it does not pass, as small as it was found; null where it passes. */
  readonly counterexample: unknown;
  readonly ms: number;
}
export interface Verification {
  readonly policy: string;
  /** Every gate has passed. */
  readonly accepted: boolean;
  readonly evidence: Evidence;
  readonly gates: readonly GateResult[];
  /** What the author should see, and that refuses nothing. */
  readonly warnings: readonly string[];
}

/** A resource of a stored example: a native document, mapped; and the verdict that it must get. */
export interface ExampleResource {
  readonly file: string;
  readonly resource: string;
  readonly verdict: Verdict;
  readonly facts: FactStates;
}
export interface Excuse {
  /** As `Mutant`. */
  readonly what: string;
  readonly where: string;
  readonly because: string;
}
export interface Candidate extends PolicySource {
  /** What it is called where it cannot be read. */
  readonly id: string;
  /** intent.md, where there is one. */
  readonly intent?: string;
  readonly examples: readonly ExampleResource[];
  /** What is wrong with the examples themselves. */
  readonly problems: readonly string[];
  /** Mutants that no native document can tell from the policy, each with its reason. */
  readonly excused: readonly Excuse[];
  /** Verdicts that no native document of any cloud can have, with the reason given for each. */
  readonly impossible?: readonly Verdict[];
  /** Other texts for the same policy, which somebody else has written: told from it by an example, as a planted bug is. */
  readonly rivals?: readonly string[];
}
/** What a rival is called among the mutants. */
export const RIVAL = 'what another has written';
export interface VerifyOptions {
  readonly tools: PolicyTools;
  readonly kinds: readonly Kind[];
  /** The other policies that are active. */
  readonly others: readonly CorePolicy[];
  /** Milliseconds, to measure with. */
  readonly clock: () => number;
  /** The instant at which examples are judged, in epoch seconds. */
  readonly now: number;
  readonly seed: number;
  /** A policy that means what another means is told, and not refused: nothing is judged wrongly by it. */
  readonly mayDuplicate?: boolean;
  /** Gates that are left out, to see what only they stop. */
  readonly without?: readonly GateName[];
  /**
   * Native documents with these facts in every cloud that can say them, mapped again: the metamorphic gate then asks that
   * the same facts have the same verdict through each. Without it that relation is not looked at. Of the fields named,
   * those that an item does not give are to be unknown.
   */
  readonly render?: (
    kind: string,
    facts: FactStates,
    options: { readonly unknownFields: readonly string[] },
  ) => readonly MappedDocument[];
}
/** A native document, and what the mapping reads from it. */
export interface MappedDocument {
  readonly name: string;
  readonly facts: FactStates;
}

/** How much chance there is: a gate must not take seconds. */
const RANDOM_PROOF = 1000;
const RANDOM_METAMORPHIC = 150;
const RANDOM_PLAIN = 60;
const SHOWN_MUTANTS = 5;

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Runs the gates on a policy. Never throws over the policy. */
export function verifyPolicy(candidate: Candidate, options: VerifyOptions): Verification {
  const gates: GateResult[] = [];
  /** `body` gives the counterexample, undefined where there is none; an exception is one too. */
  const gate = (name: GateName, body: () => unknown): void => {
    if (options.without?.includes(name) === true) return;
    const started = options.clock();
    let counterexample: unknown;
    try {
      counterexample = body();
    } catch (error) {
      counterexample = messageOf(error);
    }
    const ms = Math.round(options.clock() - started);
    gates.push({ name, passed: counterexample === undefined, counterexample: counterexample ?? null, ms });
  };
  const finish = (policy: string, evidence: Evidence, warnings: readonly string[]): Verification => {
    const byOrder = gates.toSorted((a, b) => GATES.indexOf(a.name) - GATES.indexOf(b.name));
    return { policy, accepted: gates.every((g) => g.passed), evidence, gates: byOrder, warnings };
  };

  let compiled: CompiledPolicy | undefined;
  let refusal: unknown;
  const started = options.clock();
  try {
    compiled = compilePolicy(candidate, options.kinds);
  } catch (error) {
    refusal = messageOf(error);
  }
  const kind = options.kinds.find((k) => k.id === compiled?.policy.kind);
  if (compiled === undefined || kind === undefined) {
    // Without types there is nothing that the other gates could run on: they do not pass.
    const ms = Math.round(options.clock() - started);
    gates.push({ name: 'types', passed: false, counterexample: refusal, ms });
    for (const name of GATES.slice(1)) gate(name, () => NOT_RUN);
    return finish(candidate.id, 'tested', []);
  }
  const policy = compiled;
  const { core } = policy;
  const { tools } = options;
  let runnable: Runnable | undefined;
  let notCompiled = '';
  const run = (): Runnable => {
    if (runnable === undefined) throw new Error(`${NOT_RUN}: ${notCompiled}`);
    return runnable;
  };

  gate('types', () =>
    policy.policy.id === candidate.id ? undefined : `the folder is ${candidate.id}, the policy ${policy.policy.id}`,
  );
  gate('identity', () => identityProblem(policy));
  gate('english', () => englishProblem(policy, kind));
  gate('intent', () => {
    const rego = regoClausesOf(core).length === 0 ? {} : { rego: policy.rego };
    return intentProblem(candidate.intent ?? '', { policy: policy.policy, core, kind, ...rego }, options.others);
  });
  gate('format', () => tools.format(policy));
  gate('check', () => tools.check(policy));
  // What the compiler writes reads what the clauses say.
  gate('reads', () => (policy.bundled.evidence === 'proved' ? undefined : readsProblem(policy, tools.parse(policy))));
  gate('capabilities', () => tools.capabilities(policy));
  gate('lint', () => tools.lint(policy));
  const compile = (): unknown => {
    try {
      runnable = tools.compile(policy);
      return undefined;
    } catch (error) {
      notCompiled = messageOf(error);
      return notCompiled;
    }
  };
  if (options.without?.includes('compile') === true) compile();
  else gate('compile', compile);
  gate('vacuity', () => vacuityProblem(policy, kind));
  gate('relations', () => relationProblem(core, options.others, options.mayDuplicate === true));
  gate('examples', () => exampleProblem(policy, kind, candidate, run(), options));
  // Rego that does not mean its clauses is wrong already: bugs are planted in what is right.
  let proof: { readonly problem: unknown } | undefined;
  const proofOf = (): unknown => (proof ??= { problem: proofProblem(policy, run().evaluate, options.seed) }).problem;
  gate('mutation', () =>
    mutationProblem(policy, kind, candidate, options, () => attempt(proofOf) === undefined, ruling(policy, run)),
  );
  gate(
    'metamorphic',
    () => metamorphicProblem(policy, kind, run().evaluate, options.seed) ?? cloudProblem(policy, kind, run(), options),
  );
  gate('proof', proofOf);
  gate('plain-opa', () => plainProblem(policy, run().evaluate, tools, options.seed));
  return finish(policy.policy.id, policy.bundled.evidence, warningsOf(core, options.others));
}

/** What a gate says that had nothing to run on. */
export const NOT_RUN = 'not run: there is nothing to run it on';

/** Rego that says it was generated and is not what the compiler writes was edited; other Rego is its author's. */
function identityProblem({ policy, core, rego, bundled }: CompiledPolicy): unknown {
  if (bundled.evidence === 'proved' || !rego.includes('Generated from policy.yaml')) return undefined;
  const wanted = toRego(policy, core).split('\n');
  const is = rego.split('\n');
  const line = wanted.findIndex((l, i) => l !== is[i]);
  const at = line < 0 ? wanted.length : line;
  return { line: at + 1, is: is[at] ?? null, generated: wanted[at] ?? null };
}

/** What a person approves is the generated English: read again, it is the policy. */
export function englishProblem({ policy, core }: Pick<CompiledPolicy, 'policy' | 'core'>, kind: Kind): unknown {
  const english = toEnglish(policy, kind);
  const read = readEnglish(english, kind);
  const again = toEnglish(read, kind);
  if (JSON.stringify(again) !== JSON.stringify(english)) return { says: english, again };
  const other = toCore(read, kind);
  if (formOf(other) === formOf(core)) return undefined;
  const comparison = comparePolicies(core, other);
  return comparison.is === 'equivalent' ? undefined : { says: english, ...comparison };
}

function vacuityProblem({ policy, core }: CompiledPolicy, kind: Kind): unknown {
  const vacuity = vacuityOf(core);
  if (vacuity.is === 'undecided') return undefined; // a warning says so
  if (vacuity.never.length > 0) return vacuity.never.join(', ');
  if (vacuity.idle.length > 0) return `can never fail: ${vacuity.idle.join(', ')}`;
  if (core.scope !== undefined && resourceWhere([core], ([v]) => v === 'not_applicable') === undefined)
    return 'applies_when excludes nothing';
  return idleOverride(policy, core, kind);
}

/** An override that stands behind one that always comes first: with another value the policy means the same. */
function idleOverride({ params = {}, ...policy }: Policy, core: CorePolicy, kind: Kind): string | undefined {
  for (const [name, param] of Object.entries(params)) {
    const { overrides = [], min = Number.MIN_SAFE_INTEGER } = param;
    for (const [i, { when, value }] of overrides.entries()) {
      if (typeof value !== 'number') continue;
      const changed = overrides.with(i, { when, value: value > min ? value - 1 : value + 1 });
      const other = attempt(() =>
        toCore({ ...policy, params: { ...params, [name]: { ...param, overrides: changed } } }, kind),
      );
      if (isCore(other) && resourceWhere([core, other], ([a, b]) => a !== b) === undefined)
        return `the override ${i + 1} of ${name} never applies, or its value decides nothing`;
    }
  }
  return undefined;
}
const isCore = (c: unknown): c is CorePolicy => isObject(c) && 'clauses' in c;

const ofTheKind = (core: CorePolicy, others: readonly CorePolicy[]): readonly CorePolicy[] =>
  others.filter((o) => o.kind === core.kind && o.id !== core.id);

function relationProblem(core: CorePolicy, others: readonly CorePolicy[], mayDuplicate: boolean): unknown {
  for (const other of ofTheKind(core, others)) {
    const relation = relationOf(core, other);
    if (relation.is === 'duplicate' && !mayDuplicate) return { is: relation.is, of: other.id };
    if (relation.is === 'conflict') return { is: relation.is, with: other.id, on: relation.on };
  }
  return undefined;
}

function warningsOf(core: CorePolicy, others: readonly CorePolicy[]): readonly string[] {
  const warnings: string[] = [];
  const vacuity = vacuityOf(core);
  if (vacuity.is === 'undecided') warnings.push(`whether it is vacuous was not decided: ${vacuity.why}`);
  for (const other of ofTheKind(core, others)) {
    const relation = relationOf(core, other);
    if (relation.is === 'duplicate') warnings.push(`it means the same as ${other.id}`);
    if (relation.is === 'covers') warnings.push(`whatever violates ${other.id} violates it too`);
    if (relation.is === 'covered') warnings.push(`whatever violates it violates ${other.id} too`);
    if (relation.is === 'undecided') warnings.push(`its relation to ${other.id} was not decided: ${relation.why}`);
  }
  const needless = needlesslyUnknown(core);
  if (needless !== undefined && 'always' in needless) warnings.push(describeNeedless(needless));
  return warnings;
}

/**
 * The verdict of a meaning on states of facts: what is assumed may violate and never passes. `evaluate` runs the Rego of a
 * policy with clauses that only that says; without it they are unknown.
 */
export function judgeByMeaning(
  core: CorePolicy,
  kind: Kind,
  facts: FactStates,
  now: number,
  evaluate?: Evaluate,
): Verdict {
  const reads = readsOf(conditionsOf(core));
  const verdict = (input: PolicyInput): Verdict =>
    meaningOf(core, input, evaluate === undefined ? undefined : ruledBy(core, evaluate, input)).verdict;
  const seen = verdict(toInput(facts, now, factsOf(kind), { reads }));
  if (seen !== 'unknown' || assumedOf(facts, reads).length === 0) return seen;
  const worst = verdict(toInput(facts, now, factsOf(kind), { reads, assumed: true }));
  return worst === 'violation' ? worst : seen;
}

function exampleProblem(
  { core }: CompiledPolicy,
  kind: Kind,
  candidate: Candidate,
  { engine, evaluate }: Runnable,
  { now, render }: VerifyOptions,
): unknown {
  if (candidate.problems.length > 0) return candidate.problems[0];
  for (const { file, resource, verdict, facts } of candidate.examples) {
    const [judged] = engine.judge(core.kind, facts, now, { policies: [core.id] });
    if (judged?.verdict !== verdict)
      return { file, resource, expected: verdict, got: judged?.error ?? judged?.verdict };
  }
  const lacking = (['compliant', 'violation', 'unknown'] as const).filter(
    (v) => !candidate.examples.some((e) => e.verdict === v),
  );
  const judge = (facts: FactStates): Verdict =>
    judgeByMeaning(core, kind, facts, now, regoClausesOf(core).length === 0 ? undefined : evaluate);
  if (render !== undefined && lacking.length > 0 && lacking.every((v) => candidate.impossible?.includes(v) === true)) {
    for (const verdict of lacking) {
      const all = [...instancesOf(core, kind, now)].filter((facts) => judge(facts) === verdict);
      const document = documentWhere(render, core, kind, all, (facts) => judge(facts) === verdict);
      if (document !== undefined)
        return `examples/exceptions.yaml says that nothing is ${verdict}, and ${document} can be`;
    }
    return undefined;
  }
  return lacking.length === 0 ? undefined : `there is no example that is ${lacking.join(', or ')}`;
}

/** How many resources are rendered to see whether a document can be written. */
const MOST_WRITTEN = 80;

/** The form of a document that can be written of one of the resources and is as wanted. */
function documentWhere(
  render: NonNullable<VerifyOptions['render']>,
  core: CorePolicy,
  kind: Kind,
  all: readonly FactStates[],
  isWanted: (facts: FactStates) => boolean,
): string | undefined {
  const step = Math.max(1, Math.ceil(all.length / MOST_WRITTEN));
  for (let i = 0; i < all.length; i += step) {
    const documents = render(kind.id, all[i] as FactStates, { unknownFields: fieldsRead([core]) });
    const found = documents.find((d) => isWanted(d.facts));
    if (found !== undefined) return found.name;
  }
  return undefined;
}

/** A mutant that no example tells from the policy, with a resource that would. */
export interface Survivor extends Pick<Mutant, 'what' | 'where'> {
  readonly mutant: Mutant['policy'];
  readonly on: unknown;
}

/** Why a clause that only Rego says may be dropped without a mutant being told apart. */
const NO_EXAMPLE = { is: 'undecided', why: 'no example is a violation of this clause alone' } as const;

/** The policy without the clauses that only Rego says; where there are no others, one that always fails. */
export function clausesAlone(core: CorePolicy): CorePolicy {
  const clauses = core.clauses.filter((c) => c.that.op !== 'rego');
  return { ...core, clauses: clauses.length > 0 ? clauses : [{ id: 'none', that: { op: 'any', of: [] } }] };
}

/** The mutants that mean something else and that no stored example kills; `total` counts those that mean something else. */
export function survivorsOf(
  { policy, core }: Pick<CompiledPolicy, 'policy' | 'core'>,
  kind: Kind,
  examples: readonly ExampleResource[],
  now: number,
  evaluate?: Evaluate,
): { readonly total: number; readonly survivors: readonly Survivor[] } {
  let total = 0;
  const survivors: Survivor[] = [];
  for (const { what, where, policy: mutant } of mutantsOf(policy, kind)) {
    const other = toCore(mutant, kind);
    if (examples.some((e) => judgeByMeaning(other, kind, e.facts, now, evaluate) !== e.verdict)) {
      total++;
      continue;
    }
    // What Rego says of a clause is the same in both: only that it is there at all may differ.
    const isDropped = regoClausesOf(core).length > regoClausesOf(other).length;
    const comparison = isDropped ? NO_EXAMPLE : comparePolicies(clausesAlone(core), clausesAlone(other));
    if (comparison.is === 'equivalent') continue;
    total++;
    survivors.push({ what, where, mutant, on: comparison.is === 'different' ? comparison.on : comparison });
  }
  return { total, survivors };
}

/** How many inputs of each phase decide whether misread Rego differs from the Rego. */
const MOST_ENUMERATED = 250;

/** Whether a mapped document can give this input: everything in it is of its type. */
function validatorOf(kind: Kind): (input: unknown) => input is PolicyInput {
  const validate = compileValidator(kind);
  return (raw): raw is PolicyInput => {
    const { facts, closed, now } = raw as { readonly [key: string]: unknown };
    if (!isObject(facts) || !Array.isArray(closed) || now !== PROOF_NOW) return false;
    const states = Object.entries(facts).map(([name, value]): [string, FactState] => [
      name,
      { state: 'known', value: value as FactValue, at: '' },
    ]);
    const { undeclared, invalid } = validate(Object.fromEntries(states));
    return undeclared.length === 0 && invalid.size === 0;
  };
}

/** Inputs of each phase of the proof that a document can give: all, or as many as are looked at, each as likely. */
function validInputs(
  { core, rego }: CompiledPolicy,
  rivals: readonly string[],
  isValid: (input: unknown) => input is PolicyInput,
  seed: number,
): readonly PolicyInput[] {
  const constants = constantsIn([rego, ...rivals].join('\n'));
  return (['shells', 'items', 'facts', 'random'] as const).flatMap((phase) => {
    const lots = lotsFrom(seed);
    const kept: PolicyInput[] = [];
    let seen = 0;
    for (const [, input] of inputsOf(core, { seed, random: 2 * MOST_ENUMERATED, constants, phases: [phase] })) {
      if (!isValid(input)) continue;
      const at = seen < MOST_ENUMERATED ? seen : lots.below(seen + 1);
      if (at < MOST_ENUMERATED) kept[at] = input;
      seen++;
    }
    return kept;
  });
}

/** What whoever judges by this Rego says of an input. */
function verdictBy(evaluate: Evaluate, core: CorePolicy, input: PolicyInput): string {
  const result = attempt(() => evaluate(input)) as {
    readonly declared?: readonly string[];
    readonly holds?: readonly string[];
    readonly fails?: readonly { readonly clause?: string }[];
  };
  const { declared, holds, fails } = result;
  if (!Array.isArray(holds) || !Array.isArray(fails)) return 'error';
  const isContrary = fails.some((f: { readonly clause?: string }) => holds.includes(f.clause));
  if (isContrary || JSON.stringify(declared) !== JSON.stringify(declaredOf(core))) return 'error';
  return rawVerdict(() => result, input);
}

/** What Rego says of these clauses. */
function sidesBy(evaluate: Evaluate, clauses: ReadonlySet<string>, input: PolicyInput): string {
  const { holds, fails } = attempt(() => evaluate(input)) as {
    readonly holds?: readonly unknown[];
    readonly fails?: readonly unknown[];
  };
  if (!Array.isArray(holds) || !Array.isArray(fails)) return 'error';
  const failing = fails.map((f: unknown) => (isObject(f) ? f['clause'] : f));
  const of = (side: readonly unknown[]): readonly string[] => [...clauses].filter((c) => side.includes(c));
  return JSON.stringify([of(holds), of(failing)]);
}

/**
 * The planted bugs in Rego that its author has written which say something else of some enumerated input that a document
 * can give, and of no stored example. What the compiler writes needs none: it is a function of the clauses, and those are
 * misread in `survivorsOf`.
 */
export function regoSurvivorsOf(
  policy: CompiledPolicy,
  kind: Kind,
  examples: readonly ExampleResource[],
  { tools, now, seed }: Pick<VerifyOptions, 'tools' | 'now' | 'seed'>,
  rivals: readonly string[] = [],
): { readonly total: number; readonly survivors: readonly Omit<Survivor, 'mutant'>[] } {
  const { core, rego } = policy;
  const mutants = [...rivals.map((other) => ({ what: RIVAL, line: 1, rego: other })), ...regoMutantsOf(rego)];
  const [own, ...others] = tools.variants(policy, [rego, ...mutants.map((m) => m.rego)]);
  if (own === undefined) throw new Error(NOT_RUN);
  const isValid = validatorOf(kind);
  const said = (inputs: readonly PolicyInput[]) => inputs.map((input) => [input, verdictBy(own, core, input)] as const);
  const stored = said(examples.map((e) => toInput(e.facts, now, factsOf(kind))));
  const enumerated = said(validInputs(policy, rivals, isValid, seed));
  // What the clauses say the proof holds the Rego to: examples have to tell only what Rego alone says.
  const ruled = new Set(regoClausesOf(core).map((c) => c.id));
  let total = 0;
  const survivors: Omit<Survivor, 'mutant'>[] = [];
  for (const [i, { what, line }] of mutants.entries()) {
    const evaluate = others[i];
    if (evaluate === undefined) continue;
    const differs = ([input, verdict]: readonly [PolicyInput, string]): boolean =>
      verdictBy(evaluate, core, input) !== verdict;
    const isUnheld = (one: readonly [PolicyInput, string]): boolean =>
      differs(one) && (what === RIVAL || sidesBy(evaluate, ruled, one[0]) !== sidesBy(own, ruled, one[0]));
    const isKilled = stored.some(differs);
    const on = isKilled ? undefined : enumerated.find(isUnheld)?.[0];
    if (isKilled || on !== undefined) total++;
    if (on === undefined) continue;
    const input = shrink(on, (x) => isValid(x) && isUnheld([x, verdictBy(own, core, x)]));
    survivors.push({ what, where: `policy.rego:${line}`, on: { input } });
  }
  return { total, survivors };
}

/** What runs the Rego, where some clause is said by that alone. */
const ruling = ({ core }: CompiledPolicy, run: () => Runnable): Evaluate | undefined =>
  regoClausesOf(core).length === 0 ? undefined : run().evaluate;

function mutationProblem(
  policy: CompiledPolicy,
  kind: Kind,
  { examples, excused, rivals }: Pick<Candidate, 'examples' | 'excused' | 'rivals'>,
  options: VerifyOptions,
  isProven: () => boolean,
  evaluate: Evaluate | undefined,
): unknown {
  const ofClauses = survivorsOf(policy, kind, examples, options.now, evaluate);
  const isAuthored = policy.bundled.evidence === 'tested' && isProven();
  const ofRego = isAuthored ? regoSurvivorsOf(policy, kind, examples, options, rivals) : { total: 0, survivors: [] };
  const total = ofClauses.total + ofRego.total;
  // Of a rival the whole meaning is another: it is shown first.
  const all = [
    ...ofRego.survivors.filter((s) => s.what === RIVAL),
    ...ofClauses.survivors,
    ...ofRego.survivors.filter((s) => s.what !== RIVAL),
  ];
  const excuses = (e: Excuse, s: Pick<Survivor, 'what' | 'where'>): boolean => e.what === s.what && e.where === s.where;
  const idle = excused.find((e) => !all.some((s) => excuses(e, s)));
  if (idle !== undefined)
    return `examples/exceptions.yaml excuses a mutant that does not survive: ${idle.what} in ${idle.where}`;
  const survivors = all.filter((s) => !excused.some((e) => excuses(e, s)));
  if (survivors.length === 0) return excuseProblem(policy, kind, ofClauses.survivors, options, evaluate);
  const shown = survivors.slice(0, SHOWN_MUTANTS).map(({ what, where, on }) => ({ what, where, on }));
  return { killed: total - survivors.length, of: total, survivors: shown };
}

/** An excuse holds where no document can be written that tells the mutant. All that survive are excused. */
function excuseProblem(
  { core }: CompiledPolicy,
  kind: Kind,
  excused: readonly Survivor[],
  { render, now }: VerifyOptions,
  evaluate: Evaluate | undefined,
): unknown {
  if (render === undefined) return undefined;
  for (const { what, where, mutant } of excused) {
    const other = toCore(mutant, kind);
    const tells = (facts: FactStates): boolean =>
      judgeByMeaning(other, kind, facts, now, evaluate) !== judgeByMeaning(core, kind, facts, now, evaluate);
    const all = [...instancesOf(core, kind, now), ...instancesOf(other, kind, now)].filter(tells);
    const document = documentWhere(render, core, kind, all, tells);
    if (document !== undefined)
      return `examples/exceptions.yaml excuses "${what}" in ${where}, which ${document} can tell`;
  }
  return undefined;
}

function proofProblem({ core, rego }: CompiledPolicy, evaluate: Evaluate, seed: number): unknown {
  const { counterexample } = provePolicy(core, evaluate, { seed, random: RANDOM_PROOF, constants: constantsIn(rego) });
  if (counterexample === undefined) return undefined;
  const { input, expected, difference } = counterexample;
  return { input, expected: expected.verdict, difference };
}

// ── metamorphic relations ─────────────────────────────────────────────────────────────────────────────────────────

type Facts = { readonly [fact: string]: unknown };
interface Input {
  readonly facts: Facts;
  readonly closed: readonly string[];
  readonly now: unknown;
}

/** The verdict in a raw result, by the text of the policy's own answer. */
function rawVerdict(evaluate: Evaluate, input: Input): string {
  const { declared, holds, fails } = evaluate(input) as {
    readonly declared: readonly string[];
    readonly holds: readonly string[];
    readonly fails: readonly { readonly clause: string }[];
  };
  const failed = fails.map((f) => f.clause);
  if (failed.includes('scope')) return 'not_applicable';
  if (declared.every((c) => c === 'scope' || holds.includes(c))) return 'compliant';
  const applies = !declared.includes('scope') || holds.includes('scope');
  return applies && failed.length > 0 ? 'violation' : 'unknown';
}

const listsOf = (facts: Facts): readonly string[] => Object.keys(facts).filter((f) => Array.isArray(facts[f]));
const having = (input: Input, list: string, items: (all: readonly unknown[]) => readonly unknown[]): Input => ({
  ...input,
  facts: { ...input.facts, [list]: items(input.facts[list] as readonly unknown[]) },
});

/** The verdict may be this after less is known than before. */
const isLess = (before: string, after: string): boolean =>
  after === before || after === 'unknown' || (before === 'not_applicable' && after === 'compliant');

/** What may be done to a resource, and what the verdict may then be. */
const RELATIONS: readonly {
  readonly says: string;
  readonly change: (input: Input, lots: Lots) => Input | undefined;
  readonly allowed: (before: string, after: string) => boolean;
  readonly counts?: false;
}[] = [
  {
    // Where the scope is not known any more, what complies is compliant whatever the scope.
    says: 'a fact that is removed makes it unknown, or nothing else',
    change: ({ facts, ...rest }, lots) => {
      const names = Object.keys(facts);
      if (names.length === 0) return undefined;
      const { [lots.pick(names)]: _, ...left } = facts;
      return { ...rest, facts: left };
    },
    allowed: isLess,
  },
  {
    says: 'a list that may have more items makes it unknown, or nothing else',
    change: (input) => ({ ...input, closed: [] }),
    allowed: isLess,
  },
  {
    // Whoever does not ask whether a list was seen completely decides from what happens to be there.
    says: 'a list of which an item was not seen makes it unknown, or nothing else',
    change: (input, lots) => {
      const lists = listsOf(input.facts).filter((list) => (input.facts[list] as readonly unknown[]).length > 0);
      if (lists.length === 0) return undefined;
      const list = lots.pick(lists);
      const fewer = having(input, list, (all) => all.toSpliced(lots.below(all.length), 1));
      return { ...fewer, closed: input.closed.filter((c) => c !== list) };
    },
    allowed: isLess,
  },
  {
    says: 'the order of items does not matter',
    change: (input) => listsOf(input.facts).reduce((i, list) => having(i, list, (all) => all.toReversed()), input),
    allowed: (before, after) => after === before,
  },
  {
    says: 'a fact that it does not read does not matter',
    change: (input) => ({ ...input, facts: { ...input.facts, a_stranger: [{ flag: true }] } }),
    allowed: (before, after) => after === before,
  },
  {
    says: 'an item that stands twice does not matter where nothing is counted',
    change: (input) => listsOf(input.facts).reduce((i, list) => having(i, list, (all) => [...all, ...all]), input),
    allowed: (before, after) => after === before,
    counts: false,
  },
];

function metamorphicProblem({ core, rego }: CompiledPolicy, kind: Kind, evaluate: Evaluate, seed: number): unknown {
  const lots = lotsFrom(seed);
  const unread = unreadOf(core, kind, rego);
  // Whether Rego counts is not known.
  const counts = conditionsOf(core).some((c) => [...nodesOf(c)].some((n) => n.op === 'count' || n.op === 'rego'));
  const relations = RELATIONS.filter((r) => !(counts && r.counts === false));
  for (const [, raw] of inputsOf(core, { seed, random: RANDOM_METAMORPHIC, phases: ['random'] })) {
    const input = raw as Input;
    if (!Array.isArray(input.closed)) continue;
    const before = rawVerdict(evaluate, input);
    const around = withUnread(input, unread, lots);
    const then = rawVerdict(evaluate, around);
    if (then !== before)
      return { says: 'what its clauses do not read does not matter', input, before, changed: around, after: then };
    for (const { says, change, allowed } of relations) {
      const changed = change(input, lots);
      if (changed === undefined) continue;
      const after = rawVerdict(evaluate, changed);
      if (!allowed(before, after)) return { says, input, before, changed, after };
    }
  }
  return undefined;
}

/** How many resources are rendered in every cloud. */
const MOST_RENDERED = 16;

/** The same facts have the same verdict through every cloud that can say them. */
function cloudProblem(
  policy: CompiledPolicy,
  kind: Kind,
  runnable: Runnable,
  { render, now, seed }: VerifyOptions,
): unknown {
  if (render === undefined) return undefined;
  const { core } = policy;
  const { engine } = runnable;
  const evaluate = ruling(policy, () => runnable);
  const lots = lotsFrom(seed);
  const all = [...instancesOf(core, kind, now)];
  for (let i = 0; i < Math.min(MOST_RENDERED, all.length); i++) {
    const facts = all.length <= MOST_RENDERED ? (all[i] as FactStates) : lots.pick(all);
    const expected = judgeByMeaning(core, kind, facts, now, evaluate);
    for (const document of render(kind.id, facts, { unknownFields: fieldsRead([core]) })) {
      const [judged] = engine.judge(core.kind, document.facts, now, { policies: [core.id] });
      if (judged?.verdict !== expected)
        return {
          says: 'the same facts have the same verdict through every cloud',
          facts,
          expected,
          document: document.name,
          got: judged?.error ?? judged?.verdict ?? null,
        };
    }
  }
  return undefined;
}

/** Values, near the literals of the Rego, of the facts and of the fields of items that the clauses do not read. */
interface Unread {
  readonly facts: ReadonlyMap<string, readonly unknown[]>;
  readonly fields: ReadonlyMap<string, ReadonlyMap<string, readonly unknown[]>>;
}

function unreadOf(core: CorePolicy, kind: Kind, rego: string): Unread {
  const subjects = subjectsOf(core);
  const constants = constantsIn(rego);
  const values = ({ shape, optional }: FieldSpec): readonly unknown[] =>
    domainOf(shape, optional, [], { now: PROOF_NOW, constants }).proper;
  const facts = new Map<string, readonly unknown[]>();
  const fields = new Map<string, ReadonlyMap<string, readonly unknown[]>>();
  for (const [name, spec] of Object.entries(factsOf(kind))) {
    const { shape } = spec;
    const read = subjects.lists.get(name);
    if (shape.type === 'list' && shape.of.type === 'record') {
      if (read === undefined) continue;
      const others = Object.entries(shape.of.fields).filter(([field]) => !read.has(field));
      fields.set(name, new Map(others.map(([field, f]) => [field, values(f)])));
    } else if (read === undefined && !subjects.facts.has(name)) facts.set(name, values(spec as FieldSpec));
  }
  return { facts, fields };
}

function withUnread(input: Input, { facts, fields }: Unread, lots: Lots): Input {
  const drawn = (of: ReadonlyMap<string, readonly unknown[]>): Facts =>
    Object.fromEntries(
      [...of].filter(([, values]) => values.length > 0).map(([name, values]) => [name, lots.pick(values)]),
    );
  const lists = [...fields].flatMap(([list, of]) => {
    const items = input.facts[list];
    if (!Array.isArray(items)) return [];
    return [[list, items.map((item: unknown) => (isObject(item) ? { ...drawn(of), ...item } : item))] as const];
  });
  return { ...input, facts: { ...drawn(facts), ...input.facts, ...Object.fromEntries(lists) } };
}

// ── plain OPA ─────────────────────────────────────────────────────────────────────────────────────────────────────

/** A result without the order of its sets. */
function normal(result: unknown): string {
  const { declared, holds, fails } = (result ?? {}) as { readonly [key: string]: unknown };
  const sorted = (v: unknown): unknown =>
    Array.isArray(v)
      ? v
          .map((e) =>
            typeof e === 'string'
              ? e
              : JSON.stringify(Object.entries(e as object).sort(([a], [b]) => (a < b ? -1 : 1))),
          )
          .sort()
      : v;
  return JSON.stringify([declared, sorted(holds), sorted(fails)]);
}

function plainProblem(policy: CompiledPolicy, evaluate: Evaluate, tools: PolicyTools, seed: number): unknown {
  const sample: unknown[] = [];
  for (const phase of ['random', 'facts', 'items', 'shells'] as const) {
    let n = 0;
    for (const [, input] of inputsOf(policy.core, { seed, random: RANDOM_PLAIN, phases: [phase] })) {
      if (n++ >= RANDOM_PLAIN) break;
      sample.push(input);
    }
  }
  const plain = tools.plainOpa(policy, sample);
  for (const [i, input] of sample.entries()) {
    const wasm = attempt(() => evaluate(input));
    if (normal(plain[i]) !== normal(wasm)) return { input, opa: plain[i] ?? null, wasm: wasm ?? null };
  }
  return undefined;
}

function attempt(body: () => unknown): unknown {
  try {
    return body();
  } catch (error) {
    return { threw: isAppError(error) ? error.code : messageOf(error) };
  }
}
