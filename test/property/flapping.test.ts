/** However a finding changes: at most two messages in any hour, and what it came to in the end is told. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decide, type Flapping, HOUR_MS, MAX_AN_HOUR, QUIET_MS, wake } from '../../shared/adapters/slack/flapping.ts';
import { makeTellDue } from '../../shared/adapters/slack/due.ts';
import { makeNotify } from '../../shared/adapters/slack/notify.ts';
import { AppError } from '../../shared/model/errors.ts';
import { TELL_EVERYTHING } from '../../shared/model/notify.ts';
import { fakeSlack, flip, memoryNotes, memorySent } from '../support/slack.ts';

const gaps = fc.array(fc.oneof(fc.integer({ min: 0, max: 120_000 }), fc.integer({ min: 0, max: 2 * HOUR_MS })), {
  minLength: 1,
  maxLength: 80,
});

/** Runs the decisions alone: each change when it comes, each look when it is due. */
function run(between: readonly number[]) {
  let state: Flapping | undefined;
  let nowMs = 0;
  const messages: { at: number; revision: number }[] = [];
  const look = (until: number): void => {
    for (let looks = 0; state?.due !== undefined && state.due <= until; looks++) {
      if (looks > 100) throw new Error('it is looked at without end');
      nowMs = Math.max(nowMs, state.due);
      const woken = wake(state, nowMs);
      state = woken.state;
      if (woken.say !== undefined) messages.push({ at: nowMs, revision: state.order?.[0] ?? 0 });
    }
  };
  let at = 0;
  for (const [i, gap] of between.entries()) {
    at += gap;
    look(at);
    nowMs = at;
    const decided = decide(state, { id: `e-${i + 1}-0`, order: [i + 1, 0], nowMs });
    state = decided.state;
    if (decided.tell) messages.push({ at: nowMs, revision: i + 1 });
  }
  look(at + 10 * HOUR_MS);
  return { messages, state };
}
const inAnyHour = (messages: readonly { at: number }[]): number =>
  Math.max(...messages.map(({ at }) => messages.filter((m) => m.at >= at && m.at < at + HOUR_MS).length));

describe('a finding that changes', () => {
  it('is told at most twice in any hour, and its last change always, within an hour and a quarter', () => {
    fc.assert(
      fc.property(gaps, (between) => {
        const { messages, state } = run(between);
        expect(inAnyHour(messages)).toBeLessThanOrEqual(MAX_AN_HOUR);
        const last = messages.at(-1);
        expect(last?.revision).toBe(between.length);
        const changedAt = between.reduce((sum, gap) => sum + gap, 0);
        const toldAt = messages.find(({ revision }) => revision === between.length)?.at ?? Number.NaN;
        expect(toldAt - changedAt).toBeLessThanOrEqual(HOUR_MS + QUIET_MS);
        expect(state?.held).toBe(0);
      }),
      { numRuns: 500 },
    );
  });

  it('fifty times in an hour is two messages in that hour, then that it flaps, and that it has settled', () => {
    const { messages } = run(Array.from({ length: 50 }, () => HOUR_MS / 50));
    expect(messages.filter(({ at }) => at < HOUR_MS + HOUR_MS / 50)).toHaveLength(2);
    expect(messages).toHaveLength(4);
  });
});

describe('the same, with Slack refusing, deliveries twice and the order lost', () => {
  it('ends with what the finding is, however often its changes come', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.record({
            gap: fc.integer({ min: 0, max: HOUR_MS }),
            fails: fc.boolean(),
            twice: fc.boolean(),
          }),
          { minLength: 1, maxLength: 20 },
        ),
        async (steps) => {
          let nowMs = Date.parse('2026-11-25T12:00:00.000Z');
          const slack = fakeSlack();
          const deps = {
            slack,
            sent: memorySent(),
            notes: memoryNotes(),
            config: TELL_EVERYTHING,
            now: () => nowMs,
            onFailure: () => undefined,
          };
          const notify = makeNotify(deps);
          const tellDue = makeTellDue(deps);
          let waiting: ReturnType<typeof flip>[] = [];
          const deliver = async (events: typeof waiting): Promise<void> => {
            const { failed } = await notify(events);
            waiting = events.filter(({ id }) => failed.has(id));
          };
          for (const [i, { gap, fails, twice }] of steps.entries()) {
            nowMs += gap;
            await tellDue();
            slack.fail = () => (fails ? new AppError('UPSTREAM_UNAVAILABLE', 'x') : undefined);
            const event = flip('f1', i + 1, i % 2 === 0);
            await deliver([...waiting, event, ...(twice ? [event] : [])].toReversed());
          }
          slack.fail = () => undefined;
          for (let i = 0; i < 40; i++) {
            nowMs += QUIET_MS / 3;
            await deliver(waiting);
            await tellDue();
          }
          expect(waiting).toEqual([]);
          const last = slack.sent.at(-1)?.message.text ?? '';
          expect(last).toMatch(steps.length % 2 === 1 ? /critical:|now violating/ : /resolved/);
        },
      ),
      { numRuns: 100 },
    );
  });
});
