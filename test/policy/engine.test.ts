/** The strict engine: what it refuses to load, what it answers when policies or facts misbehave, and what it never does. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readBundle } from '../../shared/adapters/opa/bundle-files.ts';
import { buildBundle, buildWasm } from '../../shared/adapters/opa/build.ts';
import { loadEngine, type OpaEngine } from '../../shared/adapters/opa/engine.ts';
import { loadModule } from '../../shared/adapters/opa/module.ts';
import { isAppError } from '../../shared/model/errors.ts';
import type { FactState, FactStates, FactValue } from '../../shared/model/fact.ts';
import type { PolicyVerdict } from '../../shared/model/verdict.ts';
import { type Bundle, bundleHash, type CompiledPolicy, coreOf, sha256 } from '../../shared/policy/bundle.ts';
import { compilePolicy } from '../../shared/policy/compile.ts';
import { meaningOf } from '../../shared/policy/meaning.ts';
import { inputsOf, type Lots, lotsFrom } from '../../shared/policy/proof.ts';
import { toInput } from '../../shared/policy/input.ts';
import { factsOf } from '../../shared/policy/core.ts';
import { kindById } from '../../shared/kinds/index.ts';
import { opaPath, probe } from '../support/policy-lab.ts';
import { describeWith } from '../support/requirements.ts';

const NOW = 1_800_000_000;
const shipped: Bundle = readBundle(join(import.meta.dirname, '..', '..', 'bundle'));
const known = (value: FactValue, closed?: boolean): FactState => ({
  state: 'known',
  value,
  at: '',
  ...(closed === undefined ? {} : { closed }),
});
const assumed = (value: FactValue): FactState => ({ state: 'assumed', value, because: 'never seen' });
const unseen: FactState = { state: 'unknown', why: 'not_collected' };
const byId = (verdicts: readonly PolicyVerdict[]): { readonly [id: string]: PolicyVerdict } =>
  Object.fromEntries(verdicts.map((v) => [v.policy, v]));

/** A policy over the probe kind, with its Rego or with some written by hand. */
const policy = (name: string, that: string, rego?: string, more = ''): CompiledPolicy =>
  compilePolicy(
    {
      file: `${name}.yaml`,
      yaml: `id: probe.${name}\ntitle: T\nseverity: low\nkind: probe\nframeworks: {}\nremediation: R\n${more}require:\n  - { id: c, says: s, that: ${that} }\n`,
      ...(rego === undefined
        ? {}
        : {
            rego: `package edict.policies.probe.${name.replaceAll('-', '_')}\n\n# METADATA\n# entrypoint: true\nresult := {"declared": declared, "holds": holds, "fails": fails}\n\n${rego}`,
          }),
    },
    [probe],
  );
const probeOnly = (id: string) => (id === 'probe' ? probe : undefined);
const engineOf = (...policies: readonly CompiledPolicy[]): OpaEngine =>
  loadEngine(buildBundle(opaPath, policies), { kindById: probeOnly });
const refusal = (load: () => unknown): string => {
  try {
    load();
  } catch (error) {
    expect(isAppError(error, 'POLICY_LOAD_FAILED')).toBe(true);
    return (error as Error).message;
  }
  return 'loaded';
};

describe('the bundle that ships', () => {
  const engine = loadEngine(shipped);

  it('is named by its content', () => {
    expect(engine.hash).toBe(bundleHash(shipped.manifest));
    expect(engine.hash).not.toBe(bundleHash({ ...shipped.manifest, policies: shipped.manifest.policies.slice(1) }));
    expect(shipped.manifest.policies.every((p) => p.evidence === 'proved')).toBe(true);
  });

  it('judges each policy of a kind once, sorted, and none of another kind', () => {
    const verdicts = engine.judge('object_store', {}, NOW);
    expect(verdicts.map((v) => v.policy)).toEqual(engine.policiesOf('object_store').map((p) => p.id));
    expect(verdicts.map((v) => v.policy)).toEqual(verdicts.map((v) => v.policy).toSorted());
    expect(verdicts.length).toBeGreaterThan(4);
    expect(verdicts.every((v) => v.verdict === 'unknown' && (v.missing?.length ?? 0) > 0)).toBe(true);
    expect(engine.judge('no_such_kind', {}, NOW)).toEqual([]);
    const only = ['object-store.tls-only', 'object-store.no-such'];
    expect(engine.judge('object_store', {}, NOW, { policies: only }).map((v) => v.policy)).toEqual([
      'object-store.tls-only',
    ]);
  });

  it('names the failed clause and items, and what is missing', () => {
    const facts: FactStates = {
      ingress: known(
        [
          { internet: false },
          { internet: true, protocol: 'tcp', ports: { from: 0, to: 65_535 } },
          { internet: true, protocol: 'tcp', ports: { from: 22, to: 22 } },
        ],
        true,
      ),
    };
    const verdicts = byId(engine.judge('firewall', facts, NOW));
    expect(verdicts['firewall.no-admin-ports-from-internet']).toEqual({
      policy: 'firewall.no-admin-ports-from-internet',
      verdict: 'violation',
      scope: 'true',
      clauses: [{ id: 'no-admin-ports', verdict: 'fails', items: [1, 2] }],
    });
    const production = byId(
      engine.judge('sql_database', { deletion_protected: known(false), environment: unseen }, NOW),
    )['sql-database.deletion-protected'];
    expect(production).toEqual({
      policy: 'sql-database.deletion-protected',
      verdict: 'unknown',
      scope: 'unknown',
      clauses: [{ id: 'deletion-protected', verdict: 'fails' }],
      missing: ['environment'],
    });
  });

  it('lets an assumed fact yield a violation that says so, and never compliance', () => {
    const id = 'object-store.no-public-access';
    const judge = (facts: FactStates) => byId(engine.judge('object_store', facts, NOW))[id];
    expect(judge({ public_read: assumed(true), public_write: known(false) })).toMatchObject({
      verdict: 'violation',
      assumed: ['public_read'],
    });
    expect(judge({ public_read: assumed(false), public_write: known(false) })).toMatchObject({
      verdict: 'unknown',
      missing: ['public_read'],
    });
    // What was seen decides: the assumption is not named, and its clause is not said to fail or hold by it.
    expect(judge({ public_read: known(true), public_write: assumed(true) })).toEqual({
      policy: id,
      verdict: 'violation',
      scope: 'true',
      clauses: [
        { id: 'no-public-read', verdict: 'fails' },
        { id: 'no-public-write', verdict: 'unknown' },
      ],
    });
    expect(judge({ public_read: assumed(false), public_write: assumed(true) })).toMatchObject({
      assumed: ['public_write'],
      clauses: [
        { id: 'no-public-read', verdict: 'unknown' },
        { id: 'no-public-write', verdict: 'fails' },
      ],
    });
  });

  it('answers error for the policies that read a fact which breaks its contract, and judges the others', () => {
    const verdicts = byId(engine.judge('object_store', { encryption: known('strong'), tls_only: known(true) }, NOW));
    expect(verdicts['object-store.customer-managed-key']).toMatchObject({
      verdict: 'error',
      error: expect.stringContaining('the fact encryption is not one of') as string,
    });
    expect(verdicts['object-store.tls-only']?.verdict).toBe('compliant');
    const inverted = engine.judge('firewall', { ingress: known([{ ports: { from: 25, to: 20 } }], true) }, NOW);
    expect(inverted.every((v) => v.verdict === 'error' && v.error?.includes('an inverted range') === true)).toBe(true);
    // A value is never shown: it may be a secret.
    expect(JSON.stringify(engine.judge('object_store', { encryption: known('hunter2') }, NOW))).not.toContain(
      'hunter2',
    );
  });

  it('answers error for everything where a fact is not declared by the kind', () => {
    const stranger = engine.judge('object_store', { public_raed: known(false), tls_only: known(true) }, NOW);
    expect(stranger.every((v) => v.verdict === 'error' && v.error?.includes('public_raed') === true)).toBe(true);
    const proto = JSON.parse('{"__proto__": {"state": "known", "value": true, "at": ""}}') as FactStates;
    expect(engine.judge('object_store', proto, NOW).every((v) => v.verdict === 'error')).toBe(true);
  });

  it('is total on facts that are nothing like facts', () => {
    for (const state of [
      null,
      7,
      'known',
      [],
      {},
      { state: 'known' },
      { state: 'certain', value: true },
      { state: 'known', value: undefined },
    ]) {
      const facts = { tls_only: state } as unknown as FactStates; // what a broken caller might hand over
      const verdict = byId(engine.judge('object_store', facts, NOW))['object-store.tls-only'];
      expect(verdict?.verdict).toBe('error');
    }
  });

  it('refuses an instant that is none', () => {
    expect(() => engine.judge('object_store', {}, Number.NaN)).toThrow('now is not in epoch seconds');
  });

  it('holds up under long lists and strange texts', () => {
    const rule = { internet: false, protocol: 'tcp', ports: { from: 0, to: 65_535 } };
    const many = Array.from({ length: 5000 }, () => rule);
    expect(engine.judge('firewall', { ingress: known(many, true) }, NOW).every((v) => v.verdict === 'compliant')).toBe(
      true,
    );
    const tags = [
      { key: '\u0000', value: '\u{1F512}"\\\n\u2028' },
      { key: 'x'.repeat(100_000), value: '' },
    ];
    expect(
      engine
        .judge('object_store', { tags: known(tags, true), tls_only: known(true) }, NOW)
        .some((v) => v.verdict === 'compliant'),
    ).toBe(true);
  });
});

describe('loading', () => {
  it('refuses a module that is not the one of the manifest', () => {
    const wasm = Uint8Array.from(shipped.wasm);
    wasm[wasm.length - 1] = (wasm.at(-1) ?? 0) ^ 1;
    expect(refusal(() => loadEngine({ manifest: shipped.manifest, wasm }))).toContain('not the one in the manifest');
  });

  it('refuses what is no module, an unknown version, an unknown kind, an unknown fact, a policy that is not in it', () => {
    const withManifest = (manifest: Partial<Bundle['manifest']>): Bundle => ({
      ...shipped,
      manifest: { ...shipped.manifest, ...manifest },
    });
    const [first] = shipped.manifest.policies;
    if (first === undefined) throw new Error('no policy');
    const text = new TextEncoder().encode('not wasm');
    expect(
      refusal(() =>
        loadEngine({
          manifest: withManifest({ wasm: { sha256: sha256(text), sizeBytes: text.length } }).manifest,
          wasm: text,
        }),
      ),
    ).toContain('cannot be loaded');
    expect(refusal(() => loadEngine(withManifest({ version: 2 as 1 })))).toContain('unknown version');
    expect(refusal(() => loadEngine(withManifest({ policies: [{ ...first, kind: 'toaster' }] })))).toContain(
      'the kind toaster',
    );
    expect(refusal(() => loadEngine(withManifest({ policies: [{ ...first, reads: ['crumbs'] }] })))).toContain(
      'no fact crumbs',
    );
    expect(
      refusal(() =>
        loadEngine(withManifest({ policies: [...shipped.manifest.policies, { ...first, id: 'firewall.other' }] })),
      ),
    ).toContain('the module has no policy firewall.other');
  });

  it('never runs a policy that does not declare the clauses of the manifest', () => {
    const policies = shipped.manifest.policies.map((p) =>
      p.id === 'object-store.tls-only'
        ? { ...p, clauses: [...p.clauses, ...p.clauses.map((c) => ({ ...c, id: 'another' }))] }
        : p,
    );
    const engine = loadEngine({ ...shipped, manifest: { ...shipped.manifest, policies } });
    const verdicts = byId(engine.judge('object_store', { tls_only: known(true), versioned: known(true) }, NOW));
    expect(verdicts['object-store.tls-only']).toMatchObject({
      verdict: 'error',
      error: expect.stringContaining('does not declare') as string,
    });
    expect(verdicts['object-store.versioned']?.verdict).toBe('compliant');
  });
});

describeWith(['opa'], 'the engine', () => {
  it('refuses a module that calls its host', () => {
    const wasm = buildWasm(opaPath, {
      'p/x.rego':
        'package x\n\n# METADATA\n# entrypoint: true\nallow if http.send({"method": "get", "url": input.url}).status_code == 200\n',
    });
    expect(refusal(() => loadModule(wasm))).toContain('calls functions of its host');
  });

  it('isolates a policy that traps: an error, quarantined, and the others are judged', () => {
    const good = policy('good', '{ fact: flag, is: true }');
    const trap = policy(
      'trap',
      '{ any: [{ fact: flag, is: true }, { fact: size, at_least: 0 }] }',
      'declared := ["c"]\n\nbound := 1 if input.facts.flag == true\n\nbound := 2 if input.facts.size > 5\n\nholds contains "c" if bound > 0\n\nfails := []\n',
    );
    const engine = engineOf(good, trap);
    const before = byId(engine.judge('probe', { flag: known(true) }, NOW));
    expect([before['probe.good']?.verdict, before['probe.trap']?.verdict]).toEqual(['compliant', 'compliant']);
    expect(engine.quarantined()).toEqual([]);
    for (let i = 0; i < 3; i++) {
      const verdicts = byId(engine.judge('probe', { flag: known(true), size: known(7 + i) }, NOW));
      expect(verdicts['probe.good']).toEqual({
        policy: 'probe.good',
        verdict: 'compliant',
        scope: 'true',
        clauses: [{ id: 'c', verdict: 'holds' }],
      });
      expect(verdicts['probe.trap']).toMatchObject({
        verdict: 'error',
        error: expect.stringContaining('trapped') as string,
      });
    }
    expect(engine.quarantined().map((q) => q.policy)).toEqual(['probe.trap']);
    expect(byId(engine.judge('probe', { flag: known(false) }, NOW))['probe.good']?.verdict).toBe('violation');
  });

  it.each([
    [
      'no result',
      'declared := ["c"]\n\nholds := ["c"] if input.facts.size == 1\n\nfails := [] if input.facts.size == 1\n',
      'no result|wrong shape|does not declare',
    ],
    [
      'a clause on both sides',
      'declared := ["c"]\n\nholds := ["c"]\n\nfails := [{"clause": "c"}]\n',
      'both holds and fails',
    ],
    ['an undeclared clause that holds', 'declared := ["c"]\n\nholds := ["d"]\n\nfails := []\n', 'not declared'],
    [
      'an undeclared clause that fails',
      'declared := ["c"]\n\nholds := []\n\nfails := [{"clause": "d"}]\n',
      'not declared',
    ],
    [
      'more than is asked',
      'declared := ["c"]\n\nholds := []\n\nfails := [{"clause": "c", "why": "x"}]\n',
      'not declared|wrong shape',
    ],
    [
      'an item that is none',
      'declared := ["c"]\n\nholds := []\n\nfails := [{"clause": "c", "item": "0"}]\n',
      'wrong shape',
    ],
    ['a text for a list', 'declared := ["c"]\n\nholds := "c"\n\nfails := []\n', 'wrong shape'],
    ['null', 'declared := ["c"]\n\nholds := null\n\nfails := null\n', 'wrong shape'],
    ['fewer declared', 'declared := []\n\nholds := []\n\nfails := []\n', 'does not declare'],
    ['more declared', 'declared := ["c", "d"]\n\nholds := []\n\nfails := []\n', 'does not declare'],
    [
      'what depends on the input',
      'declared := ["c"] if input.facts.flag == false\n\ndeclared := [] if input.facts.flag == true\n\nholds := []\n\nfails := []\n',
      'does not declare',
    ],
  ])('answers error for a policy that gives %s', (_, rego, message) => {
    const engine = engineOf(
      policy('bad', '{ fact: flag, is: true }', rego),
      policy('good', '{ fact: flag, is: true }'),
    );
    const verdicts = byId(engine.judge('probe', { flag: known(true) }, NOW));
    expect(verdicts['probe.bad']?.verdict).toBe('error');
    expect(verdicts['probe.bad']?.error).toMatch(new RegExp(message));
    expect(verdicts['probe.good']?.verdict).toBe('compliant');
  });

  it('marks what was not generated as tested only', () => {
    expect(policy('good', '{ fact: flag, is: true }').bundled.evidence).toBe('proved');
    const generated = policy('good', '{ fact: flag, is: true }').rego;
    const touched = compilePolicy(
      {
        file: 'x',
        yaml: 'id: probe.good\ntitle: T\nseverity: low\nkind: probe\nframeworks: {}\nremediation: R\nrequire: [{ id: c, says: s, that: { fact: flag, is: true } }]\n',
        rego: `${generated}\n`,
      },
      [probe],
    );
    expect(touched.bundled.evidence).toBe('tested');
  });

  it('says when an age will flip the verdict, and does not believe an instant far ahead', () => {
    const engine = engineOf(policy('young', '{ not: { fact: made_at, older_than_days: 7 } }'));
    const judge = (madeAt: number) => engine.judge('probe', { made_at: known(madeAt) }, NOW)[0];
    expect(judge(NOW)).toMatchObject({ verdict: 'compliant', flipsAt: NOW + 7 * 86_400 + 1 });
    expect(judge(NOW - 8 * 86_400)).toEqual({
      policy: 'probe.young',
      verdict: 'violation',
      scope: 'true',
      clauses: [{ id: 'c', verdict: 'fails' }],
    });
    expect(judge(NOW + 3600)).toMatchObject({ verdict: 'unknown', missing: ['made_at'], flipsAt: NOW + 3300 });
  });

  it('builds the same bytes again, wherever and in whatever order', () => {
    const policies = [
      policy('a', '{ fact: flag, is: true }'),
      policy('b', '{ some: rules, that: { field: label, matches: "x*" } }'),
    ];
    const [one, two] = [buildBundle(opaPath, policies), buildBundle(opaPath, policies.toReversed())];
    expect(two.manifest).toEqual(one.manifest);
    expect(Buffer.from(two.wasm).equals(one.wasm)).toBe(true);
  });

  it('agrees with the meaning through every layer, remembered or not', () => {
    const policies = [
      policy(
        'a',
        '{ any: [{ fact: maybe_level, in: [low, none] }, { none: rules, that: { all: [{ field: flag, is: true }, { field: ports, intersects: ["22"] }] } }] }',
      ),
      policy(
        'b',
        '{ count: names, that: { item: true, matches: "a*" }, at_most: 1 }',
        undefined,
        'applies_when: { tag: { key: team, is: a } }\n',
      ),
    ];
    const bundle = buildBundle(opaPath, policies);
    const engines = [
      loadEngine(bundle, { kindById: probeOnly }),
      loadEngine(bundle, { kindById: probeOnly, memoSize: 0 }),
    ];
    const lots = lotsFrom(11);
    let definite = 0;
    for (const [, raw] of inputsOf(policies[0]?.core ?? { id: '', kind: '', clauses: [] }, {
      seed: 1,
      random: 1500,
      phases: ['random'],
    })) {
      const states = statesOf(raw, lots);
      const [first, second] = engines.map((engine) => engine.judge('probe', states, NOW));
      expect(second).toEqual(first);
      for (const verdict of first ?? []) {
        if (verdict.verdict === 'error') continue;
        const bundled = bundle.manifest.policies.find((p) => p.id === verdict.policy);
        if (bundled === undefined) throw new Error(`no policy ${verdict.policy}`);
        const core = coreOf(bundled);
        const meant = meaningOf(core, toInput(states, NOW, factsOf(probe)));
        expect(verdict.verdict).toBe(meant.verdict);
        if (meant.verdict !== 'unknown') definite++;
      }
    }
    expect(definite).toBeGreaterThan(300);
  });
});

/** The facts of a raw input as known states; those of the context are there too. */
function statesOf(raw: unknown, lots: Lots): FactStates {
  const { facts, closed } = raw as { facts: { [f: string]: FactValue }; closed: unknown };
  const isClosed = (name: string): boolean => Array.isArray(closed) && closed.includes(name);
  const { stranger: _, ...own } = facts;
  const states = Object.fromEntries(Object.entries(own).map(([name, value]) => [name, known(value, isClosed(name))]));
  return {
    ...states,
    names: known(lots.pick([[], ['a'], ['ab', 'ac'], ['x']]), lots.chance(0.5)),
    tags: known(lots.pick([[], [{ key: 'team', value: 'a' }]]), lots.chance(0.7)),
  };
}

it('every kind of the bundle is a kind of the project', () => {
  for (const p of shipped.manifest.policies) expect(kindById(p.kind)?.id).toBe(p.kind);
});
