/**
 * What a million changes and a million policy evaluations cost, by kind: write and read units and calls counted over
 * DynamoDB's protocol as the very adapters make them, processor time and log bytes measured in the deployed functions
 * (by `latency`), and list prices.
 */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { shippedEngine } from '../cli/bundle.ts';
import type { Delivery } from '../cli/stack/front-doors.ts';
import { startLocalAws } from '../local/ministack.ts';
import { bucket, created, database, type Item, securityGroup, updated } from '../local/stories/aws-documents.ts';
import { changed, endpointAsset, endpointData, firewallAsset, firewallData } from '../local/stories/gcp-documents.ts';
import { makeDocumentClient } from '../shared/adapters/dynamodb/client.ts';
import { makeDynamoExceptionStore } from '../shared/adapters/dynamodb/exception-store.ts';
import { makeDynamoFindingStore } from '../shared/adapters/dynamodb/finding-store.ts';
import { makeDynamoResourceStore } from '../shared/adapters/dynamodb/resource-store.ts';
import { DEFAULT_CONTEXT } from '../shared/mappings/context.ts';
import { forms } from '../shared/mappings/dialects/index.ts';
import { registry } from '../shared/mappings/registry.ts';
import type { FindingEvent } from '../shared/model/finding-event.ts';
import type { Json } from '../shared/model/json.ts';
import type { ResourceState } from '../shared/model/resource.ts';
import { findingsTable, policiesTable, resourcesTable } from '../shared/model/tables.ts';
import type { ActiveSource } from '../shared/pipeline/active.ts';
import { makeEvaluate } from '../shared/pipeline/evaluate.ts';
import { makeJudge } from '../shared/pipeline/judge.ts';
import { makeNormalize } from '../shared/pipeline/normalize.ts';
import { makeObserve } from '../shared/pipeline/observe.ts';
import { makePublish } from '../shared/pipeline/publish.ts';
import { makeRecord } from '../shared/pipeline/record.ts';
import { createTable } from '../test/support/tables.ts';
import type { Benchmark, Context, Row } from './benchmark.ts';
import { CPU_OF, latency, LOGGED } from './latency.ts';
import { makeMeter, type Used } from './metered.ts';
import { format } from './report.ts';

/** US East (N. Virginia), on demand, no free tier, read 2026-11-25; dollars. */
const PRICES = {
  write: {
    dollars: 0.625e-6,
    what: 'DynamoDB write request unit',
    url: 'https://aws.amazon.com/dynamodb/pricing/on-demand/',
  },
  read: {
    dollars: 0.125e-6,
    what: 'DynamoDB read request unit',
    url: 'https://aws.amazon.com/dynamodb/pricing/on-demand/',
  },
  gigabyteSecond: {
    dollars: 0.0000133334,
    what: 'Lambda GB-second, arm64',
    url: 'https://aws.amazon.com/lambda/pricing/',
  },
  invocation: { dollars: 0.2e-6, what: 'Lambda request', url: 'https://aws.amazon.com/lambda/pricing/' },
  queueRequest: { dollars: 0.4e-6, what: 'SQS request, standard queue', url: 'https://aws.amazon.com/sqs/pricing/' },
  event: {
    dollars: 1e-6,
    what: 'EventBridge custom event of up to 64 KB',
    url: 'https://aws.amazon.com/eventbridge/pricing/',
  },
  httpRequest: {
    dollars: 1e-6,
    what: 'API Gateway request, HTTP API',
    url: 'https://aws.amazon.com/api-gateway/pricing/',
  },
  logGigabyte: { dollars: 0.5, what: 'CloudWatch Logs GB ingested', url: 'https://aws.amazon.com/cloudwatch/pricing/' },
} as const;
type Price = keyof typeof PRICES;
/** Of what is beside the changes. */
const ALSO = [
  '| Step Functions state transition, standard workflow | $0.025 per thousand | https://aws.amazon.com/step-functions/pricing/ |',
  '| CloudWatch custom metric, a month | $0.3 | https://aws.amazon.com/cloudwatch/pricing/ |',
  '| Data Firehose GB ingested, in steps of 5 KB | $0.029 | https://aws.amazon.com/firehose/pricing/ |',
  '| S3 Standard GB-month | $0.023 | https://aws.amazon.com/s3/pricing/ |',
  '| DynamoDB standard table GB-month; point-in-time recovery | $0.25; $0.2 | https://aws.amazon.com/dynamodb/pricing/on-demand/ |',
];

const MEMORY_GIGABYTES = 0.5;
/** A function gets a whole processor at 1,769 MB: https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html, read 2026-11-25. */
const PROCESSORS = 512 / 1769;
/** What a call of DynamoDB, SQS or EventBridge is waited for: single-digit milliseconds. */
const CALL_MS = 5;
/** The sizes of estates that are shown, in accounts; what an account changes in a month; what nothing costs (docs/cost-idle.md). */
const ACCOUNTS: readonly number[] = [1, 100, 10_000];
const CHANGES_A_MONTH = 30_000;
const IDLE_DOLLARS = 11.4;
/** What is beside the changes: what an account has of resources that are judged, and for so many accounts what it costs in a month. */
const RESOURCES = 300;
const BESIDE: readonly {
  readonly what: string;
  readonly formula: string;
  readonly dollars: (accounts: number) => number;
}[] = [
  {
    what: 'daily sweeps',
    formula:
      '$90 a month for a million resources ([ADR 13](adr/0013-reconcile.md)): marks, walk, and the changes that they send',
    dollars: (accounts) => (accounts * RESOURCES * 90) / 1e6,
  },
  {
    what: 'Step Functions',
    formula:
      '30 runs × (20 scopes + 16 segments) × 10 transitions × $0.025 a thousand; a page that is throttled is three more',
    dollars: () => (30 * (20 + 16) * 10 * 0.025) / 1000,
  },
  {
    what: 'archive, 400 days',
    formula:
      'each million changes, those of sweeps too: Firehose $0.29 (up to 10 KB each), calls $0.03; kept, as in the long run, 1 GB × 13 months × $0.023',
    dollars: (accounts) => ((accounts * (CHANGES_A_MONTH + 30 * RESOURCES)) / 1e6) * (0.29 + 0.03 + 13 * 0.023),
  },
  {
    what: 'tables',
    formula:
      '10 KB a resource × ($0.25 a GB + $0.20 for point-in-time recovery); without the history of findings, which grows with what opens and closes',
    dollars: (accounts) => ((accounts * RESOURCES * 10) / 1e6) * (0.25 + 0.2),
  },
  {
    what: 'custom metrics',
    formula: '70 that had a value × $0.30: none by an id, so no more with more accounts',
    dollars: () => 70 * 0.3,
  },
];

/** Every message is sent, received and deleted. */
const REQUESTS_PER_MESSAGE = 3;

const CHANGES = 20;
/** Of them: what changes a tag or label, which is a fact; what makes it bad, and what makes it good again. The first one makes it. */
const TAGGED = [4, 8, 13, 17];
const BAD = 10;
const PLACE = { account: '111122223333', region: 'eu-west-1' };
const TAGS = {
  environment: 'production',
  owner: 'payments',
  data_classification: 'internal',
  service: 'ledger',
  release: '0',
};

/** A resource's life. `n` is different for every change, and nothing that a policy sees; `tags` are what it sees. */
interface Life {
  readonly kind: string;
  readonly title: string;
  readonly change: (
    now: { readonly n: number; readonly bad: boolean; readonly tags: typeof TAGS },
    at: string,
  ) => Delivery;
}

/** The item's own events: relationships come and go, which no policy looks at. */
function told(item: Item, n: number, at: string): Delivery {
  const relationships = [
    { resourceId: `i-${n}`, resourceType: 'AWS::EC2::Instance', name: 'Is associated with Instance' },
  ];
  return (n === 0 ? created : updated)({ ...item, relationships })(at);
}

const LIVES: readonly Life[] = [
  {
    kind: 'object_store',
    title: 'S3 bucket, by EventBridge',
    change: ({ n, bad, tags }, at) =>
      told(bucket('ledger-documents', PLACE, { block: true, versioning: !bad, logTo: 'access-logs', tags }), n, at),
  },
  {
    kind: 'sql_database',
    title: 'RDS instance, by EventBridge',
    change: ({ n, bad, tags }, at) => {
      const state = {
        engine: 'postgres',
        version: '16.4',
        public: bad,
        encrypted: true,
        backupDays: 14,
        deletionProtection: true,
      };
      return told(database('ledger', PLACE, { ...state, parameterGroup: 'ledger', tags }), n, at);
    },
  },
  {
    kind: 'firewall',
    title: 'security group with six rules, by EventBridge',
    change: ({ n, bad, tags }, at) => {
      const rules = [443, 8443, 9100, 9200, 9300].map((port) => ({
        protocol: 'tcp',
        from: port,
        to: port,
        ipv4: ['10.0.0.0/8'],
      }));
      const ssh = { protocol: 'tcp', from: 22, to: 22, ipv4: [bad ? '0.0.0.0/0' : '10.20.0.0/16'] };
      return told(securityGroup('sg-0a1b2c3d4e5f60718', 'ledger', PLACE, [...rules, ssh], tags), n, at);
    },
  },
  {
    kind: 'firewall',
    title: 'VPC firewall rule, by the front door',
    change: ({ n, bad }, at) => {
      const sources = [bad ? '0.0.0.0/0' : '10.20.0.0/16'];
      const data = firewallData('ledger', { sources, allowed: [{ protocol: 'tcp', ports: ['22'] }] });
      return changed(firewallAsset('ledger'), { ...data, description: `release ${n}` })(at);
    },
  },
  {
    kind: 'model_endpoint',
    title: 'Vertex AI endpoint, by the front door',
    change: ({ n, bad, tags }, at) => {
      const id = '3174925068812386304';
      const data = endpointData(id, { displayName: `ledger ${n}`, private: !bad, labels: tags });
      return changed(endpointAsset(id), data)(at);
    },
  },
];

/** What the life of a resource used, per change. */
interface Measured {
  readonly judging: Used;
  readonly projecting: Used;
  readonly events: number;
}

interface Result {
  readonly life: Life;
  readonly policies: number;
  readonly measured: Measured;
  readonly parts: { readonly [P in Price]?: number };
  readonly perMillionChanges: number;
  readonly perMillionEvaluations: number;
}

let results: readonly Result[] = [];
let figures = { evaluate: 0, project: 0, notify: 0, ingest: 0, logKilobytes: 0 };

async function measureLives(): Promise<ReadonlyMap<Life, Measured>> {
  const aws = await startLocalAws({ port: 0 });
  try {
    const config = {
      endpoint: aws.endpoint,
      region: 'us-east-1',
      credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    };
    const plain = new DynamoDBClient(config);
    await createTable(plain, 'resources', resourcesTable);
    await createTable(plain, 'findings', findingsTable);
    await createTable(plain, 'policies', policiesTable);
    const meter = makeMeter(makeDocumentClient(config), {
      resources: resourcesTable,
      findings: findingsTable,
      policies: policiesTable,
    });
    const measured = new Map<Life, Measured>();
    for (const life of LIVES) measured.set(life, await liveThrough(life, meter));
    plain.destroy();
    return measured;
  } finally {
    await aws.stop();
  }
}

async function liveThrough(life: Life, meter: ReturnType<typeof makeMeter>): Promise<Measured> {
  const engine = shippedEngine();
  const activation = {
    sequence: 1,
    bundleSequence: 1,
    contextSequence: 1,
    bundle: engine.hash,
    context: '',
    activatedAt: '2026-11-25T09:00:00.000Z',
  };
  const inForce = { activation, engine, context: DEFAULT_CONTEXT } as unknown as Awaited<
    ReturnType<ActiveSource['current']>
  >; // of the activation only what judging reads
  const active: ActiveSource = { refresh: () => Promise.resolve(inForce), current: () => Promise.resolve(inForce) };
  const quarantine = {
    put: () => Promise.reject(new Error('a document of a life was put into the quarantine')),
  };
  let now = Date.parse('2026-11-25T10:00:00.000Z');
  const clock = { now: () => now };
  const store = makeDynamoResourceStore({ client: meter.client, name: 'resources' });
  const committed: ResourceState[] = [];
  const resources = {
    ...store,
    commit: async (commit: Parameters<typeof store.commit>[0]) => {
      const result = await store.commit(commit);
      if (result === 'committed') committed.push(commit.state);
      return result;
    },
  };
  const events: FindingEvent[] = [];
  const observe = makeObserve({ forms, quarantine });
  const normalize = makeNormalize({ forms, registry, readBack: {}, quarantine, clock });
  // There are none: each time it is asked whether there are.
  const exceptions = makeDynamoExceptionStore({ client: meter.client, name: 'policies' });
  const judge = makeJudge({
    evaluate: makeEvaluate({ resources, exceptions, active, registry, clock }),
    record: makeRecord({ resources }),
    active,
  });
  const publish = makePublish({
    resources,
    findings: makeDynamoFindingStore({ client: meter.client, name: 'findings' }),
    bus: { publish: (some) => Promise.resolve(void events.push(...some)) },
    rejudge: { send: () => Promise.resolve() },
    policy: (id) => Promise.resolve(engine.manifest.policies.find((policy) => policy.id === id)),
    version: '0.0.0',
  });

  const total = { judging: zero(), projecting: zero() };
  meter.take();
  for (let n = 0; n < CHANGES; n++) {
    now += 60_000;
    const release = TAGGED.filter((tagged) => tagged <= n).length;
    const tags = { ...TAGS, release: String(release) };
    const delivery = life.change({ n, bad: n === BAD, tags }, new Date(now).toISOString());
    const document: Json =
      delivery.door === 'aws'
        ? { source: delivery.source, 'detail-type': delivery.detailType, detail: delivery.detail }
        : delivery.door === 'google'
          ? delivery.asset
          : delivery.body;
    const receivedAt = new Date(now).toISOString();
    const { changes } = await observe({ source: `${delivery.door}.bench`, origin: 'event', document, receivedAt });
    const { work } = await normalize(changes);
    if (work.length === 0) throw new Error(`${life.title}: a change led to nothing`);
    for (const one of work) await judge(one);
    add(total.judging, meter.take());
    for (const state of committed.splice(0)) await publish(state);
    add(total.projecting, meter.take());
  }
  const each = (used: Used): Used => ({
    writeUnits: used.writeUnits / CHANGES,
    readUnits: used.readUnits / CHANGES,
    calls: used.calls / CHANGES,
  });
  return {
    judging: each(total.judging),
    projecting: each(total.projecting),
    events: events.length / CHANGES,
  };
}

const zero = (): { writeUnits: number; readUnits: number; calls: number } => ({
  writeUnits: 0,
  readUnits: 0,
  calls: 0,
});
function add(total: ReturnType<typeof zero>, used: Used): void {
  total.writeUnits += used.writeUnits;
  total.readUnits += used.readUnits;
  total.calls += used.calls;
}

/** What one change costs, by price: every change in an invocation of its own, as where they come one by one. */
function priced(life: Life, { judging, projecting, events }: Measured): { readonly [P in Price]: number } {
  const byDoor = life.change({ n: 0, bad: false, tags: TAGS }, '2026-11-25T10:00:00.000Z').door !== 'aws';
  const seconds = (cpuMs: number, calls: number): number => (cpuMs / PROCESSORS + calls * CALL_MS) / 1000;
  const duration =
    (byDoor ? seconds(figures.ingest, 1) : 0) +
    // Besides its own calls: what is in force is read.
    seconds(figures.evaluate, judging.calls + 1) +
    seconds(figures.project, projecting.calls + 1 + events) +
    events * seconds(figures.notify, 4);
  const invocations = (byDoor ? 1 : 0) + 2 + events;
  const units = {
    write: judging.writeUnits + projecting.writeUnits + 2 * events,
    read: judging.readUnits + projecting.readUnits + 2,
    gigabyteSecond: duration * MEMORY_GIGABYTES,
    invocation: invocations,
    queueRequest: REQUESTS_PER_MESSAGE * (1 + events),
    event: events,
    httpRequest: byDoor ? 1 : 0,
    logGigabyte: figures.logKilobytes / 2 ** 20,
  };
  return Object.fromEntries(Object.entries(units).map(([price, n]) => [price, n * PRICES[price as Price].dollars])) as {
    readonly [P in Price]: number;
  };
}

export const cost: Benchmark = {
  name: 'cost',
  title: 'Cost: list prices in US East (N. Virginia), without free tier, idle cost and the charges of providers',
  async run({ measured }: Context) {
    const figure = (what: string): number => {
      const value = measured(latency.name, what);
      if (value === undefined)
        throw new Error(`there is no figure "${what}": run the benchmark ${latency.name} first, on Linux`);
      return value;
    };
    figures = {
      evaluate: figure(`${CPU_OF}Evaluate`),
      project: figure(`${CPU_OF}Project`),
      notify: figure(`${CPU_OF}NotifySlack`),
      ingest: figure(`${CPU_OF}Ingest`),
      logKilobytes: figure(LOGGED),
    };
    const engine = shippedEngine();
    results = [...(await measureLives())].map(([life, used]): Result => {
      const parts = priced(life, used);
      const perMillionChanges = 1e6 * Object.values(parts).reduce((sum, dollars) => sum + dollars, 0);
      const policies = engine.policiesOf(life.kind).length;
      return {
        life,
        policies,
        measured: used,
        parts,
        perMillionChanges,
        perMillionEvaluations: perMillionChanges / policies,
      };
    });
    return results.flatMap(({ life, policies, perMillionChanges, perMillionEvaluations }): Row[] => [
      { what: `a million changes: ${life.title}`, value: perMillionChanges, unit: '$', atMost: 12 },
      {
        what: `a million policy evaluations: ${life.title} (${policies} policies)`,
        value: perMillionEvaluations,
        unit: '$',
        atMost: 5,
      },
    ]);
  },
  page: () => ({ path: 'docs/cost.md', text: costPage() }),
};

/** The table of it. */
export function besideTable(): string {
  const rows = BESIDE.map(
    ({ what, formula, dollars }) => `| ${what} | ${formula} | ${ACCOUNTS.map((n) => money(dollars(n))).join(' | ')} |`,
  );
  const totals = ACCOUNTS.map((n) => money(BESIDE.reduce((sum, { dollars }) => sum + dollars(n), 0)));
  return `| beside the changes, a month | computed | ${ACCOUNTS.map((n) => n.toLocaleString('en')).join(' | ')} |
| --- | --- | ${ACCOUNTS.map(() => '---:').join(' | ')} |
${rows.join('\n')}
| | | ${totals.join(' | ')} |

An account is taken to have ${RESOURCES} resources of the kinds that are judged, each swept once a day. Computed and not measured.
What the providers charge for telling and for their lists (AWS Config above all) is not in it.`;
}

const money = (dollars: number): string => `$${dollars.toFixed(2)}`;

function costPage(): string {
  const prices = Object.values(PRICES).map(
    ({ what, dollars, url }) =>
      `| ${what} | $${dollars < 0.001 ? `${(dollars * 1e6).toFixed(dollars < 2e-5 && dollars > 1e-5 ? 4 : 3)} per million` : dollars} | ${url} |`,
  );
  const kinds = results.map(
    ({ life, policies, perMillionChanges, perMillionEvaluations }) =>
      `| ${life.kind} | ${life.title} | ${policies} | ${money(perMillionChanges)} | ${money(perMillionEvaluations)} |`,
  );
  const columns: readonly (readonly [string, readonly Price[]])[] = [
    ['DynamoDB writes', ['write']],
    ['reads', ['read']],
    ['Lambda', ['gigabyteSecond', 'invocation']],
    ['SQS', ['queueRequest']],
    ['events', ['event']],
    ['HTTP API', ['httpRequest']],
    ['logs', ['logGigabyte']],
  ];
  const shares = results.map(({ life, parts }) => {
    const cells = columns.map(([, of]) => money(1e6 * of.reduce((sum, price) => sum + (parts[price] ?? 0), 0)));
    return `| ${life.title} | ${cells.join(' | ')} |`;
  });
  const used = results.map(({ life, measured: m }) => {
    const cells = [
      m.judging.writeUnits + m.projecting.writeUnits,
      m.judging.readUnits + m.projecting.readUnits,
      m.judging.calls,
      m.projecting.calls,
      m.events,
    ].map((n) => n.toFixed(1));
    return `| ${life.title} | ${cells.join(' | ')} |`;
  });
  const mean = (of: readonly Price[]): number =>
    results.reduce((sum, { parts }) => sum + of.reduce((all, price) => all + (parts[price] ?? 0), 0), 0) /
    results.length;
  const estates = ACCOUNTS.map((accounts) => {
    const changes = accounts * CHANGES_A_MONTH;
    const cells = columns.map(([, of]) => changes * mean(of));
    const total = cells.reduce((sum, dollars) => sum + dollars, IDLE_DOLLARS);
    const shown = [...cells, IDLE_DOLLARS, total, total / accounts].map(money);
    return `| ${accounts.toLocaleString('en')} | ${changes.toLocaleString('en')} | ${shown.join(' | ')} |`;
  });
  return `# What it costs

Written by \`npm run bench -- cost\`; edit it there. Dollars for a million changes and for a million policy evaluations, at
list prices of US East (N. Virginia), on demand, free tiers left out. Not in it: what a deployment costs when nothing
happens (README.md), what the providers charge for telling (AWS Config, Event Grid, Pub/Sub), and what is [beside the changes](#beside-the-changes).

| kind | resource | policies | a million changes | a million evaluations |
| --- | --- | ---: | ---: | ---: |
${kinds.join('\n')}

Targets: at most $12 and $5.

## By the size of the estate

An account is taken to make ${CHANGES_A_MONTH.toLocaleString('en')} changes a month (a thousand a day); a change costs the mean of the kinds above. Beside
it what a deployment costs while nothing happens ([cost-idle.md](cost-idle.md)). The next table is not in it.

| accounts | changes a month | ${columns.map(([name]) => name).join(' | ')} | idle | a month | an account |
| ---: | ---: | ${columns.map(() => '---:').join(' | ')} | ---: | ---: | ---: |
${estates.join('\n')}

## Beside the changes

${besideTable()}

## How it is computed

Each resource lives through ${CHANGES} changes: it is made (with the findings that this opens), made bad and good again (a finding
opens and is resolved), ${TAGGED.length} change a tag, and the others change what no policy looks at, which is what most changes do.
The changes go through the very stages and adapters, over DynamoDB's protocol; write and read units are counted from the
sizes of the items before and after each call, indexes included; the query for exceptions, one for each judgement, too.
What changes cost by part:

| a million changes of | ${columns.map(([name]) => name).join(' | ')} |
| --- | ${columns.map(() => '---:').join(' | ')} |
${shares.join('\n')}

What one change uses on average:

| one change of | write units | read units | calls to judge | calls to publish | events |
| --- | ---: | ---: | ---: | ---: | ---: |
${used.join('\n')}

- **Lambda**: every change in an invocation of its own, as where changes come one by one; batches are cheaper. A duration is
  the processor time that was measured in the deployed functions (evaluate ${format({ value: figures.evaluate, unit: 'ms' })}, project ${format({ value: figures.project, unit: 'ms' })}, notify-slack ${format({ value: figures.notify, unit: 'ms' })}, ingest
  ${format({ value: figures.ingest, unit: 'ms' })}) on the ${Math.round(100 * PROCESSORS)} % of a processor that 512 MB get, plus ${CALL_MS} ms of waiting for each call. A processor of this
  machine is taken for one of Lambda's.
- **SQS**: a message is sent, received and deleted: three requests, none shared. **Events**: one for each transition; AWS's
  own events on the default bus are free. **HTTP API**: changes of Azure and Google Cloud.
- **Logs**: ${format({ value: figures.logKilobytes, unit: 'KB' })} for a change, measured.
- **History** ([ADR 23](adr/0023-replay.md)) is beside the changes: Firehose takes $0.029 for a GB, in steps of 5 KB a change:
  $0.15 for a million changes of up to 5 KB, $0.29 for up to 10 KB; the call adds $0.03 of Lambda. Packed and kept 400 days,
  a million changes of 8 KB are about a GB: $0.30.
- Slack is told of every transition: for each finding that is told a read and two writes of its note beside the record that it
  was told, and the clock's message each minute (43,200 a month: about $0.10 with its invocations). Not in the table above.
- A sentence that the deployment drafts costs its models' tokens: 400,000 at most by default, $8 were all of them written by
  the dearest model. Its items, messages and minutes of Lambda are less than a cent. Nothing of it is in the path of a change.

## Prices

Read 2026-11-25.

| | price | |
| --- | --- | --- |
${prices.join('\n')}
${ALSO.join('\n')}
`;
}
