/** The corpus of intents holds what docs/eval-authoring.md says, and its judged resources (npm run gen) tell gold from what is not. */
import { describe, expect, it } from 'vitest';
import { CORPUS, readCorpus } from '../../scripts/eval/corpus.ts';
import { differencesFrom, misjudgedBy, statesOf } from '../../scripts/eval/gold.ts';
import { judgedLines } from '../../scripts/eval/judged.ts';
import { vacuityOf } from '../../shared/authoring/compare.ts';
import { mutantsOf } from '../../shared/authoring/mutate.ts';
import { kindById, kinds } from '../../shared/kinds/index.ts';
import { toCore } from '../../shared/policy/core.ts';
import { PROOF_NOW } from '../../shared/policy/proof.ts';

const intents = readCorpus(CORPUS);
const meant = intents.filter((i) => i.gold.readings.length > 0);

describe('the corpus', () => {
  it('has the shapes in the shares that were asked for', () => {
    const count = (shape: string): number => intents.filter((i) => i.shape === shape).length;
    expect(intents).toHaveLength(80);
    expect(
      ['simple', 'conjunction', 'quantifier', 'threshold', 'ambiguous', 'out_of_model'].map((s) => [s, count(s)]),
    ).toEqual([
      ['simple', 32],
      ['conjunction', 20],
      ['quantifier', 12],
      ['threshold', 8],
      ['ambiguous', 4],
      ['out_of_model', 4],
    ]);
    expect(intents.filter((i) => i.texts.length === 3).length).toBeGreaterThanOrEqual(20);
  });

  it('speaks of every kind, in different sentences', () => {
    const spoken = new Set(meant.flatMap((i) => i.gold.readings.flatMap((r) => r.policies.map((p) => p.core.kind))));
    expect([...spoken].sort()).toEqual(kinds.map((k) => k.id).sort());
    const texts = intents.flatMap((i) => i.texts);
    expect(new Set(texts.map((t) => t.toLowerCase())).size).toBe(texts.length);
  });

  it('is ambiguous and out of the model where its shape says so, and nowhere else', () => {
    expect(intents.filter((i) => i.gold.readings.length > 1).map((i) => i.shape)).toEqual(
      intents.filter((i) => i.shape === 'ambiguous').map((i) => i.shape),
    );
    expect(intents.filter((i) => i.gold.refusal.length > 0).every((i) => i.shape === 'out_of_model')).toBe(true);
  });

  it('means something else with each of its sentences', () => {
    const cores = meant.flatMap((i) => i.gold.readings.map((r) => r.policies.map((p) => p.core)));
    for (const [i, one] of cores.entries())
      for (const other of cores.slice(i + 1)) expect(differencesFrom(one, other)).not.toEqual([]);
  });

  it('has gold that something violates and something complies with', () => {
    for (const { gold } of meant)
      for (const { policies } of gold.readings)
        for (const { core } of policies) expect(vacuityOf(core)).toEqual({ is: 'decided', never: [], idle: [] });
  });
});

describe('the judged resources', () => {
  it.each(meant.map((i) => [i.id, i] as const))(
    'of %s are 20 or more, and say violation and compliant',
    (_, intent) => {
      const lines = judgedLines(intent);
      expect(lines.length).toBeGreaterThanOrEqual(20);
      for (const i of intent.gold.readings.keys()) {
        const said = lines.map((l) => l.verdicts[i]);
        for (const verdict of ['violation', 'compliant', 'unknown']) expect(said).toContain(verdict);
      }
    },
  );

  it('tell gold from nearly every misreading of it', () => {
    let [told, all] = [0, 0];
    for (const intent of meant.filter((i) => i.gold.readings.length === 1)) {
      const judged = judgedLines(intent).map(({ kind, facts, open = [], verdicts }, i) => ({
        name: String(i),
        kind,
        facts: statesOf({ facts, open }),
        verdicts: verdicts.filter((v) => v !== 'error'),
      }));
      const gold = intent.gold.readings[0]?.policies ?? [];
      expect(
        misjudgedBy(
          gold.map((p) => p.core),
          judged,
          PROOF_NOW,
        ),
      ).toEqual([]);
      for (const { policy } of gold) {
        const kind = kindById(policy.kind);
        if (kind === undefined) throw new Error(policy.kind);
        for (const mutant of mutantsOf(policy, kind)) {
          const authored = gold.map((p) => (p.policy === policy ? toCore(mutant.policy, kind) : p.core));
          const isOther =
            differencesFrom(
              gold.map((p) => p.core),
              authored,
            ).length > 0;
          if (!isOther) continue;
          all++;
          if (misjudgedBy(authored, judged, PROOF_NOW).length > 0) told++;
        }
      }
    }
    expect(all).toBeGreaterThan(400);
    expect(told / all).toBeGreaterThan(0.9);
  });
});
