import { Ajv } from 'ajv';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { reconciledEvents, type RunSum } from '../../shared/adapters/service/reconciled.ts';
import { DIGEST_ROWS } from '../../shared/model/finding-event.ts';
import schema from '../../shared/model/source-reconciled.v1.schema.json' with { type: 'json' };

const validate = new Ajv({ strict: true, allErrors: true }).compile(schema);
const problems = (detail: unknown): unknown => (validate(detail) ? [] : validate.errors);

const sources = ['aws.sweep', 'azure.sweep', 'gcp.sweep'] as const;
const n = fc.nat({ max: 1_000_000 });
const counts = fc.record({ listed: n, held: n, absent: n, unknown: n, changed: n, deleted: n });
const accounts = fc.dictionary(fc.stringMatching(/^[0-9a-z]{1,12}$/), counts, { maxKeys: 5 });
const scopes = fc.array(
  fc.record(
    {
      source: fc.constantFrom(...sources),
      outcome: fc.constantFrom('swept' as const, 'partial' as const, 'denied' as const),
    },
    { requiredKeys: ['source'] },
  ),
  { minLength: 1, maxLength: 12 },
);
const at = '2026-11-25T12:00:00.000Z';
type Counts = typeof counts extends fc.Arbitrary<infer C> ? C : never;
const sumOf = (of: { readonly [source: string]: { readonly [account: string]: Counts } }): RunSum => ({
  repaired: 0,
  bySource: new Map(Object.entries(of).map(([source, by]) => [source, new Map(Object.entries(by))])),
});

describe('SourceReconciled.v1', () => {
  it('is as its schema says, whatever a run counted', () => {
    let events = 0;
    fc.assert(
      fc.property(scopes, fc.dictionary(fc.constantFrom(...sources), accounts), (seen, counted) => {
        for (const { detail } of reconciledEvents('run-1', seen, sumOf(counted), at)) {
          expect(problems(detail)).toEqual([]);
          events += 1;
        }
      }),
    );
    expect(events).toBeGreaterThan(100);
  });

  it('is cut where too many accounts missed something, and says so', () => {
    const one = { listed: 9, held: 9, absent: 0, unknown: 0, changed: 1, deleted: 0 };
    const many = Object.fromEntries(Array.from({ length: DIGEST_ROWS + 1 }, (_, i) => [`a${i}`, one]));
    const [event] = reconciledEvents(
      'r',
      [{ source: 'aws.sweep', outcome: 'swept' }],
      sumOf({ 'aws.sweep': many }),
      at,
    );
    expect(problems(event?.detail)).toEqual([]);
    expect(event?.detail.edict).toMatchObject({ truncated: true, byAccount: { length: DIGEST_ROWS } });
  });

  it('is refused where it is not one', () => {
    const [event] = reconciledEvents('r', [{ source: 'aws.sweep', outcome: 'swept' }], sumOf({}), at);
    if (event === undefined) throw new Error('no event');
    const { edict } = event.detail;
    const { rate: _rate, ...without } = edict;
    expect(problems({ edict })).toEqual([]);
    for (const wrong of [
      without,
      { ...edict, version: 2 },
      { ...edict, source: 'aws.config' },
      { ...edict, rate: 1.5 },
      { ...edict, surprise: true },
      { ...edict, missedEvents: { ...edict.missedEvents, deleted: -1 } },
      { ...edict, byAccount: [{ account: '1', listed: 1, missedEvents: 0 }] },
    ])
      expect(validate({ edict: wrong })).toBe(false);
  });
});
