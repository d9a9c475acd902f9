import { describe, expect, it } from 'vitest';
import { findByPrefix } from '../../../cli/commands/finding.ts';
import { listUpTo, readFilter, readTime } from '../../../cli/commands/findings.ts';
import { activationText } from '../../../cli/commands/release.ts';
import { digest, listed } from '../../../cli/commands/sweep.ts';
import { csvHeader, csvRow } from '../../../cli/findings/csv.ts';
import { findingDetail } from '../../../cli/findings/detail.ts';
import { findingRecord } from '../../../cli/findings/record.ts';
import { findingsFooter, findingsTable } from '../../../cli/findings/table.ts';
import { makeMemoryFindingStore } from '../../../shared/adapters/memory/finding-store.ts';
import { findingId } from '../../../shared/model/finding.ts';
import type { Activation } from '../../../shared/ports/policy-store.ts';
import { finding, transition } from '../../support/findings.ts';

const unpainted = (_format: unknown, text: string): string => text;
const NOW = Date.parse('2026-11-25T09:12:00.000Z');
const unknown = finding({
  id: '7zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz',
  verdict: 'unknown',
  severity: 'medium',
  policy: 'object-store.versioned',
  last: transition({ to: 'unknown', clauses: [{ id: 'v', says: 'can be recovered', verdict: 'unknown' }] }),
});

describe('the table', () => {
  it('puts one finding on a line, with the violated sentence', () => {
    const text = findingsTable([finding(), unknown], { paint: unpainted, width: undefined, nowMs: NOW });

    expect(text).toBe(
      [
        'ID           SEVERITY  STATUS  SINCE   CLOUD  RESOURCE       POLICY                         WHY',
        '5tq8x2m9  ✗  critical  open    12 min  aws    acme-invoices  object-store.no-public-access  violated: “nobody can read objects”',
        '7zzzzzzz  ?  medium    open    12 min  aws    acme-invoices  object-store.versioned         undecided: “can be recovered”',
        '',
      ].join('\n'),
    );
  });

  it('cuts the sentence, and nothing else, where the terminal ends', () => {
    const text = findingsTable([finding()], { paint: unpainted, width: 120, nowMs: NOW });

    for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(120);
    expect(text).toContain('object-store.no-public-access  violated: “nobody');
    expect(text).toContain('…');
  });

  it('shows no name as anything but text', () => {
    const named = finding();
    const text = findingsTable([{ ...named, resource: { ...named.resource, name: '\u001b[31mred\u202e' } }], {
      paint: unpainted,
      width: undefined,
      nowMs: NOW,
    });

    expect(text).not.toContain('\u001b');
    expect(text).not.toContain('\u202e');
  });

  it('says that there are none, and how to see more', () => {
    expect(findingsTable([], { paint: unpainted, width: 80, nowMs: NOW })).toBe('No findings.\n');
    expect(findingsFooter(100, 'abc', 'add')).toBe(
      '100 findings. In full: npx edict finding <id>\nThere are more: add --next abc',
    );
    expect(findingsFooter(0, 'abc', 'add')).toBe('There are more: add --next abc');
    expect(findingsFooter(1, undefined, 'add')).toBe('1 finding. In full: npx edict finding <id>');
  });
});

describe('csv', () => {
  it('has a cell for every column', () => {
    const columns = csvHeader().trimEnd().split(',').length;
    expect(csvRow(finding()).trimEnd().split(',')).toHaveLength(columns);
    expect(csvRow(finding())).toContain('critical,open,,violation,object-store.no-public-access');
  });

  it('quotes what would break a row, and disarms what a spreadsheet would run', () => {
    const named = finding();
    const row = csvRow({ ...named, title: 'a "b", c', resource: { ...named.resource, name: '=HYPERLINK("x")' } });

    expect(row).toContain('"a ""b"", c"');
    expect(row).toContain(`"'=HYPERLINK(""x"")"`);
  });
});

describe('json', () => {
  it('has every key, whatever is known', () => {
    const { name: _n, owner: _o, environment: _e, account: _a, region: _r, ...resource } = finding().resource;
    const full = findingRecord(finding());
    const bare = findingRecord({ ...finding(), resource });

    expect(Object.keys(bare)).toEqual(Object.keys(full));
    expect(bare.owner).toBeNull();
    expect(full.last.evidence).toEqual([
      {
        fact: 'public_read',
        value: true,
        state: 'known',
        pointer: '/detail/configurationItem/supplementaryConfiguration/BucketPolicy/policyText',
        because: null,
        before: false,
      },
    ]);
  });

  it('gives no value to what is not known', () => {
    const record = findingRecord({
      ...unknown,
      last: transition({
        to: 'unknown',
        facts: [{ fact: 'versioned', after: { state: 'unknown', why: 'denied', detail: 'the blob service' } }],
      }),
    });

    expect(record.last.evidence[0]).toMatchObject({
      value: null,
      state: 'unknown',
      because: 'denied: the blob service',
    });
  });
});

describe('one finding', () => {
  const history = [
    transition(),
    transition({
      revision: 2,
      from: 'violation',
      to: 'compliant',
      resolution: 'fixed',
      clauses: [],
      trueAt: '2026-11-25T09:05:00.000Z',
      knownAt: '2026-11-25T09:05:02.000Z',
      cause: { is: 'dependency', resourceId: 'AWS::S3::AccountPublicAccessBlock/111122223333/global/111122223333' },
    }),
  ];

  it('shows what was violated, where it was read, who did it, what to do, and the history', () => {
    const text = findingDetail(finding(), history, { paint: unpainted, width: 110, remediation: 'Remove the grant.' });

    expect(text).toContain('violated: “nobody can read objects”');
    expect(text).toContain('public_read = true (before: false)');
    expect(text).toContain('supplementaryConfiguration/BucketPolicy/policyText');
    expect(text).toContain('Remove the grant.');
    expect(text).toContain('a change by dana@acme.example, told by aws.config; known 420 ms later');
    expect(text).toMatch(/09:05:00\.000Z {2}✓ violation {6}→ compliant/);
    expect(text).toContain(
      'AccountPublicAccessBlock/111122223333/global/111122223333, on which it depends; known 2.0 s later',
    );
  });

  it('says what was assumed, and what is the default', () => {
    const text = findingDetail(
      finding({
        last: transition({
          facts: [
            { fact: 'a', after: { state: 'assumed', value: true, because: 'the account was never seen' } },
            { fact: 'b', after: { state: 'default', value: false, because: 'https://example.com', on: '2026-11-25' } },
          ],
        }),
      }),
      [],
      { paint: unpainted, width: 110 },
    );

    expect(text).toContain('the account was never seen');
    expect(text).toContain('https://example.com, read 2026-11-25');
  });
});

describe('looking one up', () => {
  const store = makeMemoryFindingStore();
  const ids = ['a', 'b', 'c'].map((resource) => findingId('object-store.versioned', resource));

  it('takes as much of the id as tells it apart', async () => {
    for (const [i, id] of ids.entries())
      await store.write({ ...finding({ id }), resource: { ...finding().resource, id: `r${i}` } }, transition());

    for (const id of ids) {
      await expect(findByPrefix(store, id.slice(0, 8))).resolves.toMatchObject({ id });
      await expect(findByPrefix(store, id)).resolves.toMatchObject({ id });
    }
  });

  it('refuses what begins several ids, none, or could never be one', async () => {
    const twins = makeMemoryFindingStore();
    for (const last of ['1', '2'])
      await twins.write({ ...finding({ id: `${'q'.repeat(31)}${last}` }) }, transition({ policy: last }));

    await expect(findByPrefix(twins, 'qqqqqq')).rejects.toThrow(/begins several ids/);
    await expect(findByPrefix(twins, 'zzzzzz')).rejects.toThrow(/No finding's id begins with zzzzzz/);
    await expect(findByPrefix(twins, 'q')).rejects.toThrow(/at least 4/);
    await expect(findByPrefix(twins, '../etc')).rejects.toThrow(/is no finding's id/);
  });

  it('lists as many as were asked for, however the store cuts its pages', async () => {
    const short = {
      ...store,
      list: (filter: Parameters<typeof store.list>[0], page?: Parameters<typeof store.list>[1]) =>
        store.list(filter, { ...page, limit: 1 }),
    };

    const { items, next } = await listUpTo(short, {}, 2, undefined);

    expect(items).toHaveLength(2);
    expect(next).toBeDefined();
    const rest = await listUpTo(short, {}, 2, next);
    expect(rest.items.map((f) => f.id)).not.toContain(items[0]?.id);
    expect(new Set([...items, ...rest.items].map((f) => f.id)).size).toBe(3);
  });
});

describe('filters', () => {
  it('asks for what is open unless something else is said', () => {
    expect(readFilter({}, NOW)).toEqual({ status: 'open' });
    expect(readFilter({ status: 'all', severity: ['critical,high', 'low'] }, NOW)).toEqual({
      severity: ['critical', 'high', 'low'],
    });
  });

  it.each([
    [{ severity: ['urgent'] }, /--severity cannot be "urgent"; it is one or several of critical/],
    [
      { status: 'closed' },
      /--status cannot be "closed"; it is one of open, unknown, error, excepted, resolved, resource_deleted, all/,
    ],
    [{ cloud: 'oracle' }, /--cloud cannot be "oracle"/],
    [{ since: 'yesterday' }, /--since cannot be "yesterday"/],
    [{ asOf: 'then' }, /--as-of cannot be "then"/],
  ])('refuses %j and says what it may be', (options, message) => {
    expect(() => readFilter(options, NOW)).toThrow(message);
  });

  it('reads dates, instants and spans', () => {
    expect(readTime('--since', '2026-11-25', NOW)).toBe('2026-11-25T00:00:00.000Z');
    expect(readTime('--since', '2026-11-25T10:00:00+01:00', NOW)).toBe('2026-11-25T09:00:00.000Z');
    expect(readTime('--since', '12m', NOW)).toBe('2026-11-25T09:00:00.000Z');
    expect(readTime('--since', '7d', NOW)).toBe('2026-11-18T09:12:00.000Z');
  });
});

describe('what releases and sweeps say', () => {
  const active: Activation = {
    sequence: 3,
    bundle: 'b'.repeat(64),
    bundleSequence: 3,
    context: 'c'.repeat(64),
    contextSequence: 1,
    activatedAt: '2026-11-25T09:00:00.000Z',
  };

  it('names the sequence, or says that there was nothing to do', () => {
    expect(activationText('released', undefined, active, 'the local stack')).toBe(
      'The local stack: released to bundle bbbbbbbbbbbb with context cccccccccccc (sequence 3). Everything that it affects is judged again.',
    );
    expect(activationText('released', active, active, 'edict-prod')).toMatch(/^Nothing to do: .*sequence 3/);
  });

  it('counts what is open by severity and cloud', () => {
    expect(digest([], unpainted)).toBe('Nothing is open.\n');
    expect(digest([finding(), unknown], unpainted)).toBe(
      '2 open findings on 1 resource:\n  critical      1  (1 aws)\n  medium        1  (1 aws, 1 of them undecided)\n',
    );
  });

  it('says of a sweep what it listed, and what not', () => {
    const told = { source: 'azure.sweep', listed: 12, missedEvents: { unknown: 1, changed: 0, deleted: 2 } };
    expect(listed({ ...told, scopes: { swept: 1, partial: 0, notSeen: 0 } })).toBe(
      'azure.sweep: 1 of 1 scope listed in full: 12 resources; missed by events: 3\n',
    );
    expect(listed({ ...told, scopes: { swept: 2, partial: 1, notSeen: 3 } })).toBe(
      'azure.sweep: 2 of 6 scopes listed in full, 1 in part, 3 not at all (docs/runbook.md#sweep-failed): 12 resources; missed by events: 3\n',
    );
  });
});
