/** What a door needs, in memory, and what went through it. */
import type { Caller } from '../../shared/adapters/http-auth/caller.ts';
import type { HttpRequest } from '../../shared/adapters/http-auth/http.ts';
import { makeMemoryQuarantine } from '../../shared/adapters/memory/services.ts';
import { forms } from '../../shared/mappings/dialects/index.ts';
import type { Change } from '../../shared/model/change.ts';
import type { MetricName } from '../../shared/model/telemetry.ts';
import { makeObserve } from '../../shared/pipeline/observe.ts';

export const RECEIVED_AT = '2026-11-25T12:00:00.000Z';

export function makeDoorWorld(caller: Caller = { is: 'known', claims: {} }) {
  const quarantine = makeMemoryQuarantine();
  const sent: Change[] = [];
  const counts = new Map<MetricName, number>();
  const logged: unknown[] = [];
  return {
    quarantine,
    sent,
    logged,
    kept: () => [...quarantine.kept.values()],
    count: (name: MetricName) => counts.get(name) ?? 0,
    deps: {
      check: () => Promise.resolve(caller),
      observe: makeObserve({ forms, quarantine }),
      send: (changes: readonly Change[]) => {
        sent.push(...changes);
        return Promise.resolve();
      },
      quarantine,
      now: () => RECEIVED_AT,
      count: (name: MetricName, value = 1) => void counts.set(name, (counts.get(name) ?? 0) + value),
      log: (...line: unknown[]) => void logged.push(line),
    },
  };
}

/** A call with this body; anything but a string is sent as JSON. */
export const call = (body: unknown, rest: Partial<HttpRequest> = {}): HttpRequest => ({
  method: 'POST',
  path: '/',
  headers: {},
  body: typeof body === 'string' ? body : JSON.stringify(body),
  ...rest,
});
