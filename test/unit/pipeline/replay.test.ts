import { describe, expect, it } from 'vitest';
import { CANARY } from '../../../shared/model/canary.ts';
import type { Change } from '../../../shared/model/change.ts';
import type { ReadBack } from '../../../shared/ports/read-back.ts';
import { changeIdOf, type Notice } from '../../../shared/model/change.ts';
import { instant } from '../../../shared/model/change.ts';
import { change, makeWorld, t } from '../../support/world.ts';
import { receivedAt, replayed } from '../../support/replay.ts';

const open = (at: number, body = { open: true, versioned: true }) =>
  change({ type: 'Test::Store', id: 's1', at, body, account: 'acc-1' });
const shut = (at: number) => open(at, { open: false, versioned: true });

const steps = (
  finding: { readonly timeline: readonly { readonly from: unknown; readonly to: unknown }[] } | undefined,
) => finding?.timeline.map(({ from, to }) => [from, to]);

describe('replay', () => {
  it('tells when a policy would have caught it, and when it would have been over', async () => {
    const { findings, counts, resources } = await replayed([shut(0), open(60), shut(120)], ['not-public']);

    expect(steps(findings[0])).toEqual([
      ['compliant', 'violation'],
      ['violation', 'compliant'],
    ]);
    expect(findings[0]?.timeline.map(({ trueAt, knownAt }) => [trueAt, knownAt])).toEqual([
      [t(60), t(62)],
      [t(120), t(122)],
    ]);
    expect(findings).toHaveLength(1);
    expect(findings[0]?.firstSeenAt).toBe(t(2));
    expect(counts).toMatchObject({ read: 3, judged: 3, repeated: 0 });
    expect(resources).toBe(1);
  });

  it('says of what was so from the beginning that nothing before it was seen', async () => {
    const { findings } = await replayed([open(60)], ['not-public']);
    expect(steps(findings[0])).toEqual([[null, 'violation']]);
  });

  it('learns from what was received before the time what stood when it began', async () => {
    const { findings } = await replayed([open(0), shut(120)], ['not-public'], { time: { since: t(60) } });
    expect(findings[0]?.before?.to).toBe('violation');
    expect(steps(findings[0])).toEqual([['violation', 'compliant']]);
  });

  it('tells nothing of what was over before the time', async () => {
    const { findings } = await replayed([open(0), shut(20), shut(120)], ['not-public'], { time: { since: t(60) } });
    expect(findings).toEqual([]);
  });

  it('meets late news as the service does: it changes nothing that is newer', async () => {
    const { findings, counts } = await replayed(
      [receivedAt(shut(100), 102), receivedAt(open(50), 300)],
      ['not-public'],
    );
    expect(findings).toEqual([]);
    expect(counts.stale).toBe(1);
  });

  it('drops what was kept twice, and keeps a state that came back', async () => {
    const [a, b, again] = [open(0), shut(10), open(20)];
    const { findings, counts } = await replayed([a, a, b, b, again], ['not-public']);
    expect(counts).toMatchObject({ read: 5, repeated: 2, judged: 3 });
    expect(steps(findings[0])).toEqual([
      [null, 'violation'],
      ['violation', 'compliant'],
      ['compliant', 'violation'],
    ]);
  });

  it('brings what was written side by side into the order in which it arrived', async () => {
    const inOrder = await replayed([shut(0), open(60), shut(120)], ['not-public']);
    const mixed = await replayed([shut(120), shut(0), open(60)], ['not-public']);
    expect(mixed.findings).toEqual(inOrder.findings);
    expect(mixed.findings).not.toEqual([]);
  });

  it('lets time flip a clause on age, at its instant and not at the next document', async () => {
    const rotated = Date.parse(t(0)) / 1000 - 30 * 86_400 + 100;
    const { findings } = await replayed(
      [change({ type: 'Test::Store', id: 's1', at: 0, body: { rotated }, account: 'acc-1' })],
      ['key-rotated'],
    );
    expect(findings[0]?.timeline).toHaveLength(1);
    const [flip] = findings[0]?.timeline ?? [];
    expect(flip).toMatchObject({ from: 'compliant', to: 'violation', cause: { is: 'clock' } });
    expect(Math.abs(Date.parse(flip?.trueAt ?? '') - Date.parse(t(100)))).toBeLessThanOrEqual(1000);
    expect(flip?.knownAt).toBe(flip?.trueAt);
  });

  it('judges dependents when what they rest on changes', async () => {
    const block = change({ type: 'Test::Block', id: 'block/acc-1', at: 30, body: { blocked: true }, account: 'acc-1' });
    const { findings } = await replayed([open(0), block], ['not-public']);
    expect(steps(findings[0])).toEqual([
      [null, 'violation'],
      ['violation', 'compliant'],
    ]);
    expect(findings[0]?.timeline[1]?.cause).toMatchObject({ is: 'dependency', resourceId: 'block/acc-1' });
  });

  it('says what the active policies found meanwhile, and of what they found nothing', async () => {
    const history = [
      change({ type: 'Test::Store', id: 's1', at: 0, body: { open: true, versioned: false } }),
      open(60),
    ];
    const withOther = await replayed(history, ['not-public'], { active: ['versioned'] });
    expect(withOther.findings[0]?.foundToo).toEqual([
      { policy: 'store.versioned', trueAt: t(0), knownAt: t(2), endedAt: t(62) },
    ]);

    const withNone = await replayed([open(0)], ['not-public'], { active: ['versioned'] });
    expect(withNone.findings[0]?.foundToo).toEqual([]);
  });

  it('compares a draft with the active version of the same policy', async () => {
    const { findings, noLonger } = await replayed([open(0)], ['not-public'], { active: ['not-public'] });
    expect(findings[0]?.foundToo.map((f) => f.policy)).toEqual(['store.not-public']);
    expect(noLonger).toEqual([]);
  });

  it('counts what this build cannot read, and goes on', async () => {
    const strange: Change = { ...open(0), content: { is: 'document', form: 'of-another-build', document: {} } };
    const { counts, findings } = await replayed([strange, open(60)], ['not-public']);
    expect(counts.quarantined).toBe(1);
    expect(findings).toHaveLength(1);
  });
});

describe('what is kept of a change', () => {
  const notice: Notice = { is: 'notice', cloud: 'aws', resourceId: 's1', changedAt: t(5), account: 'acc-1' };
  const asks: Change = {
    type: 'change',
    version: 1,
    changeId: changeIdOf({ source: 'aws.config', content: notice }),
    source: 'aws.config',
    origin: 'event',
    receivedAt: t(7),
    content: notice,
  };
  const keptOf = async (readBack: ReadBack['read'], ...changes: readonly Change[]) => {
    const kept: Change[] = [];
    const world = makeWorld({ keep: (told) => void kept.push(told), readBack: { aws: { read: readBack } } });
    await world.activate();
    await world.deliver(...changes);
    await world.drain();
    return { kept, world };
  };
  const native = { dialect: 'aws.config', type: 'Test::Store', id: 's1', name: 's1', account: 'acc-1' } as const;
  const unasked: ReadBack['read'] = () => Promise.reject(new Error('nobody is asked'));

  it('is the change itself, where it says what is', async () => {
    const { kept } = await keptOf(unasked, open(0));
    expect(kept).toEqual([open(0)]);
  });

  it('is nothing of the canary, which is nobody’s history', async () => {
    const { account } = CANARY.google;
    const { kept } = await keptOf(unasked, change({ type: 'Test::Store', id: 'c1', at: 0, account }));
    expect(kept).toEqual([]);
  });

  it('is nothing of what no mapping knows', async () => {
    const { kept } = await keptOf(unasked, change({ type: 'Test::Unmapped', id: 'x', at: 0 }));
    expect(kept).toEqual([]);
  });

  it.each<[string, ReadBack['read']]>([
    [
      'what was read back',
      async () => {
        await Promise.resolve();
        return {
          is: 'found',
          readKey: t(6),
          documents: [
            {
              form: 'test',
              document: { type: 'Test::Store', id: 's1', at: 5, body: { open: true, password: 'planted' } },
            },
            { form: 'test', document: { type: 'Test::Grant', id: 's1/grant/a', at: 5, body: { public: true } } },
          ],
        };
      },
    ],
    ['that it is gone', async () => ({ is: 'gone', readKey: t(6), native })],
    ['that it was refused', async () => ({ is: 'denied', readKey: t(6), native })],
  ])('is %s, and told again it comes to the same without asking', async (_what, read) => {
    const { kept, world } = await keptOf(read, open(0), asks);
    const again = makeWorld();
    again.clock.set(world.clock.now());
    await again.activate();
    await again.deliver(...kept);
    await again.drain();

    expect(kept).toHaveLength(2);
    expect(JSON.stringify(kept)).not.toContain('planted');
    expect(kept.every((k) => k.content.is !== 'notice' && changeIdOf(k) === k.changeId)).toBe(true);
    const state = async (of: typeof world) => {
      const { parts, verdicts, deleted } = (await of.resources.read('s1')) ?? {};
      return { parts, deleted, verdicts: Object.entries(verdicts ?? {}).map(([p, v]) => [p, v.verdict]) };
    };
    expect(await state(again)).toEqual(await state(world));
    expect((await state(again)).parts).toBeDefined();
    expect(instant(again.clock.now())).toBe(instant(world.clock.now()));
  });
});
