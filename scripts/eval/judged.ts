/**
 * The judged resources of an intent, from its gold meaning: for each misreading of it (shared/authoring/mutate.ts) a smallest
 * resource that tells the two apart, the same for each two readings, and resources from every region of what is compared,
 * with values of what is not. The same ones each time; corpus/intents/judged holds them for a reader to check.
 */
import { comparePolicies } from '../../shared/authoring/compare.ts';
import { mutantsOf } from '../../shared/authoring/mutate.ts';
import { kindById } from '../../shared/kinds/index.ts';
import { AppError } from '../../shared/model/errors.ts';
import type { FactSpec } from '../../shared/model/fact.ts';
import { NONE } from '../../shared/model/fact.ts';
import { canonicalJson } from '../../shared/model/json.ts';
import type { Kind } from '../../shared/model/kind.ts';
import type { Verdict } from '../../shared/model/verdict.ts';
import { type CorePolicy, factsOf, toCore } from '../../shared/policy/core.ts';
import { meaningOf, type PolicyInput } from '../../shared/policy/meaning.ts';
import { inputsOf, lotsFrom, type Lots, PROOF_NOW } from '../../shared/policy/proof.ts';
import { domainOf } from '../../shared/policy/regions.ts';
import { compileValidator } from '../../shared/policy/schema.ts';
import { isValid } from '../../shared/policy/witnesses.ts';
import type { EvalIntent, Gold } from './corpus.ts';
import { together } from './gold.ts';

/** A line of corpus/intents/judged: a resource, and what each reading says of it. */
export interface JudgedLine {
  readonly intent: string;
  readonly kind: string;
  readonly verdicts: readonly Verdict[];
  readonly facts: PolicyInput['facts'];
  readonly open?: readonly string[];
}

/** How many resources an intent has judged at the least. */
export const LEAST_JUDGED = 24;
const MOST_SEPARATORS = 14;
const RANDOM = 400;
const SEED = 20261125;

type Read = (policy: CorePolicy) => boolean;

/** What the readings say of an input of a kind. */
const verdictsOn = ({ readings }: Gold, kind: string, input: PolicyInput): readonly Verdict[] =>
  readings.map(({ policies }) =>
    together(policies.flatMap(({ core }) => (core.kind === kind ? [meaningOf(core, input).verdict] : []))),
  );

/** The judged resources of an intent; none where it has no gold meaning. */
export function judgedLines({ id, gold }: Pick<EvalIntent, 'id' | 'gold'>): readonly JudgedLine[] {
  const kinds = [...new Set(gold.readings.flatMap((r) => r.policies.map((p) => p.core.kind)))].sort();
  const share = Math.ceil(LEAST_JUDGED / Math.max(1, kinds.length));
  return kinds.flatMap((kindId) => {
    const kind = kindById(kindId);
    if (kind === undefined) throw new AppError('INVARIANT_BROKEN', `no kind ${kindId}`);
    return ofKind(gold, kind, share).map(({ facts, closed }): JudgedLine => {
      const open = Object.keys(facts).filter((f) => Array.isArray(facts[f]) && !closed.includes(f));
      const verdicts = verdictsOn(gold, kindId, { facts, closed, now: PROOF_NOW });
      return { intent: id, kind: kindId, verdicts, facts, ...(open.length === 0 ? {} : { open }) };
    });
  });
}

function ofKind(gold: Gold, kind: Kind, share: number): readonly PolicyInput[] {
  const chosen = new Map<string, PolicyInput>();
  const take = (input: PolicyInput): boolean => {
    const key = canonicalJson([input.facts, input.closed]);
    if (chosen.has(key)) return false;
    chosen.set(key, input);
    return true;
  };
  const isOfKind: Read = (p) => p.kind === kind.id;
  const policies = gold.readings.flatMap((r) => r.policies.filter((p) => isOfKind(p.core)));

  const separators: PolicyInput[] = [];
  const separate = (a: CorePolicy, b: CorePolicy): void => {
    const comparison = comparePolicies(a, b);
    if (comparison.is === 'different') separators.push(comparison.on.input);
  };
  for (const [i, { core }] of policies.entries()) for (const other of policies.slice(i + 1)) separate(core, other.core);
  for (const { policy, core } of policies)
    for (const mutant of mutantsOf(policy, kind)) separate(core, toCore(mutant.policy, kind));
  for (const input of separators) if (chosen.size < Math.min(MOST_SEPARATORS, share - 4)) take(input);

  // From the regions: each combination of what the readings say, in turn, so that no verdict crowds the others out.
  const lots = lotsFrom(SEED);
  const validate = compileValidator(kind);
  const byVerdicts = new Map<string, PolicyInput[]>();
  for (const { core } of policies) {
    for (const [, raw] of inputsOf(core, { seed: SEED, random: RANDOM, phases: ['facts', 'random'] })) {
      const input = raw as PolicyInput;
      if (!isValid(validate, input)) continue;
      const key = verdictsOn(gold, kind.id, input).join();
      const known = byVerdicts.get(key) ?? [];
      byVerdicts.set(key, [...known, input]);
    }
  }
  const classes = [...byVerdicts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, inputs]) => inputs);
  for (let round = 0; chosen.size < share && round < 50 * share; round++) {
    const inputs = classes[round % classes.length] ?? [];
    take(
      withStrangers(
        lots.pick(inputs),
        kind,
        policies.map((p) => p.core),
        lots,
      ),
    );
  }
  return [...chosen.values()];
}

/** Values that people can read, of facts whose regions are without a comparison. */
const TEXTS: { readonly [fact: string]: readonly unknown[] } = {
  account: ['111122223333', '444455556666'],
  region: ['eu-west-1', 'westeurope', NONE],
  owner: ['payments', 'search', NONE],
  backup_retention_days: [0, 7, 35],
};

/** The resource with values of facts that no reading reads: they must not matter. */
function withStrangers(input: PolicyInput, kind: Kind, policies: readonly CorePolicy[], lots: Lots): PolicyInput {
  const read = JSON.stringify(policies);
  const facts: { [fact: string]: unknown } = { ...input.facts };
  const closed = [...input.closed];
  for (const [name, spec] of Object.entries(factsOf(kind))) {
    if (read.includes(`"${name}"`) || lots.chance(0.6)) continue;
    facts[name] = lots.pick(valuesOf(name, spec));
    if (spec.shape.type === 'list') closed.push(name);
  }
  return { facts, closed, now: PROOF_NOW };
}

function valuesOf(name: string, { shape, optional }: FactSpec): readonly unknown[] {
  if (shape.type !== 'list') return TEXTS[name] ?? domainOf(shape, optional, [], { now: PROOF_NOW }).proper;
  return name === 'tags' ? [[], [{ key: 'team', value: 'a' }]] : [[]];
}

/** The lines of one file of the corpus as text. */
export const judgedText = (intents: readonly EvalIntent[]): string =>
  intents
    .flatMap((intent) => judgedLines(intent))
    .map((line) => `${JSON.stringify(line)}\n`)
    .join('');
