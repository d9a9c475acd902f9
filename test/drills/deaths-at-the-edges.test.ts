/** Those who die and hold nothing that a verdict depends on: who takes the inventory, who tries the paths, who answers Slack. */
import { describe, expect } from 'vitest';
import { isTransition } from '../../cli/stack/bus-watch.ts';
import { makeCanary } from '../../shared/adapters/service/canary.ts';
import { makeMemoryExceptionStore } from '../../shared/adapters/memory/exception-store.ts';
import { makeMemoryProbeLog } from '../../shared/adapters/memory/services.ts';
import { makeActionsDoor } from '../../shared/adapters/slack/actions-door.ts';
import { parseSlackSecret } from '../../shared/adapters/slack/client.ts';
import { sign } from '../../shared/adapters/slack/signature.ts';
import { CANARY, CANARY_MINUTES, CANARY_PATHS, NOTICE_PROMISE_MS } from '../../shared/model/canary.ts';
import { instant } from '../../shared/model/change.ts';
import type { Finding } from '../../shared/model/finding.ts';
import { notifyConfigSchema } from '../../shared/model/notify.ts';
import type { ResourceState } from '../../shared/model/resource.ts';
import type { BundledPolicy } from '../../shared/policy/bundle.ts';
import type { Probe } from '../../shared/ports/probe-log.ts';
import { count, drill, times } from '../support/drill.ts';
import { dying, IMMORTAL, type Life } from '../support/interference.ts';
import { makeReconcileWorld } from '../support/reconcile-world.ts';
import { fakeSlack, memorySent } from '../support/slack.ts';
import { type Doc, NOON, t } from '../support/world.ts';

/** Every death once: before and after each of the calls that a calm run makes, or of each so many of them. */
async function everyDeath(
  calls: number,
  one: (death: ReturnType<typeof dying>, words: string) => Promise<void>,
  each = 1,
): Promise<number> {
  expect(calls).toBeGreaterThan(5);
  let deaths = 0;
  for (let at = 1; at <= calls; at += each)
    for (const after of [false, true]) {
      const death = dying(at, after);
      const words = `death at call ${at}, ${after ? 'after' : 'before'} its effect`;
      await one(death, words);
      expect(death.seen.died, words).toBe(true);
      deaths += 1;
    }
  return deaths;
}

const DAY = 86_400;
const ACCOUNTS = ['111122223333', '444455556666'];
/** More than a page of them in the first account. */
const STORES = 56;
const store = (n: number, at: number, more: Partial<Doc> = {}): Doc => ({
  type: 'Test::Store',
  id: `s${n}`,
  at,
  orderKey: t(at),
  account: ACCOUNTS[n % 13 === 3 ? 1 : 0] ?? '',
  body: { open: n % 3 === 0, versioned: true },
  ...more,
});

/** An estate that was swept, of which then some news was lost; and a sweep whose processes live as `start` says, with so much time left at every step. */
async function swept(start: () => Life, leftMs: number) {
  let lives: () => Life = () => IMMORTAL;
  const world = makeReconcileWorld({ scopes: ACCOUNTS, start: () => lives(), leftMs });
  await world.activate();
  for (const account of ACCOUNTS)
    await world.happen({ type: 'Test::Block', id: `block/${account}`, at: 0, account, body: { blocked: false } });
  for (let n = 0; n < STORES; n++) await world.happen(store(n, 0));
  world.at(DAY);
  await world.sweep();
  for (const n of [3, 8, 21]) await world.happen(store(n, DAY + 10, { deleted: true }), false);
  for (const n of [4, 9, 22]) await world.happen(store(n, DAY + 10, { body: { open: true, versioned: false } }), false);
  for (const n of [200, 201]) await world.happen(store(n, DAY + 10), false);
  world.at(2 * DAY);
  lives = start;
  const reconciled = await world.sweep();
  // A read that comes again is a later read: what differs by it alone is not compared.
  const verdictsOf = ({ verdicts }: ResourceState): string =>
    Object.entries(verdicts)
      .map(([id, { verdict }]) => `${id} ${verdict}`)
      .sort()
      .join();
  return {
    states: world.resources
      .all()
      .map((s) => `${s.id} ${s.deleted} ${JSON.stringify(s.facts)} ${verdictsOf(s)}`)
      .sort(),
    told: world.bus.events
      .filter(isTransition)
      .map(({ detail: { edict: e } }) => `${e.resource.id} ${e.policy.id} ${e.from} ${e.to} ${e.cause.is}`)
      .sort(),
    reconciled: reconciled.map(({ detail }) => detail.edict),
  };
}

/** A path's canary as it is judged while the path works: what was sent last is known a second later. */
function judged(sent: readonly Probe[]): ResourceState | undefined {
  const last = sent.at(-1);
  if (last === undefined) return undefined;
  const since = { trueAt: last.sentAt, knownAt: instant(Date.parse(last.sentAt) + 1000) };
  return { verdicts: { p: { verdict: last.expects, since } }, pending: [] } as unknown as ResourceState; // the rest is not looked at
}

const MOVES = 6;
/** A tick each minute, for as long as so many moves take; `works`: whether what is sent is noticed. */
async function moved(start: () => Life, works: boolean) {
  let now = NOON;
  const probes = makeMemoryProbeLog();
  const sent = new Map<string, Probe[]>();
  const counts = new Map<string, number>();
  const counted: string[] = [];
  const sendOf = (path: Probe['path']) => async (probe: Probe) => {
    await Promise.resolve();
    sent.set(path, [...(sent.get(path) ?? []), probe]);
  };
  const read = async (id: string): Promise<ResourceState | undefined> => {
    await Promise.resolve();
    const path = CANARY_PATHS.find((p) => CANARY[p].id === id) ?? 'aws';
    return works ? judged(sent.get(path) ?? []) : undefined;
  };
  let running: { readonly life: Life; readonly tick: () => Promise<void> } | undefined;
  for (let minute = 0; minute <= (MOVES - 1) * CANARY_MINUTES; minute++) {
    if (running === undefined) {
      const life = start();
      const tick = makeCanary({
        send: life.wrap(Object.fromEntries(CANARY_PATHS.map((path) => [path, sendOf(path)]))),
        resources: life.wrap({ read }),
        probes: life.wrap(probes),
        nowMs: () => now,
        count: (name) => void counted.push(name),
        log: () => undefined,
      });
      running = { life, tick };
    }
    await running.tick();
    // What a tick counted is told at its end: of the dead nobody hears.
    const told = counted.splice(0);
    if (running.life.isDead()) running = undefined;
    else for (const name of told) counts.set(name, (counts.get(name) ?? 0) + 1);
    now += 60_000;
  }
  return { probes: probes.all(), sent: [...sent.values()].flat(), counts };
}

const signingSecret = 'drill-0000';
const finding = {
  id: 'abcdefgh01234567abcdefgh01234567',
  policy: 'store.not-public',
  title: 'Stores are not public',
  severity: 'high',
  status: 'open',
  verdict: 'violation',
  resource: { id: 's1', mapping: 'm', cloud: 'aws', kind: 'object_store', nativeType: 'x', name: 's1' },
  since: { trueAt: t(0), knownAt: t(1) },
  last: { clauses: [], facts: [] },
} as unknown as Finding; // what an answer reads of it
const policy = {
  id: finding.policy,
  title: finding.title,
  severity: 'high',
  remediation: 'Close it.',
  clauses: [],
} as unknown as BundledPolicy; // what an answer reads of it

/** Ann explains, asks by the form, Mallory and Ben approve; each presses again until there is an answer. */
async function pressed(start: () => Life) {
  let now = NOON;
  const exceptions = makeMemoryExceptionStore();
  const sent = memorySent();
  const slack = fakeSlack();
  const state = { verdicts: { [finding.policy]: { verdict: 'violation', decided: '0123456789abcdef' } } };
  let running: { readonly life: Life; readonly door: ReturnType<typeof makeActionsDoor> } | undefined;
  let again = 0;
  const problems: unknown[] = [];
  const call = async (payload: object): Promise<void> => {
    for (let tries = 0; tries < 5; tries++) {
      if (running === undefined) {
        const life = start();
        const { wrap } = life;
        const secret = parseSlackSecret(JSON.stringify({ token: 'x', channel: 'C1', signingSecret }));
        const door = makeActionsDoor({
          ...wrap({
            slack: async () => ({ secret, client: wrap(slack) }),
            find: async (id: string) => (id === finding.id ? finding : undefined),
            config: async () => notifyConfigSchema.parse({ approvers: ['U0BENJAMIN'] }),
          }),
          sent: wrap(sent),
          requests: {
            exceptions: wrap(exceptions),
            resources: wrap({ read: async () => state as unknown as ResourceState }), // the rest is not looked at
            findings: wrap({ list: async () => ({ items: [] }) }),
            policy: wrap({ policy: async (id: string) => (id === policy.id ? policy : undefined) }).policy,
            clock: { now: () => now },
          },
          count: () => undefined,
          log: (_what, error) => void problems.push(error),
        });
        running = { life, door };
      }
      now += 1000;
      const at = `${Math.floor(now / 1000)}`;
      const body = new URLSearchParams({ payload: JSON.stringify(payload) }).toString();
      const headers = { 'x-slack-request-timestamp': at, 'x-slack-signature': sign(signingSecret, at, body) };
      const { status } = await running.door({ method: 'POST', path: '/slack/actions', headers, body });
      const died = running.life.isDead();
      if (died) running = undefined;
      // Whoever gets no answer presses again.
      if (!died && status === 200) return;
      again += 1;
    }
    throw new Error('it was never answered', { cause: problems.at(-1) });
  };
  const who = (id: string) => ({ user: { id }, team: { id: 'T0TEAM' } });
  const press = (action_id: string, value: string, id: string): Promise<void> =>
    call({
      type: 'block_actions',
      ...who(id),
      trigger_id: 'x',
      response_url: 'https://hooks.slack.com/actions/T/1/x',
      channel: { id: 'C1' },
      message: { ts: '1.0' },
      actions: [{ action_id, value }],
    });
  const field = (id: string, value: object) => ({ [id]: { [id]: value } });
  await press('explain', finding.id, 'U0ANN');
  await press('except', finding.id, 'U0ANN');
  await call({
    type: 'view_submission',
    ...who('U0ANN'),
    view: {
      callback_id: 'except',
      private_metadata: JSON.stringify({ finding: finding.id, channel: 'C1', thread: '1.0' }),
      state: {
        values: {
          ...field('owner', { value: 'web' }),
          ...field('reason', { value: 'A public website' }),
          ...field('ticket', { value: 'SEC-42' }),
          ...field('expires', { selected_date: '2026-12-15' }),
        },
      },
    },
  });
  const asked = await exceptions.list();
  const [wish] = asked;
  if (wish === undefined) throw new Error('a wish that was answered is not there');
  await press('approve', wish.id, 'U0MALLORY');
  const early = (await exceptions.list()).filter((e) => e.state !== 'requested').length;
  await press('approve', wish.id, 'U0BENJAMIN');
  const after = await exceptions.list();
  return {
    asked: asked.length,
    early,
    approved: after.filter((e) => e.state === 'approved').map((e) => [e.id === wish.id, e.approvedBy?.who]),
    again,
  };
}

describe('sudden death at the edges', () => {
  drill(
    {
      id: 'deaths-of-the-sweep',
      done: 'The sweep of an estate of which news was lost (created, changed, deleted) is killed at each of its calls once, before the call takes effect and once after it; its step is tried again by a new process; once where a step goes on with what follows, and for every sixth call where each is an invocation of its own',
      holds:
        'every state is that of a sweep in which nobody dies: what is gone is closed, nothing else is; each finding is told as often; each source is told of, with no missed event too few',
    },
    async () => {
      const seen: string[] = [];
      for (const [words, leftMs, each] of [
        ['with time for all that follows', 300_000, 1],
        ['a step at a time', 0, times(6, 1)],
      ] as const) {
        const alive = dying(0, false);
        const calm = await swept(alive.start, leftMs);
        expect(calm.states.filter((s) => s.includes('store.'))).toHaveLength(STORES - 3 + 2);
        expect(calm.reconciled.map(({ missedEvents }) => missedEvents)).toEqual([
          { unknown: 2, changed: 3, deleted: 3 },
        ]);
        let more = 0;
        let twice = 0;
        const deaths = await everyDeath(
          alive.seen.calls,
          async ({ start }, death) => {
            const one = await swept(start, leftMs);
            expect({ death, ...one, reconciled: [] }).toEqual({ death, ...calm, reconciled: [] });
            const sum = (of: 'unknown' | 'changed' | 'deleted'): number =>
              one.reconciled.reduce((all, { missedEvents }) => all + missedEvents[of], 0);
            const sums = { unknown: sum('unknown'), changed: sum('changed'), deleted: sum('deleted') };
            expect(sums.unknown, death).toBeGreaterThanOrEqual(2);
            expect(sums.changed, death).toBeGreaterThanOrEqual(3);
            expect(sums.deleted, death).toBeGreaterThanOrEqual(3);
            more += sums.unknown + sums.changed + sums.deleted > 8 ? 1 : 0;
            twice += one.reconciled.length > 1 ? 1 : 0;
          },
          each,
        );
        seen.push(
          `${words}: ${count(deaths)} deaths at ${count(alive.seen.calls)} calls, after ${twice} of them the source was told of twice, after ${more} with a missed event too many`,
        );
      }
      return `${seen.join('; ')}: the same states, findings and events each time`;
    },
  );

  drill(
    {
      id: 'deaths-of-the-canary',
      done: 'The canary is killed at each of its calls once, before and after its effect, over six moves on three paths with a tick each minute, where the paths work and where they do not',
      holds:
        'the next tick goes on; what was not noticed is never called noticed; a death costs at most one false alarm of its path; every move but the last of a path is settled',
    },
    async () => {
      const alive = dying(0, false);
      const calm = await moved(alive.start, true);
      expect(calm.counts.get('CanaryMissed')).toBeUndefined();
      expect(calm.counts.get('CanaryDetected')).toBe(CANARY_PATHS.length * (MOVES - 1));
      let falseAlarms = 0;
      const settled = (probes: readonly Probe[]): boolean =>
        CANARY_PATHS.every((path) =>
          probes
            .filter((p) => p.path === path)
            .slice(0, -1)
            .every((p) => p.outcome !== undefined),
        );
      const working = await everyDeath(alive.seen.calls, async ({ start }, words) => {
        const { probes, sent } = await moved(start, true);
        expect(settled(probes), words).toBe(true);
        const missed = probes.filter(({ outcome }) => outcome === 'missed');
        // Noted and never sent: nobody noticed it, and that is what is said.
        for (const { path, sentAt } of missed)
          expect(
            sent.some((s) => s.path === path && s.sentAt === sentAt),
            words,
          ).toBe(false);
        expect(missed.length, words).toBeLessThanOrEqual(1);
        falseAlarms += missed.length;
      });
      const broken = dying(0, false);
      await moved(broken.start, false);
      const silent = await everyDeath(broken.seen.calls, async ({ start }, words) => {
        const { probes, counts } = await moved(start, false);
        expect(
          probes.filter(({ outcome }) => outcome === 'detected'),
          words,
        ).toEqual([]);
        expect(counts.get('CanaryDetected'), words).toBeUndefined();
        // What the tick of the death would have counted is lost: at most one miss on each path.
        expect(counts.get('CanaryMissed') ?? 0, words).toBeGreaterThanOrEqual(CANARY_PATHS.length * (MOVES - 2));
      });
      expect(2 * NOTICE_PROMISE_MS).toBeLessThan(CANARY_MINUTES * 60_000);
      return `${count(working)} deaths on working paths: ${falseAlarms} false alarms, none without a move that was never sent; ${count(silent)} on broken ones: nothing called noticed`;
    },
  );

  drill(
    {
      id: 'deaths-of-slack-actions',
      done: 'Whoever answers the buttons of Slack (explain, ask for an exception, send the form, approve) is killed at each of its calls once, before and after its effect; whoever gets no answer presses again',
      holds:
        'in the end each is answered; the wish is there and whole; nothing is approved but the wish, and by nobody but who may; at most one wish is doubled, which nobody approves',
    },
    async () => {
      const alive = dying(0, false);
      const calm = await pressed(alive.start);
      expect(calm).toEqual({ asked: 1, early: 0, approved: [[true, 'slack:T0TEAM/U0BENJAMIN']], again: 0 });
      let doubled = 0;
      let again = 0;
      const deaths = await everyDeath(alive.seen.calls, async ({ start }, words) => {
        const one = await pressed(start);
        expect({ words, early: one.early, approved: one.approved }).toEqual({
          words,
          early: calm.early,
          approved: calm.approved,
        });
        expect(one.asked, words).toBeLessThanOrEqual(2);
        expect(one.again, words).toBe(1);
        doubled += one.asked - 1;
        again += one.again;
      });
      return `${count(deaths)} deaths at ${count(alive.seen.calls)} calls: ${again} presses more, ${doubled} doubled wishes, each approved once and by the same person`;
    },
  );
});
