/** A policy that misbehaves when it is run, in a bundle of the real engine beside good ones. */
import { expect } from 'vitest';
import { buildBundle } from '../../shared/adapters/opa/build.ts';
import { loadEngine } from '../../shared/adapters/opa/engine.ts';
import { tally } from '../../shared/pipeline/outcomes.ts';
import type { Bundle } from '../../shared/policy/bundle.ts';
import { compilePolicy } from '../../shared/policy/compile.ts';
import { count, drill } from '../support/drill.ts';
import { opaPath } from '../support/policy-lab.ts';
import { describeWith } from '../support/requirements.ts';
import { makeService } from '../support/service.ts';
import { change, type Doc, POLICIES, store } from '../support/world.ts';

const good = (['not-public', 'versioned'] as const).map((name) =>
  compilePolicy({ file: `${name}.yaml`, yaml: POLICIES[name] }, [store]),
);
/** Rego of people that goes wrong on some resources, or always: what each gives instead of an answer. */
const POISON: { readonly [name: string]: string } = {
  traps:
    'declared := ["c"]\n\nbound := 1 if input.facts.versioned == true\n\nbound := 2 if input.facts.encryption == "none"\n\nholds contains "c" if bound > 0\n\nfails := []\n',
  'is-silent':
    'declared := ["c"]\n\nholds := ["c"] if input.facts.encryption == "none"\n\nfails := [] if input.facts.encryption == "none"\n',
  'says-both': 'declared := ["c"]\n\nholds := ["c"]\n\nfails := [{"clause": "c"}]\n',
  'says-other': 'declared := ["c"]\n\nholds := ["d"]\n\nfails := []\n',
  'says-text': 'declared := ["c"]\n\nholds := "c"\n\nfails := []\n',
};
const poisoned = Object.entries(POISON).map(([name, rego]) =>
  compilePolicy(
    {
      file: `${name}.yaml`,
      yaml: `id: store.${name}\ntitle: T\nseverity: low\nkind: store\nframeworks: {}\nremediation: R\nrequire:\n  - { id: c, says: s, that: { any: [{ fact: versioned, is: true }, { fact: encryption, is: none }] } }\n`,
      rego: `package edict.policies.store.${name.replaceAll('-', '_')}\n\n# METADATA\n# entrypoint: true\nresult := {"declared": declared, "holds": holds, "fails": fails}\n\n${rego}`,
    },
    [store],
  ),
);
const STORES = 60;
const docsOf = (n: number, round: number): readonly Doc[] => [
  {
    type: 'Test::Store',
    id: `s${n}`,
    at: 1 + n + 1000 * round,
    body: { open: (n + round) % 2 === 0, versioned: n % 3 !== 0 },
  },
  {
    type: 'Test::StorePolicy',
    id: `s${n}/policy`,
    at: 1 + n + 1000 * round,
    body: { encryption: n % 4 === 0 ? 'none' : 'provider_key' },
  },
];

describeWith(['opa'], 'a policy', () => {
  drill(
    {
      id: 'poisoned-policy',
      done: `${poisoned.length} policies in Rego that trap, stay silent, contradict themselves, speak of clauses that they do not have or answer in another shape are activated beside good ones while ${4 * STORES} changes arrive, at processes that were there and that start then; then a bundle without them`,
      holds:
        'the good policies give what they give alone, in verdicts and findings; a poisoned one is compliant only where its clause is, and never a violation: the rest is an error, which is told; nothing waits or becomes a dead letter; without it its findings end',
    },
    async () => {
      const kindById = (id: string) => (id === 'store' ? store : undefined);
      const run = async (bundle: Bundle) => {
        const service = makeService({ loadEngine: (of) => loadEngine(of, { kindById }) });
        await service.activate(healthy);
        for (let round = 0; round < 2; round++) {
          for (let n = 0; n < STORES; n++) for (const doc of docsOf(n, round)) service.put(JSON.stringify(change(doc)));
          if (round === 0) await service.activate(bundle);
          else service.restart();
          await service.settle();
        }
        return service;
      };
      const healthy = buildBundle(opaPath, good);
      const calm = await run(healthy);
      const service = await run(buildBundle(opaPath, [...good, ...poisoned]));
      type Service = typeof calm;
      const goodIds = new Set(good.map(({ policy }) => policy.id));
      const verdictsOf = (of: Service, wanted: (policy: string) => boolean): readonly string[] =>
        of.resources
          .all()
          .flatMap((r) =>
            Object.entries(r.verdicts).map(([policy, v]) => ({ policy, said: `${r.id} ${policy} ${v.verdict}` })),
          )
          .flatMap(({ policy, said }) => (wanted(policy) ? [said] : []))
          .toSorted();
      const findingsOf = (of: Service): readonly string[] =>
        of.findings
          .all()
          .flatMap((f) => (goodIds.has(f.policy) ? [`${f.id} ${f.status} ${f.verdict}`] : []))
          .toSorted();
      expect(verdictsOf(service, (id) => goodIds.has(id))).toEqual(verdictsOf(calm, (id) => goodIds.has(id)));
      expect(findingsOf(service)).toEqual(findingsOf(calm));
      expect(tally(service.outcomes)).toEqual(tally(calm.outcomes));
      expect(service.dead).toEqual([]);
      const bad = verdictsOf(service, (id) => !goodIds.has(id));
      expect(new Set(bad.map((said) => said.split(' ')[1])).size).toBe(poisoned.length);
      // What one that goes wrong on some resources says of the others is what its clause says.
      const answered = bad.filter((said) => !said.endsWith(' error'));
      expect(answered.length).toBeGreaterThan(0);
      for (const said of answered) {
        const n = Number(/^s(\d+) /.exec(said)?.[1]);
        expect(said).toMatch(/ (store\.traps|store\.is-silent) (compliant|unknown)$/);
        if (said.endsWith(' compliant')) expect(n % 3 !== 0 || n % 4 === 0, said).toBe(true);
      }
      const openBad = (): number =>
        service.findings.all().filter((f) => !goodIds.has(f.policy) && f.status === 'open').length;
      const errors = bad.length - answered.length;
      expect(openBad()).toBeGreaterThanOrEqual(errors);
      await service.activate(healthy);
      await service.settle();
      expect(openBad()).toBe(0);
      expect(findingsOf(service)).toEqual(findingsOf(calm));
      const same = verdictsOf(service, (id) => goodIds.has(id)).length;
      return `${count(same)} verdicts of good policies as without the poison; of ${count(bad.length)} of poisoned ones ${count(errors)} an error that is told, ${answered.length} answered properly, 0 a violation; 0 dead letters`;
    },
  );
});
