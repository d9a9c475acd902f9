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
/**
 * How many pushes are under way at once. Pub/Sub lowers its rate where answers come slowly
 * (https://cloud.google.com/pubsub/docs/push, read 2026-11-25); who does not has the local AWS start a process for each.
 */
const PUSHES_AT_ONCE = 16;
/** How soon a provider tells again of what was not taken: Pub/Sub begins with 10 s, EventBridge sooner. */
const TELL_AGAIN_MS = 5_000;
/** Changes a second. */
const RATE = 50;
/** More than can be kept up with: how many a second come in a burst, and how long its backlog is waited for. */
const BURST_RATE = 500;
const BURST_PATIENCE_MS = 20 * 60_000;
/** What is tried afterwards, until the largest rate is found that is sustained. */
const HIGHER_RATES: readonly number[] = [60, 75, 100, 150, 200];
const LOWER_RATES: readonly number[] = [40, 30, 20, 10, 5];
/** A rate is sustained if the findings keep up with the changes. */
const SUSTAINED_P95_SECONDS = 2;

/**
 * Nine of ten changes come by EventBridge, one by the front door for Google: the local AWS starts a process for each
 * request that it cannot give to an idle one, and soon does nothing else.
 */
function change(run: number, n: number): { readonly resource: string; readonly deliver: (at: string) => Delivery } {
  const name = `bench-${run}-${n}`;
  if (n % 10 < 9) {
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
async function perChange(service: Service, arrivals: Arrivals): Promise<readonly Row[]> {
  const before = await takenBy(service);
  const { sent } = await send(service, arrivals, 1, 2, 50);
  const after = await takenBy(service);
  const rows = [...after.cpuMs]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, cpuMs]): Row => {
      const times = name === 'Ingest' ? sent / 10 : sent;
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

/** Tells of a change as a provider does: until it is taken, or until it gives up. */
async function tell(service: Service, delivery: Delivery, untilMs: number, onRefused: () => void): Promise<void> {
  for (;;) {
    try {
      await service.doors.deliver(delivery);
      return;
    } catch {
      onRefused();
      if (Date.now() > untilMs) return;
      await new Promise((resolve) => setTimeout(resolve, TELL_AGAIN_MS));
    }
  }
}

async function send(
  service: Service,
  arrivals: Arrivals,
  run: number,
  rate: number,
  seconds: number,
  patienceMs = PATIENCE_MS,
): Promise<Outcome> {
  const total = rate * seconds;
  const start = Date.now() + 200;
  const due = (n: number): number => start + (1000 * n) / rate;
  const resources: string[] = [];
  let failed = 0;
  const open = new Set<Promise<void>>();
  /** Pushes wait for the one before them in their lane. */
  const lanes = Array.from({ length: PUSHES_AT_ONCE }, () => Promise.resolve());
  for (let n = 0; n < total; n++) {
    const wait = due(n) - Date.now();
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
    const { resource, deliver } = change(run, n);
    resources.push(resource);
    const delivery = deliver(new Date(due(n)).toISOString());
    const telling = () =>
      tell(service, delivery, start + 1000 * seconds + patienceMs, () => {
        failed++;
      });
    const lane = Math.floor(n / 10) % PUSHES_AT_ONCE;
    const told = delivery.door === 'aws' ? telling() : (lanes[lane] ?? Promise.resolve()).then(telling);
    if (delivery.door !== 'aws') lanes[lane] = told;
    const sending = told.finally(() => open.delete(sending));
    open.add(sending);
  }
  await Promise.all(open);
  const until = Date.now() + patienceMs;
  while (resources.some((r) => !arrivals.has(r)) && Date.now() < until)
    await new Promise((resolve) => setTimeout(resolve, 50));
  const latenciesMs = resources.flatMap((resource, n) => {
    const at = arrivals.get(resource);
    return at === undefined ? [] : [at - due(n)];
  });
  return { sent: total, latenciesMs, failed };
}

/** Starts the service, warms it up, and stops it whatever happens. */
async function withService<T>(slack: boolean, body: (service: Service, arrivals: Arrivals) => Promise<T>): Promise<T> {
  const arrivals: Arrivals = new Map();
  const onEvent = ({ event, atMs }: Heard): void => {
    if (isTransition(event) && event.detail.edict.policy.id === POLICY && !arrivals.has(event.resource))
      arrivals.set(event.resource, atMs);
  };
  const service = await startService({ port: 0, onEvent, slack });
  try {
    // The functions start, their caches fill.
    await send(service, arrivals, 0, 10, 10);
    return await body(service, arrivals);
  } finally {
    await service.stop();
  }
}

const lost = (o: Outcome): number => o.sent - o.latenciesMs.length;
const seconds = (o: Outcome, share: number): number => quantile(o.latenciesMs, share) / 1000;
const isSustained = (o: Outcome): boolean => lost(o) === 0 && seconds(o, 0.95) <= SUSTAINED_P95_SECONDS;

/** Slack's function is left out: it hangs on the bus, behind what is measured, and would take its share of this machine. */
const atRates = (quick: boolean, log: (line: string) => void): Promise<readonly Row[]> =>
  withService(false, async (service, arrivals) => {
    const length = quick ? 10 : 60;
    const main = await send(service, arrivals, 1, RATE, length);
    let sustained = isSustained(main) ? RATE : 0;
    const others = sustained > 0 ? HIGHER_RATES : LOWER_RATES;
    for (const [i, rate] of (quick ? [] : others).entries()) {
      await service.quiet();
      const outcome = await send(service, arrivals, 2 + i, rate, 20);
      log(`${rate} a second: p50 ${seconds(outcome, 0.5)} s, p95 ${seconds(outcome, 0.95)} s, ${lost(outcome)} lost`);
      if (isSustained(outcome)) sustained = rate;
      // Upwards until one is too high, downwards until one is not.
      if (isSustained(outcome) !== (others === HIGHER_RATES)) break;
    }
    await service.quiet();
    const burstLength = quick ? 5 : 60;
    const started = Date.now();
    const burst = await send(service, arrivals, 100, BURST_RATE, burstLength, BURST_PATIENCE_MS);
    const drained = (Date.now() - started) / 1000 - burstLength;
    return [
      { what: `${RATE} changes a second for ${length} s: p50`, value: seconds(main, 0.5), unit: 's', atMost: 0.5 },
      { what: 'p95', value: seconds(main, 0.95), unit: 's', atMost: SUSTAINED_P95_SECONDS },
      { what: 'p99', value: seconds(main, 0.99), unit: 's' },
      {
        what: `changes without a finding, of ${main.sent.toLocaleString('en')}`,
        value: lost(main),
        unit: '',
        atMost: 0,
      },
      { what: 'events told more than once', value: service.bus.repeated, unit: '' },
      {
        what: `a burst of ${BURST_RATE} a second for ${burstLength} s: changes without a finding, of ${burst.sent.toLocaleString('en')}`,
        value: lost(burst),
        unit: '',
        atMost: 0,
      },
      // Most of them had arrived all the same.
      { what: 'tellings of the burst that were answered with an error, and told again', value: burst.failed, unit: '' },
      { what: 'its backlog, drained after its end in', value: drained, unit: 's' },
      { what: 'the largest rate with p95 ≤ 2 s and nothing lost', value: sustained, unit: '1/s', atLeast: RATE },
    ];
  });

export const latency: Benchmark = {
  name: 'latency',
  title: 'End to end on the local AWS: from a change to its finding, written and published',
  note: 'The local AWS, every function and the sender share the processors of one machine; the emulator polls streams and queues in one thread, and that is what ends first. Nine changes in ten come by EventBridge, one by the front door; without the Slack function, except for the changes one by one, which the cost is computed from.',
  async run({ quick, log }) {
    const rows = await atRates(quick, log);
    return quick ? rows : [...rows, ...(await withService(true, perChange))];
  },
};
