import { Ajv } from 'ajv';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { baselineEvent, makeSum } from '../../shared/adapters/service/baseline-digest.ts';
import { CLOUDS } from '../../shared/model/cloud.ts';
import { DIGEST_ROWS } from '../../shared/model/finding-event.ts';
import { type Finding, findingId, opens, statusOf } from '../../shared/model/finding.ts';
import schema from '../../shared/model/findings-baselined.v1.schema.json' with { type: 'json' };
import { SEVERITIES, VERDICTS } from '../../shared/model/verdict.ts';
import { transition } from '../support/conformance/finding-store.ts';

const validate = new Ajv({ strict: true, allErrors: true }).compile(schema);
const problems = (detail: unknown): unknown => (validate(detail) ? [] : validate.errors);

const at = '2026-11-25T12:00:00.000Z';
const names = fc.stringMatching(/^[a-z]{1,3}$/);
const findings = fc
  .record({
    policy: names,
    severity: fc.constantFrom(...SEVERITIES),
    verdict: fc.constantFrom(...VERDICTS, null),
    cloud: fc.constantFrom(...CLOUDS),
    resource: names,
    account: fc.option(names, { nil: undefined }),
  })
  .map(({ policy, severity, verdict, cloud, resource, account }): Finding => {
    const last = transition(1, null, verdict);
    const head = { id: resource, mapping: 'm', cloud, kind: 'store', nativeType: 'T' };
    return {
      id: findingId(policy, resource),
      policy,
      title: policy,
      severity,
      status: statusOf(last),
      verdict,
      resource: account === undefined ? head : { ...head, account },
      since: { trueAt: at, knownAt: at },
      firstSeenAt: at,
      lastChangedAt: at,
      openings: 1,
      last,
    };
  });
const scopes = fc.array(
  fc.record(
    {
      source: fc.constantFrom('aws.sweep', 'azure.sweep', 'gcp.sweep'),
      scope: names,
      outcome: fc.constantFrom('swept' as const, 'partial' as const, 'denied' as const),
    },
    { requiredKeys: ['source', 'scope'] },
  ),
  { maxLength: 12 },
);
const sumOf = (of: readonly Finding[]) => {
  const sum = makeSum();
  for (const finding of of) sum.add(finding);
  return sum.total();
};

describe('FindingsBaselined.v1', () => {
  it('is as its schema says, whatever a run found', () => {
    let open = 0;
    let notSeen = 0;
    fc.assert(
      fc.property(fc.array(findings, { maxLength: 30 }), scopes, (found, seen) => {
        const { detail } = baselineEvent('run-1', sumOf(found), seen, at);
        expect(problems(detail)).toEqual([]);
        open += detail.edict.findings;
        notSeen += detail.edict.notSeen.length;
      }),
    );
    expect(Math.min(open, notSeen)).toBeGreaterThan(100);
  });

  it('is cut where a list is too long, and says so', () => {
    const scope = (i: number) => ({ source: 'azure.sweep', scope: `s${i}`, outcome: 'denied' as const });
    const many = Array.from({ length: DIGEST_ROWS + 1 }, (_, i) => scope(i));
    const { detail } = baselineEvent('r', sumOf([]), many, at);
    expect(problems(detail)).toEqual([]);
    expect(detail.edict).toMatchObject({
      truncated: true,
      notSeen: { length: DIGEST_ROWS },
      scopes: { notSeen: DIGEST_ROWS + 1 },
    });
  });

  it('knows the severities, clouds and verdicts that there are, and as many rows', () => {
    const { bySeverity, byPolicy, byAccount, notSeen } = schema.properties.edict.properties;
    expect(Object.keys(bySeverity.properties)).toEqual(SEVERITIES);
    expect(byPolicy.items.properties.severity.enum).toEqual(SEVERITIES);
    expect(byPolicy.items.properties.verdict.enum).toEqual(VERDICTS.filter(opens));
    expect(byAccount.items.properties.cloud.enum).toEqual(CLOUDS);
    expect([byPolicy, byAccount, notSeen].map((list) => list.maxItems)).toEqual([
      DIGEST_ROWS,
      DIGEST_ROWS,
      DIGEST_ROWS,
    ]);
  });

  it('is refused where it is not one', () => {
    const { edict } = baselineEvent(
      'r',
      sumOf([]),
      [{ source: 'aws.sweep', scope: 's', outcome: 'denied' }],
      at,
    ).detail;
    const row = { policy: 'p', title: 't', severity: 'high', verdict: 'violation', findings: 1 };
    const { scopes: _scopes, ...without } = edict;
    expect(problems({ edict })).toEqual([]);
    expect(problems({ edict: { ...edict, byPolicy: [row] } })).toEqual([]);
    for (const wrong of [
      without,
      { ...edict, version: 2 },
      { ...edict, surprise: true },
      { ...edict, findings: -1 },
      { ...edict, bySeverity: { severe: 1 } },
      { ...edict, byPolicy: [{ ...row, verdict: 'compliant' }] },
      { ...edict, byPolicy: [{ ...row, findings: 0 }] },
      { ...edict, byAccount: [{ cloud: 'moon', account: '1', findings: 1 }] },
      { ...edict, notSeen: [{ source: 'aws.sweep', scope: 's', why: 'lost' }] },
    ])
      expect(validate({ edict: wrong })).toBe(false);
  });
});
