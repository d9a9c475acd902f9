/**
 * One message a second for a channel, short bursts above it: https://docs.slack.dev/apis/web-api/rate-limits, read
 * 2026-11-25. Two invocations at once may come to two a second: what Slack then refuses it says how long to wait for.
 */
const BURST = 5;
const PER_SECOND = 1;

/** Resolves when a message may go to the channel. */
export type Pace = (channel: string) => Promise<void>;

export function makePace(deps: { readonly now: () => number; readonly sleep: (ms: number) => Promise<void> }): Pace {
  /** When the channel's next message could go if it had no burst. */
  const next = new Map<string, number>();
  return async (channel) => {
    const nowMs = deps.now();
    const at = Math.max(next.get(channel) ?? 0, nowMs - ((BURST - 1) * 1000) / PER_SECOND);
    next.set(channel, at + 1000 / PER_SECOND);
    if (at > nowMs) await deps.sleep(at - nowMs);
  };
}
