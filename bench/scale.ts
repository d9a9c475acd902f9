/**
 * Much of everything: resources that a new bundle judges again, and findings that are asked for. Re-judging goes through
 * the very stage with the shipped bundle over a store in memory; the query through the very adapter over DynamoDB's
 * protocol, on the local AWS.
 */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { shippedEngine } from '../cli/bundle.ts';
import { startLocalAws } from '../local/ministack.ts';
import { created, securityGroup } from '../local/stories/aws-documents.ts';
import { makeDocumentClient } from '../shared/adapters/dynamodb/client.ts';
import { makeDynamoFindingStore } from '../shared/adapters/dynamodb/finding-store.ts';
import { makeMemoryExceptionStore } from '../shared/adapters/memory/exception-store.ts';
import { makeMemoryResourceStore } from '../shared/adapters/memory/resource-store.ts';
import { makeMemoryQuarantine } from '../shared/adapters/memory/services.ts';
import { inParallel } from '../shared/adapters/service/in-parallel.ts';
import { DEFAULT_CONTEXT } from '../shared/mappings/context.ts';
import { forms } from '../shared/mappings/dialects/index.ts';
import { registry } from '../shared/mappings/registry.ts';
import { findingId } from '../shared/model/finding.ts';
import type { Json } from '../shared/model/json.ts';
import { findingsTable } from '../shared/model/tables.ts';
import { makeEvaluate } from '../shared/pipeline/evaluate.ts';
import { makeJudge } from '../shared/pipeline/judge.ts';
import { makeNormalize } from '../shared/pipeline/normalize.ts';
import { makeObserve } from '../shared/pipeline/observe.ts';
import { makeRecord } from '../shared/pipeline/record.ts';
import { finding, transition } from '../test/support/findings.ts';
import { createTable } from '../test/support/tables.ts';
import type { Benchmark, Row } from './benchmark.ts';
import { quantile } from './measure.ts';
import { makeMeter } from './metered.ts';

const NOW = Date.parse('2026-11-25T12:00:00.000Z');
const PLACE = { account: '111122223333', region: 'eu-west-1' };
/** A function gets this share of a processor (512 of 1,769 MB), and so many of re-judge run at once. */
const PROCESSORS = 512 / 1769;
const AT_ONCE = 20;
/** Calls of the store for one resource that is judged again, and what each is waited for. */
const CALLS = 4;
const CALL_MS = 5;

/** Processor time for each of `count` resources, judged again by another activation. */
async function reJudge(count: number): Promise<number> {
  const engine = shippedEngine();
  let sequence = 1;
  const current = async () => ({
    activation: {
      sequence,
      bundle: `${engine.hash.slice(0, -1)}${sequence}`,
      context: 'default',
      bundleSequence: sequence,
      contextSequence: 1,
      activatedAt: new Date(NOW).toISOString(),
    },
    engine,
    context: DEFAULT_CONTEXT,
  });
  const active = { refresh: current, current };
  const resources = makeMemoryResourceStore();
  const clock = { now: () => NOW };
  const quarantine = makeMemoryQuarantine();
  const observe = makeObserve({ forms, quarantine });
  const normalize = makeNormalize({ forms, registry, readBack: {}, quarantine, clock });
  const judge = makeJudge({
    evaluate: makeEvaluate({ resources, exceptions: makeMemoryExceptionStore(), active, registry, clock }),
    record: makeRecord({ resources }),
    active,
  });
  const ids: string[] = [];
  for (let n = 0; n < count; n++) {
    const id = `sg-${n.toString(16).padStart(17, '0')}`;
    const item = securityGroup(id, `bench-${n}`, PLACE, [
      { protocol: 'tcp', from: n % 3 === 0 ? 22 : 443, to: n % 3 === 0 ? 22 : 443, ipv4: ['0.0.0.0/0'] },
    ]);
    const delivery = created(item)('2026-11-25T11:59:00.000Z');
    if (delivery.door !== 'aws') throw new Error('it came by another door');
    const document: Json = {
      source: delivery.source,
      'detail-type': delivery.detailType,
      detail: delivery.detail,
    };
    const { changes } = await observe({
      source: 'aws.bench',
      origin: 'event',
      document,
      receivedAt: new Date(NOW).toISOString(),
    });
    const { work } = await normalize(changes);
    for (const one of work) {
      ids.push(one.resourceId);
      await judge(one);
    }
  }
  if (ids.length !== count) throw new Error(`${ids.length} of ${count} resources were judged`);
  sequence = 2;
  const start = process.cpuUsage();
  for (const resourceId of ids)
    await judge({
      resourceId,
      updates: [],
      rejudge: [{ type: 'rejudge', version: 1, resourceId, cause: 'activation' }],
    });
  const { user, system } = process.cpuUsage(start);
  for (const id of ids)
    if ((await resources.read(id))?.judgedBy.activation !== 2) throw new Error(`${id} was not judged again`);
  return (user + system) / 1000 / count;
}

/** A page: how long it takes, and what DynamoDB is asked for it, which does not depend on who answers. */
interface Asked {
  readonly p95Ms: number;
  readonly calls: number;
  readonly readUnits: number;
}

/** How long a page of a hundred open findings takes, as p95 of many, with so many rows in the table. */
async function query(rows: readonly number[], log: (line: string) => void): Promise<readonly Asked[]> {
  const aws = await startLocalAws({ port: 0 });
  try {
    const options = {
      endpoint: aws.endpoint,
      region: 'us-east-1',
      credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    };
    const dynamo = new DynamoDBClient(options);
    await createTable(dynamo, 'findings', findingsTable);
    const store = makeDynamoFindingStore({ client: makeDocumentClient(options), name: 'findings' });
    let written = 0;
    const results: Asked[] = [];
    const meter = makeMeter(makeDocumentClient(options), { findings: findingsTable });
    const metered = makeDynamoFindingStore({ client: meter.client, name: 'findings' });
    for (const total of rows) {
      const more = Array.from({ length: total - written }, (_, i) => written + i);
      await inParallel(more, 16, async (n) => {
        const id = `arn:aws:s3:::bench-${n}`;
        const of = finding();
        await store.write(
          finding({
            id: findingId(of.policy, id),
            resource: { ...of.resource, id, name: `bench-${n}` },
            status: n % 2 === 0 ? 'open' : 'resolved',
            verdict: n % 2 === 0 ? 'violation' : 'compliant',
          }),
          transition(),
        );
      });
      written = total;
      const times: number[] = [];
      for (let i = 0; i < 60; i++) {
        const start = performance.now();
        const { items } = await store.list({ status: 'open' }, { limit: 100 });
        times.push(performance.now() - start);
        if (items.length !== 100) throw new Error(`${items.length} findings were found`);
      }
      log(`${total} rows`);
      meter.take();
      await metered.list({ status: 'open' }, { limit: 100 });
      const { calls, readUnits } = meter.take();
      results.push({ p95Ms: quantile(times, 0.95), calls, readUnits });
    }
    return results;
  } finally {
    await aws.stop();
  }
}

export const scale: Benchmark = {
  name: 'scale',
  title: 'Scale: everything judged again by a new bundle, and findings asked for among many',
  note: `Security groups with one rule, every third a violation; the store is in memory. On paper a million resources take (measured CPU ÷ ${Math.round(100 * PROCESSORS)} % of a processor + ${CALLS} calls × ${CALL_MS} ms) ÷ ${AT_ONCE} functions. The query reads an index sorted by severity and time and stops after its page: calls and read units are the same however many rows there are, and with them the time on DynamoDB. The time on the local AWS grows with the table, by its own emulation of an index. A million rows are asked by \`findings\`, where an index is looked up.`,
  async run({ quick, log }) {
    const [few, many] = quick ? [500, 2000] : [10_000, 100_000];
    const rows = quick ? [200, 400] : [2000, 20_000];
    await reJudge(200);
    const small = await reJudge(few);
    const large = await reJudge(many);
    const asked = await query(rows, log);
    const million = ((large / PROCESSORS + CALLS * CALL_MS) * 1e6) / AT_ONCE / 1000;
    const n = (value: number): string => value.toLocaleString('en');
    return [
      { what: `a resource judged again, of ${n(few)}: CPU`, value: 1000 * small, unit: 'µs' },
      { what: `a resource judged again, of ${n(many)}: CPU`, value: 1000 * large, unit: 'µs' },
      { what: `growth from ${n(few)} to ${n(many)}, 1 = linear`, value: large / small, unit: '×', atMost: 1.3 },
      { what: 'a million resources judged again, on paper', value: million, unit: 's' },
      ...rows.flatMap((total, i): Row[] => {
        const { p95Ms = Number.NaN, calls = Number.NaN, readUnits = Number.NaN } = asked[i] ?? {};
        const what = `a page of 100 open findings among ${n(total)} rows`;
        return [
          { what: `${what}: calls of DynamoDB`, value: calls, unit: '' },
          { what: `${what}: read units`, value: readUnits, unit: '' },
          { what: `${what}: p95 on the local AWS`, value: p95Ms, unit: 'ms' },
        ];
      }),
    ];
  },
};
