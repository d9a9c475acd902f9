/**
 * The whole service on this machine, deployed from the stacks: from the sending of a change until its finding is written
 * and published. Each change makes a firewall that lets the internet in by SSH: one finding, one event. Sent at fixed
 * instants, whatever has come by then; a latency counts from the instant at which the change was due.
 */
import { type Heard, isTransition } from '../cli/stack/bus-watch.ts';
import type { Delivery } from '../cli/stack/front-doors.ts';
import { type Service, startService } from '../local/service.ts';
import { created, securityGroup } from '../local/stories/aws-documents.ts';
import { changed, firewallAsset, firewallData } from '../local/stories/gcp-documents.ts';
import type { Benchmark, Row } from './benchmark.ts';
import { quantile } from './measure.ts';

const POLICY = 'firewall.no-admin-ports-from-internet';
const PLACE = { account: '111122223333', region: 'eu-west-1' };
/** How long after the last change the last finding is waited for. */
const PATIENCE_MS = 30_000;
/** Rates beyond the first that are tried, in changes a second, until one is not sustained. */
const RATES = [75, 100, 150, 200, 300, 400] as const;
/** A rate is sustained if the findings keep up with the changes: the slow ones come as fast at its end as they must. */
const SUSTAINED_P95_MS = 2000;

/** Seven of ten changes come by EventBridge, three by the front door for Google. */
function change(run: number, n: number): { readonly resource: string; readonly deliver: (at: string) => Delivery } {
  const name = `bench-${run}-${n}`;
  if (n % 10 < 7) {
    const id = `sg-${run.toString(16).padStart(3, '0')}${n.toString(16).padStart(14, '0')}`;
    const item = securityGroup(id, name, PLACE, [{ protocol: 'tcp', from: 22, to: 22, ipv4: ['0.0.0.0/0'] }]);
    return { resource: item.arn ?? '', deliver: created(item) };
  }
  const asset = firewallAsset(name);
  const data = firewallData(name, { sources: ['0.0.0.0/0'], allowed: [{ protocol: 'tcp', ports: ['22'] }] });
  return { resource: asset.name, deliver: changed(asset, data) };
}

interface Outcome {
  readonly sent: number;
  readonly latenciesMs: readonly number[];
  readonly failed: number;
}

/** Resource -> when its finding was heard of. */
type Arrivals = Map<string, number>;

async function send(
  service: Service,
  arrivals: Arrivals,
  run: number,
  rate: number,
  seconds: number,
): Promise<Outcome> {
  const total = rate * seconds;
  const start = Date.now() + 200;
  const due = (n: number): number => start + (1000 * n) / rate;
  const resources: string[] = [];
  let failed = 0;
  const open = new Set<Promise<void>>();
  for (let n = 0; n < total; n++) {
    const wait = due(n) - Date.now();
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
    const { resource, deliver } = change(run, n);
    resources.push(resource);
    const sending = service.doors
      .deliver(deliver(new Date(due(n)).toISOString()))
      .catch(() => {
        failed++;
      })
      .finally(() => open.delete(sending));
    open.add(sending);
  }
  await Promise.all(open);
  const until = Date.now() + PATIENCE_MS;
  while (resources.some((r) => !arrivals.has(r)) && Date.now() < until)
    await new Promise((resolve) => setTimeout(resolve, 50));
  const latenciesMs = resources.flatMap((resource, n) => {
    const at = arrivals.get(resource);
    return at === undefined ? [] : [at - due(n)];
  });
  return { sent: total, latenciesMs, failed };
}

export const latency: Benchmark = {
  name: 'latency',
  title: 'End to end on the local AWS: from a change to its finding, written and published',
  async run({ quick, log }) {
    const arrivals: Arrivals = new Map();
    const onEvent = ({ event, atMs }: Heard): void => {
      if (isTransition(event) && event.detail.edict.policy.id === POLICY && !arrivals.has(event.resource))
        arrivals.set(event.resource, atMs);
    };
    const service = await startService({ port: 0, onEvent });
    try {
      // The functions start, their caches fill.
      await send(service, arrivals, 0, 10, 5);
      const rate = 50;
      const seconds = quick ? 10 : 60;
      const main = await send(service, arrivals, 1, rate, seconds);
      const lost = (o: Outcome): number => o.sent - o.latenciesMs.length;
      const rows: Row[] = [
        {
          what: `${rate} changes a second for ${seconds} s: p50`,
          value: quantile(main.latenciesMs, 0.5) / 1000,
          unit: 's',
          atMost: 0.5,
        },
        { what: 'p95', value: quantile(main.latenciesMs, 0.95) / 1000, unit: 's', atMost: 2 },
        { what: 'p99', value: quantile(main.latenciesMs, 0.99) / 1000, unit: 's' },
        {
          what: `changes without a finding, of ${main.sent.toLocaleString('en')}`,
          value: lost(main),
          unit: '',
          atMost: 0,
        },
        { what: 'events told more than once', value: service.bus.repeated, unit: '' },
      ];
      const isSustained = (o: Outcome): boolean => lost(o) === 0 && quantile(o.latenciesMs, 0.95) <= SUSTAINED_P95_MS;
      let sustained = isSustained(main) ? rate : 0;
      for (const [i, more] of (quick ? [] : RATES).entries()) {
        if (sustained === 0) break;
        log(`${more} changes a second`);
        const outcome = await send(service, arrivals, 2 + i, more, 20);
        log(
          `p50 ${quantile(outcome.latenciesMs, 0.5)} ms, p95 ${quantile(outcome.latenciesMs, 0.95)} ms, ${lost(outcome)} without a finding`,
        );
        if (!isSustained(outcome)) break;
        sustained = more;
      }
      rows.push({
        what: `the largest rate tried with p95 ≤ 2 s and nothing lost`,
        value: sustained,
        unit: '1/s',
        atLeast: rate,
      });
      return rows;
    } finally {
      await service.stop();
    }
  },
};
