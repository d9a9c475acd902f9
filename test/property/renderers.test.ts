/**
 * The renderers: whatever is rendered is read back as what was wanted, by the readers and mappings that judge for real;
 * and the same facts have the same verdict through every cloud, under every policy that ships (invariant h).
 */
import * as fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { shippedEngine } from '../../cli/bundle.ts';
import { fieldsRead, instancesOf } from '../../shared/authoring/instances.ts';
import { expressibleOf } from '../../shared/authoring/renderers/expressible.ts';
import { nativeForms, type Rendered, renderNative } from '../../shared/authoring/renderers/render.ts';
import { judgeByMeaning } from '../../shared/authoring/verify.ts';
import { kinds } from '../../shared/kinds/index.ts';
import { mainPart } from '../../shared/mappings/assemble.ts';
import { DEFAULT_CONTEXT } from '../../shared/mappings/context.ts';
import { detectForm } from '../../shared/mappings/dialects/index.ts';
import { mapDocument } from '../../shared/mappings/document.ts';
import { mappings } from '../../shared/mappings/registry.ts';
import { type FactState, type FactStates, type FactValue, NONE } from '../../shared/model/fact.ts';
import { canonicalJson, isObject, type Json } from '../../shared/model/json.ts';
import type { Kind } from '../../shared/model/kind.ts';
import { coreOf } from '../../shared/policy/bundle.ts';

const NOW = Date.parse('2026-11-25T12:00:00Z') / 1000;
const RUNS = 150;
const engine = shippedEngine();
const cores = engine.manifest.policies.map(coreOf);

/** A document, mapped: written out here, so that the renderers' own check is not trusted. */
function mapped(kind: Kind, { text }: Rendered): { readonly facts: FactStates; readonly cloud: string } {
  const document = JSON.parse(text) as Json;
  const { resources } = mapDocument(detectForm(document)?.read(document, {}) ?? [], { context: DEFAULT_CONTEXT });
  const [resource, another] = resources.filter((r) => r.kind.id === kind.id);
  if (resource === undefined || another !== undefined) throw new Error('it is not one resource of the kind');
  return { facts: resource.facts, cloud: resource.mapping.cloud };
}

/** What a policy sees of a fact, in an order of its own. */
function seen(state: FactState | undefined): string {
  if (state === undefined || state.state === 'unknown') return 'unknown';
  if (state.state === 'assumed') return 'assumed';
  if (!Array.isArray(state.value)) return canonicalJson(state.value);
  return `${String(state.closed)} ${state.value.map(canonicalJson).sort().join(' ')}`;
}

const known = (value: FactValue, closed?: boolean): FactState => ({
  state: 'known',
  value,
  at: '',
  ...(closed === undefined ? {} : { closed }),
});
const unknown: FactState = { state: 'unknown', why: 'not_collected' };

const ports = fc.constantFrom<readonly [number, number]>([22, 22], [0, 65_535], [3380, 3390], [5432, 5432], [443, 443]);
const item = fc
  .record({ internet: fc.boolean(), protocol: fc.constantFrom('tcp', 'udp', 'icmp', 'other', 'all'), ports })
  .map(({ internet, protocol, ports: [from, to] }) => ({
    internet,
    protocol,
    ports:
      protocol === 'icmp' || protocol === 'other' ? NONE : protocol === 'all' ? { from: 0, to: 65_535 } : { from, to },
  }));
/** A state of a fact of the kind. */
function stateOf(kind: Kind, fact: string): fc.Arbitrary<FactState> {
  const spec = kind.facts[fact];
  if (spec === undefined) throw new Error(`no fact ${fact}`);
  const { shape, optional } = spec;
  const value: fc.Arbitrary<FactState> =
    shape.type === 'bool'
      ? fc.boolean().map((v) => known(v))
      : shape.type === 'enum'
        ? fc.constantFrom(...shape.values).map((v) => known(v))
        : shape.type === 'int'
          ? fc.integer({ min: 0, max: 60 }).map((v) => known(v))
          : fc.array(item, { maxLength: 3 }).map((v) => known(v as FactValue, true));
  const none = optional ? [{ weight: 1, arbitrary: fc.constant(known(NONE)) }] : [];
  return fc.oneof({ weight: 5, arbitrary: value }, { weight: 1, arbitrary: fc.constant(unknown) }, ...none);
}
const CONTEXT: { readonly [fact: string]: fc.Arbitrary<FactState> } = {
  environment: fc.constantFrom(known('production'), known('staging'), known(NONE), unknown),
  data_classification: fc.constantFrom(known('public'), known('restricted'), known(NONE), unknown),
  owner: fc.constantFrom(known('claims-platform'), known(NONE), unknown),
};
/** Some of the facts of a kind and of its context. */
const wanted = (kind: Kind): fc.Arbitrary<FactStates> =>
  fc.record(
    { ...Object.fromEntries(Object.keys(kind.facts).map((f) => [f, stateOf(kind, f)])), ...CONTEXT },
    { requiredKeys: [] },
  ) as fc.Arbitrary<FactStates>;

const counts = { documents: 0, across: 0, judged: 0 };
afterAll(() => {
  console.log(
    `${counts.documents} documents read back; ${counts.across} resources in more than one cloud, ${counts.judged} verdicts compared`,
  );
});

/** Values that at least can be said in some form: a table that is broken is seen here, and docs/renderers.md shows where. */
const LEAST_SAID: { readonly [kind: string]: number } = {
  object_store: 324,
  sql_database: 566,
  firewall: 235,
  model_endpoint: 232,
};
const PATIENCE_MS = 60_000;

describe.each(kinds.map((k): [string, Kind] => [k.id, k]))('%s', { timeout: PATIENCE_MS }, (id, kind) => {
  it('is read back from every document as it was wanted', () => {
    let documents = 0;
    fc.assert(
      fc.property(wanted(kind), (facts) => {
        for (const document of renderNative(id, facts)) {
          documents++;
          const got = mapped(kind, document).facts;
          for (const [fact, state] of Object.entries(facts)) {
            // A free field of an item is whatever the document makes of it.
            const whole = got[fact];
            const shown =
              whole !== undefined && whole.state !== 'unknown' && Array.isArray(whole.value)
                ? { ...whole, value: whole.value.map((v) => withoutSource(v)) as FactValue }
                : whole;
            expect(`${document.name} ${fact} ${seen(shown)}`).toBe(`${document.name} ${fact} ${seen(state)}`);
          }
        }
      }),
      { numRuns: RUNS },
    );
    counts.documents += documents;
    // Many facts at once exclude each other; a form that says nothing any more would show here.
    expect(documents).toBeGreaterThan(RUNS / 4);
  });

  it('has the same verdict through every cloud', () => {
    const own = cores.filter((c) => c.kind === id);
    let across = 0;
    for (const core of own) {
      const all = [...instancesOf(core, kind, NOW, 400)];
      fc.assert(
        fc.property(fc.constantFrom(...all), (facts) => {
          const expected = judgeByMeaning(core, kind, facts, NOW);
          const clouds = new Set<string>();
          for (const document of renderNative(id, facts, { unknownFields: fieldsRead([core]) })) {
            const { facts: got, cloud } = mapped(kind, document);
            const [judged] = engine.judge(id, got, NOW, { policies: [core.id] });
            counts.judged++;
            clouds.add(cloud);
            expect(`${document.name} ${String(judged?.verdict)}`).toBe(`${document.name} ${expected}`);
          }
          if (clouds.size > 1) across++;
        }),
        { numRuns: 40 },
      );
    }
    counts.across += across;
    expect(across).toBeGreaterThan(10 * own.length);
  });

  it('says in all forms together at least so much', () => {
    const said = expressibleOf(kind).filter((e) => e.is === 'said');
    expect(said.length).toBeGreaterThanOrEqual(LEAST_SAID[id] ?? 1);
  });

  it('is written in every dialect that its mappings know', () => {
    const forms = (nativeForms[id] ?? []).map((f) => `${f.cloud} ${f.envelope.dialect}`);
    const dialects = mappings
      .filter((m) => m.kind?.id === id)
      .flatMap((m) => Object.keys(m.parts[mainPart(m)]?.native ?? {}).map((dialect) => `${m.cloud} ${dialect}`));
    expect(dialects.length).toBeGreaterThan(0);
    expect([...new Set(dialects)].filter((d) => !forms.includes(d))).toEqual([]);
  });

  it('is written for each cloud as a live document and as a plan or template', () => {
    const forms = nativeForms[id] ?? [];
    for (const cloud of ['aws', 'azure', 'gcp']) {
      const names = forms.filter((f) => f.cloud === cloud).map((f) => f.name);
      expect(names.filter((n) => /^(?:aws\.(?:config|api)|azure\.arm-rest|gcp\.cai)-/.test(n))).not.toEqual([]);
      expect(names.filter((n) => n.startsWith('terraform-'))).not.toEqual([]);
    }
  });
});

function withoutSource(value: unknown): unknown {
  if (!isObject(value)) return value;
  const { source: _, ...rest } = value;
  return rest;
}
