/**
 * Lists so many security groups as the sweep does, in a process of its own so that its memory can be measured:
 * `node bench/sweep-pages.ts 100000`. AWS Config and the tables are stand-ins that keep nothing.
 */
import type { ConfigServiceClient } from '@aws-sdk/client-config-service';
import type { SageMakerClient } from '@aws-sdk/client-sagemaker';
import type { STSClient } from '@aws-sdk/client-sts';
import { securityGroup } from '../local/stories/aws-documents.ts';
import { makeAwsInventory } from '../shared/adapters/aws/inventory.ts';
import { makeMemoryFindingStore } from '../shared/adapters/memory/finding-store.ts';
import { makeMemoryResourceStore } from '../shared/adapters/memory/resource-store.ts';
import {
  makeMemoryBus,
  makeMemoryCoverageLedger,
  makeMemoryQuarantine,
  makeMemorySourceLog,
  makeMemorySweepLog,
} from '../shared/adapters/memory/services.ts';
import { makeSweep, type SweepNext } from '../shared/adapters/service/sweep.ts';
import { forms } from '../shared/mappings/dialects/index.ts';
import { configSelect } from '../shared/mappings/dialects/aws-config.ts';
import { registry } from '../shared/mappings/registry.ts';
import { makeObserve } from '../shared/pipeline/observe.ts';

const NOW = Date.parse('2026-11-25T12:00:00.000Z');
const PAGE = 100;
const total = Number(process.argv[2]);

/** A row of SelectResourceConfig. */
function row(n: number): string {
  const place = { account: String(111122223333 + (n % 1000)), region: 'eu-west-1' };
  const id = `sg-${n.toString(16).padStart(17, '0')}`;
  const { type, arn, name, configuration, tags } = securityGroup(id, `bench-${n}`, place, [
    { protocol: 'tcp', from: 443, to: 443, ipv4: ['0.0.0.0/0'] },
  ]);
  return JSON.stringify({
    accountId: place.account,
    arn,
    awsRegion: place.region,
    configuration,
    configurationItemCaptureTime: '2026-11-25T11:00:00.000Z',
    configurationItemStatus: 'OK',
    configurationStateId: String(1_790_000_000_000 + n),
    resourceId: id,
    resourceName: name,
    resourceType: type,
    supplementaryConfiguration: {},
    tags: Object.entries(tags ?? {}).map(([key, value]) => ({ key, value })),
  });
}

const config = {
  send: ({ input }: { readonly input: { readonly NextToken?: string } }) => {
    const from = Number(input.NextToken ?? 0);
    const to = Math.min(total, from + PAGE);
    const Results = Array.from({ length: to - from }, (_, i) => row(from + i));
    return Promise.resolve({ Results, QueryInfo: {}, ...(to < total ? { NextToken: String(to) } : {}) });
  },
} as unknown as ConfigServiceClient; // the one call that is made
const inventory = makeAwsInventory({
  config,
  sageMaker: {} as SageMakerClient, // its scope is not listed here
  sts: {} as STSClient,
  clock: { now: () => NOW },
  types: ['AWS::EC2::SecurityGroup'],
});

let sent = 0;
const sweep = makeSweep({
  inventories: [{ ...inventory, scopes: inventory.scopes.slice(0, 1) }],
  registry,
  read: (id, document, { orderKey }) => {
    if (id !== configSelect.id) throw new Error(`a form that was not listed: ${id}`);
    return configSelect.read(document, orderKey === undefined ? {} : { orderKey });
  },
  resources: makeMemoryResourceStore(),
  roster: {
    see: (ids, by) => Promise.resolve({ seen: new Map(ids.map((id) => [id, by])), fresh: new Set(ids) }),
    seen: () => Promise.resolve(new Map()),
    miss: () => Promise.resolve(false),
  },
  runs: makeMemorySweepLog(),
  ledger: makeMemoryCoverageLedger(),
  observe: makeObserve({ forms, quarantine: makeMemoryQuarantine() }),
  send: (changes) => Promise.resolve(void (sent += changes.length)),
  sources: makeMemorySourceLog(),
  findings: makeMemoryFindingStore(),
  bus: makeMemoryBus(),
  nowMs: () => NOW,
  count: () => undefined,
  log: (message, error) => {
    throw new Error(message, { cause: error });
  },
});

const begun = await sweep({ job: 'begin', startedAt: new Date(NOW).toISOString(), asked: {} });
if (!('scopes' in begun)) throw new Error('it did not begin');
for (let [next] = begun.scopes; next?.again !== undefined; )
  next = (await sweep(next.again, () => Number.POSITIVE_INFINITY)) as SweepNext;
if (sent !== total) throw new Error(`${sent} of ${total} resources were sent on`);
