/**
 * The whole service on this machine, deployed from the stacks: from the sending of a change until its finding is written
 * and published. Each change makes a firewall that lets the internet in by SSH: one finding, one event. Sent at fixed
 * instants, whatever has come by then; a latency counts from the instant at which the change was due.
 */
import { readdirSync, readFileSync } from 'node:fs';
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

/** What the functions took since they started: processor time by function, and what they logged. */
interface Taken {
  readonly cpuMs: ReadonlyMap<string, number>;
  readonly logBytes: number;
}

/** A clock tick of the kernel's accounting on Linux. */
const TICK_MS = 10;

/** The processor time of the functions' processes, by name. Empty where there is no /proc to read it from. */
function functionCpu(endpoint: string): ReadonlyMap<string, number> {
  const taken = new Map<string, number>();
  const read = (pid: string, file: string): string => {
    try {
      return readFileSync(`/proc/${pid}/${file}`, 'utf8');
    } catch {
      return ''; // it ended meanwhile, or is not ours to read
    }
  };
  const pids = process.platform === 'linux' ? readdirSync('/proc').filter((name) => /^\d+$/.test(name)) : [];
  for (const pid of pids) {
    const environment = read(pid, 'environ');
    const name = /(?:^|\0)AWS_LAMBDA_FUNCTION_NAME=edict-\w+-pipeline-(\w+?)Function/.exec(environment)?.[1];
    if (name === undefined || !environment.includes(`AWS_ENDPOINT_URL=${endpoint}\0`)) continue;
    // After the command, which may have spaces: user and system time are the 12th and 13th field.
    const fields = read(pid, 'stat').split(') ').at(-1)?.split(' ') ?? [];
    const ticks = Number(fields[11] ?? 0) + Number(fields[12] ?? 0);
    taken.set(name, (taken.get(name) ?? 0) + ticks * TICK_MS);
  }
  return taken;
}

/** The bytes that lie in the functions' logs, as CloudWatch counts them: 26 for an event besides its message. */
async function loggedBytes(endpoint: string): Promise<number> {
  const call = async (target: string, body: object): Promise<{ readonly [key: string]: unknown }> => {
    const answer = await fetch(endpoint, {
      method: 'POST',
      headers: {
        'content-type': 'application/x-amz-json-1.1',
        'x-amz-target': `Logs_20140328.${target}`,
        authorization:
          'AWS4-HMAC-SHA256 Credential=test/20261125/us-east-1/logs/aws4_request, SignedHeaders=host, Signature=0',
      },
      body: JSON.stringify(body),
    });
    return (await answer.json()) as { readonly [key: string]: unknown };
  };
  let bytes = 0;
  const { logGroups = [] } = await call('DescribeLogGroups', {});
  for (const { logGroupName } of logGroups as readonly { readonly logGroupName: string }[]) {
    let nextToken: unknown;
    do {
      const page = await call('FilterLogEvents', { logGroupName, ...(nextToken === undefined ? {} : { nextToken }) });
      for (const { message } of (page['events'] ?? []) as readonly { readonly message: string }[])
        bytes += 26 + Buffer.byteLength(message);
      nextToken = page['nextToken'];
    } while (nextToken !== undefined);
  }
  return bytes;
}

const takenBy = async (service: Service): Promise<Taken> => ({
  cpuMs: functionCpu(service.aws.endpoint),
  logBytes: await loggedBytes(service.aws.endpoint),
});

/** Changes that come one by one: what one of them takes where no batch shares the cost. */
async function perChange(service: Service, arrivals: Arrivals, run: number): Promise<readonly Row[]> {
  const before = await takenBy(service);
  const { sent } = await send(service, arrivals, run, 2, 50);
  const after = await takenBy(service);
  const rows = [...after.cpuMs].sort().map(([name, cpuMs]): Row => {
    // Three of ten changes come by the front door.
    const times = name === 'Ingest' ? (3 * sent) / 10 : sent;
    return { what: `${CPU_OF}${name}`, value: (cpuMs - (before.cpuMs.get(name) ?? 0)) / times, unit: 'ms' };
  });
  return [...rows, { what: LOGGED, value: (after.logBytes - before.logBytes) / sent / 1024, unit: 'KB' }];
}

/** How the rows are called that the cost is computed from. */
export const CPU_OF = 'changes one by one, CPU for each in ';
export const LOGGED = 'changes one by one, logged for each';

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
      const single = quick ? [] : await perChange(service, arrivals, 999);
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
      return [...rows, ...single];
    } finally {
      await service.stop();
    }
  },
};
