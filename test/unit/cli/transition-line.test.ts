import { describe, expect, it } from 'vitest';
import { transitionLine } from '../../../cli/findings/transition-line.ts';
import { ago, factText, propertyOf, sentenceOf, valueAt } from '../../../cli/findings/words.ts';
import type { FindingTransitionEvent, TransitionDetail } from '../../../shared/model/finding-event.ts';
import { finding, transition } from '../../support/findings.ts';

const unpainted = (_format: unknown, text: string): string => text;

function event(more: Partial<TransitionDetail> = {}): FindingTransitionEvent {
  const { resource, id } = finding();
  const t = transition();
  const edict: TransitionDetail = {
    version: 1,
    eventId: `${id}-1-0`,
    findingId: id,
    policy: { id: t.policy, title: t.title, severity: t.severity },
    clauses: t.clauses,
    facts: t.facts,
    from: t.from,
    to: t.to,
    status: 'open',
    cause: t.cause,
    causeKey: 'c',
    resource: { ...resource, kind: 'object_store' },
    trueAt: t.trueAt,
    knownAt: t.knownAt,
    ...more,
  };
  // Only what a line is made of.
  return {
    id: edict.eventId,
    detailType: 'FindingOpened.v1',
    time: t.trueAt,
    resource: resource.id,
    detail: { edict },
  } as FindingTransitionEvent;
}
const at = Date.parse('2026-11-25T09:00:00.310Z');
const document = {
  detail: {
    configurationItem: {
      supplementaryConfiguration: {
        BucketPolicy: { policyText: '{"Statement":[{"Effect":"Allow","Principal":"*"}]}' },
      },
    },
  },
};

describe('a transition on a line', () => {
  it("has the time, the severity, where, which policy, the sentence, and the provider's own property and value", () => {
    expect(transitionLine(event(), at, { paint: unpainted, width: undefined, documents: [document] })).toBe(
      ' +0.31 s  ✗  critical  aws    acme-invoices        object-store.no-public-access             “nobody can read objects”  BucketPolicy.policyText = {"Statement":[{"Effect":"Allow","Principal":"*"}]}',
    );
  });

  it.each([60, 80, 100, 120, 160, 240])('fits a terminal of %i columns', (width) => {
    const line = transitionLine(event(), at, { paint: unpainted, width, documents: [document] });

    expect(line.length).toBeLessThanOrEqual(Math.max(width, 70));
    expect(line).toContain('acme-invoices');
  });

  it('shows what is missing where nothing could be decided', () => {
    const line = transitionLine(
      event({
        to: 'unknown',
        clauses: [{ id: 'v', says: 'can be recovered', verdict: 'unknown' }],
        facts: [{ fact: 'versioned', after: { state: 'unknown', why: 'denied', detail: 'the blob service' } }],
        missing: ['versioned'],
      }),
      at,
      { paint: unpainted, width: undefined, documents: [] },
    );

    expect(line).toContain('?  critical');
    expect(line).toContain('undecided: “can be recovered”  versioned: denied: the blob service');
  });

  it('shows the fact that a clause read before the one that only says that the policy applies', () => {
    const line = transitionLine(
      event({
        facts: [
          { fact: 'environment', after: { state: 'known', value: 'production', at: '/tags', native: 'tag env=prod' } },
          { fact: 'encryption', after: { state: 'known', value: 'provider_key', at: '/configuration/kmsKeyId' } },
        ],
      }),
      at,
      { paint: unpainted, width: undefined, documents: [] },
    );

    expect(line).toContain('encryption: provider_key (kmsKeyId)');
    expect(line).not.toContain('env=prod');
  });

  it('lets no name steer the terminal', () => {
    const { resource } = finding();
    const hostile = event({ resource: { ...resource, kind: 'object_store', name: 'a\u001b[2Jb\nc' } });

    const line = transitionLine(hostile, at, { paint: unpainted, width: undefined, documents: [] });

    expect(line).not.toContain('\u001b');
    expect(line).not.toContain('\n');
  });
});

describe('words', () => {
  it.each([
    ['/detail/configurationItem/configuration/publiclyAccessible', 'publiclyAccessible'],
    ['/detail/configurationItem/supplementaryConfiguration/BucketPolicy/policyText', 'BucketPolicy.policyText'],
    ['/asset/resource/data/allowed/0/ports/1', 'allowed[0].ports[1]'],
    ['/asset/iamPolicy/bindings/1/members', 'iamPolicy.bindings[1].members'],
    ['/properties/publicNetworkAccess', 'publicNetworkAccess'],
    ['/value/0/properties/publicAccess', 'publicAccess'],
    ['/data/resourceInfo/properties/securityRules', 'securityRules'],
    ['/0/data/resourceInfo/properties/securityRules', 'securityRules'],
    ['', ''],
  ])('%s is the property %s', (pointer, property) => {
    expect(propertyOf(pointer)).toBe(property);
  });

  it('finds values behind JSON texts and whatever the case', () => {
    expect(valueAt({ a: '{"b":[1,2]}' }, '/a/b/1')).toBe(2);
    expect(valueAt({ Properties: { publicAccess: 'Blob' } }, '/properties/publicaccess')).toBe('Blob');
    expect(valueAt({ a: 1 }, '/a/b')).toBeUndefined();
  });

  it('prefers what the fact says to a value that is too long for a line', () => {
    const rules = { rules: Array.from({ length: 40 }, (_, i) => ({ name: `rule-${i}` })) };
    const text = factText({ fact: 'open', after: { state: 'known', value: true, at: '/rules' } }, [rules]);

    expect(text).toBe('open: true (rules)');
  });

  it('says how a finding ended', () => {
    expect(sentenceOf(transition({ from: 'violation', to: 'compliant' }))).toBe('fixed');
    expect(sentenceOf(transition({ from: 'unknown', to: 'compliant' }))).toBe('found to be all right');
    expect(sentenceOf(transition({ to: null, resolution: 'resource_deleted' }))).toBe('the resource was deleted');
    expect(sentenceOf(transition({ to: null, resolution: 'policy_retired' }))).toBe('the policy is retired');
    expect(sentenceOf(transition({ to: 'error', error: 'trap' }))).toBe('could not be judged: trap');
  });

  it('counts time in one unit', () => {
    const now = Date.parse('2026-11-25T12:00:00.000Z');
    expect(
      [
        '2026-11-25T11:59:15.000Z',
        '2026-11-25T11:48:00.000Z',
        '2026-11-25T07:00:00.000Z',
        '2026-11-16T12:00:00.000Z',
      ].map((t) => ago(t, now)),
    ).toEqual(['45 s', '12 min', '5 h', '9 d']);
  });
});
