import { describe, expect, it } from 'vitest';
import type { FindingTransitionEvent } from '../../../shared/model/finding-event.ts';
import { percentile, summary } from '../../../local/summary.ts';
import { type Expected, Ledger, tell } from '../../../local/telling.ts';
import type { Story } from '../../../local/stories/story.ts';

const event = (resource: string, policy: string, to: string | null): FindingTransitionEvent =>
  ({
    resource,
    detail: { edict: { resource: { id: resource }, policy: { id: policy }, from: null, to, cause: { is: 'clock' } } },
  }) as FindingTransitionEvent; // only what the ledger looks at

const expected = (resource: string, policy: string, to: string): Expected => ({
  story: 's',
  says: 'It happens.',
  resource,
  policy,
  to,
});

describe('the ledger', () => {
  it('counts what came, knows what is missing, and what nobody expected', () => {
    const ledger = new Ledger();
    ledger.expect([expected('r', 'p', 'violation'), expected('r', 'p', 'compliant'), expected('r', 'q', 'gone')]);

    ledger.note(event('r', 'p', 'violation'));
    ledger.note(event('r', 'q', null));
    ledger.note(event('r', 'p', 'unknown'));
    ledger.note(event('r', 'p', 'violation'));

    expect(ledger.seen).toBe(2);
    expect(ledger.missing).toEqual([expected('r', 'p', 'compliant')]);
    expect(ledger.unexpected).toHaveLength(2);
  });

  it('takes the same transition as often as it is expected, and no more', () => {
    const ledger = new Ledger();
    ledger.expect([expected('r', 'p', 'violation')]);
    ledger.expect([expected('r', 'p', 'violation')]);
    for (let i = 0; i < 3; i++) ledger.note(event('r', 'p', 'violation'));

    expect([ledger.seen, ledger.missing.length, ledger.unexpected.length]).toEqual([2, 0, 1]);
  });

  it('waits for all of them, and not for ever', async () => {
    const ledger = new Ledger();
    const all = [expected('r', 'p', 'violation'), expected('r', 'q', 'violation')];
    ledger.expect(all);
    const waiting = ledger.came(all, 5000);
    ledger.note(event('r', 'p', 'violation'));
    ledger.note(event('r', 'q', 'violation'));

    await expect(waiting).resolves.toBe(true);
    ledger.expect(all);
    await expect(ledger.came(all, 10)).resolves.toBe(false);
  });
});

describe('telling', () => {
  const story = (id: string, cloud: 'aws' | 'gcp'): Story => ({
    id,
    cloud,
    about: id,
    steps: [1, 2].map((n) => ({
      says: `${id} ${n}`,
      deliver: () => ({ door: 'google', asset: `${id} ${n}` }),
      becomes: n === 1 ? { [id]: { p: 'violation' } } : {},
    })),
  });

  it('sends a change when the one before it has led to what it must', async () => {
    const ledger = new Ledger();
    const sent: unknown[] = [];
    const told = await tell([story('a', 'aws'), story('b', 'aws'), story('c', 'gcp')], {
      doors: {
        shakeHands: async () => Promise.resolve(),
        deliver: async (delivery) => {
          await Promise.resolve();
          const name = delivery.door === 'google' && typeof delivery.asset === 'string' ? delivery.asset : '';
          sent.push(name);
          if (name.endsWith('1')) setTimeout(() => ledger.note(event(name.slice(0, 1), 'p', 'violation')), 20);
        },
      },
      setArm: () => undefined,
      ledger,
      quiet: async () => Promise.resolve(),
      patienceMs: 5000,
    });

    expect(told).toHaveLength(6);
    expect(ledger.missing).toEqual([]);
    expect(sent.filter((name) => !String(name).startsWith('c'))).toEqual(['a 1', 'a 2', 'b 1', 'b 2']);
  });
});

describe('the summary', () => {
  const unpainted = (_format: unknown, text: string): string => text;
  const digest = { at: 0, channel: '#digest', text: 'Digest: 1 violating of 1 finding that changed', body: '' };
  const base = {
    changes: 46,
    latenciesMs: [100, 200, 300, 4000],
    slack: [],
    digests: [digest],
    stays: true,
    paint: unpainted,
  };

  it('is content when everything came and nothing else', () => {
    const { ok, text } = summary({ ...base, ledger: { seen: 80, missing: [], unexpected: [] } });

    expect(ok).toBe(true);
    expect(text).toContain('80 published: every one that was expected, and no other');
    expect(text).toContain('p50 0.20 s, p95 4.00 s');
  });

  it('says how to go on only where something stays to look at', () => {
    const ledger = { seen: 80, missing: [], unexpected: [] };

    expect(summary({ ...base, ledger }).text).toContain('npx edict findings');
    expect(summary({ ...base, stays: false, ledger }).text).not.toContain('npx edict findings');
  });

  it('is not when one is missing, or one too many, and names it', () => {
    const missing = summary({ ...base, ledger: { seen: 1, missing: [expected('r', 'p', 'gone')], unexpected: [] } });
    const extra = summary({ ...base, ledger: { seen: 1, missing: [], unexpected: [event('x', 'q', 'error')] } });

    expect([missing.ok, extra.ok]).toEqual([false, false]);
    expect(missing.text).toContain('1 of 2 expected');
    expect(missing.text).toContain('p → gone on r: It happens.');
    expect(extra.text).toContain('q new → error on x');
  });

  it('shows the digest, and is not content without one', () => {
    const ledger = { seen: 80, missing: [], unexpected: [] };

    expect(summary({ ...base, ledger }).text).toContain('in #digest: Digest: 1 violating of 1 finding that changed');
    expect(summary({ ...base, digests: [], ledger })).toMatchObject({
      ok: false,
      text: expect.stringMatching(/every one that was expected[\s\S]*digest +missing/),
    });
  });

  it('takes percentiles by nearest rank', () => {
    const values = Array.from({ length: 100 }, (_, i) => 100 - i);
    expect([percentile(values, 0.5), percentile(values, 0.95), percentile([7], 0.95)]).toEqual([50, 95, 7]);
  });
});
