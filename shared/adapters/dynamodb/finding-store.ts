import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { GetCommand, PutCommand, QueryCommand, type QueryCommandInput } from '@aws-sdk/lib-dynamodb';
import type { Cloud } from '../../model/cloud.ts';
import {
  FINDING_STATUSES,
  type Finding,
  type FindingFilter,
  type FindingStatus,
  type Page,
  rankedStatus,
  rankOf,
} from '../../model/finding.ts';
import { canonicalJson } from '../../model/json.ts';
import type { Resolution, Transition } from '../../model/resource.ts';
import { SEVERITIES, type Severity, type Verdict } from '../../model/verdict.ts';
import type { FindingQueries, FindingStore } from '../../ports/finding-store.ts';
import { fromStore } from '../aws/errors.ts';
import { inParallel } from '../service/in-parallel.ts';
import { asItWas, matches, pageToken, readPageToken } from '../finding-filter.ts';
import { queryAll, type Table } from './client.ts';
import { indexed, pack, unpack } from './packing.ts';

const CURRENT = 'current';
/** How many calls one page may take: a filter that nothing matches ends with an empty page and a token. */
const MAX_CALLS = 10;
/** How many rows one call may read: what is above it is above what a call may carry anyway, a megabyte. */
const MAX_ROWS = 1000;
/** How many histories are read at a time; so many more than the page needs may be read. */
const PARALLEL = 16;

type Item = { readonly [attribute: string]: unknown };
type Plan = Omit<QueryCommandInput, 'TableName'>;

/** The findings table on DynamoDB: written by the projection, asked by people. */
export function makeDynamoFindingStore(table: Table): FindingStore & FindingQueries {
  const { client, name: TableName } = table;

  const read = (id: string): Promise<Finding | undefined> =>
    guarded('read a finding', async () => {
      const answer = await client.send(
        new GetCommand({ TableName, Key: { finding: id, item: CURRENT }, ConsistentRead: true }),
      );
      return answer.Item === undefined ? undefined : decode(answer.Item);
    });

  const history = (id: string): Promise<readonly Transition[]> =>
    guarded('read the history of a finding', async () => {
      const rows = await queryAll(client, {
        TableName,
        KeyConditionExpression: '#finding = :finding AND begins_with(#item, :prefix)',
        ExpressionAttributeNames: { '#finding': 'finding', '#item': 'item' },
        ExpressionAttributeValues: { ':finding': id, ':prefix': 'transition#' },
      });
      return rows.map((row) => unpack(row['transition']) as Transition);
    });

  return {
    read,
    find: read,
    history,
    write: (finding, transition) =>
      guarded('write a finding', async () => {
        await client.send(
          new PutCommand({
            TableName,
            // No `rank`: transitions are in no index.
            Item: {
              finding: finding.id,
              item: transitionKey(transition),
              from: transition.from ?? undefined,
              to: transition.to ?? undefined,
              cause: transition.cause.is,
              true_at: transition.trueAt,
              known_at: transition.knownAt,
              transition: pack(transition),
            },
          }),
        );
        try {
          await client.send(
            new PutCommand({
              TableName,
              Item: encode(finding),
              // The stream may repeat, and the repair job may overtake it: what is newer stays.
              ConditionExpression:
                'attribute_not_exists(#finding) OR #revision < :revision OR (#revision = :revision AND #n < :n)',
              ExpressionAttributeNames: { '#finding': 'finding', '#revision': 'revision', '#n': 'n' },
              ExpressionAttributeValues: { ':revision': finding.last.revision, ':n': finding.last.n },
            }),
          );
        } catch (error) {
          if (!(error instanceof ConditionalCheckFailedException)) throw error;
        }
      }),
    list: (filter, page = {}) =>
      guarded('list findings', async () => {
        const limit = page.limit ?? 100;
        const found: Finding[] = [];
        const plan = planOf(filter);
        const place = readPageToken(page.next);
        let at = typeof place['at'] === 'number' ? place['at'] : 0;
        let start = place['key'] as Item | undefined;
        let seen = 0;
        for (let calls = 0; at < plan.length && found.length < limit && calls < MAX_CALLS; calls++) {
          // As many rows as will hold what is missing, if they go on as they began: no index holds every filter.
          const rows = Math.ceil(((limit - found.length) * Math.max(seen, 1)) / Math.max(found.length, 1));
          const answer = await client.send(
            new QueryCommand({
              TableName,
              ...plan[at],
              Limit: seen === 0 ? limit : Math.min(rows, MAX_ROWS),
              ...(start === undefined ? {} : { ExclusiveStartKey: start }),
            }),
          );
          start = answer.LastEvaluatedKey;
          const items = answer.Items ?? [];
          const histories = new Map<string, readonly Transition[]>();
          for (const [i, item] of items.entries()) {
            if (filter.asOf !== undefined && i % PARALLEL === 0)
              await inParallel(items.slice(i, i + PARALLEL), PARALLEL, async ({ finding }) => {
                histories.set(String(finding), await history(String(finding)));
              });
            seen += 1;
            const finding = decode(item);
            const then = asItWas(finding, filter, histories.get(finding.id) ?? []);
            if (then !== undefined && matches(then, filter)) found.push(then);
            if (found.length < limit) continue;
            // The next page begins after it, and not after all that was read.
            if (i + 1 < items.length) start = placeOf(item, plan[at]);
            break;
          }
          if (start === undefined) at += 1;
        }
        return at < plan.length
          ? ({
              items: found,
              next: pageToken({ at, ...(start === undefined ? {} : { key: start }) }),
            } satisfies Page<Finding>)
          : { items: found };
      }),
  };
}

/** The index that narrows most, and what else its sort key can narrow. */
const INDEXES: readonly { readonly filter: keyof FindingFilter; readonly index: string; readonly attribute: string }[] =
  [
    { filter: 'resource', index: 'by_resource', attribute: 'resource' },
    { filter: 'baseline', index: 'by_baseline', attribute: 'baseline' },
    { filter: 'policy', index: 'by_policy', attribute: 'policy' },
    { filter: 'owner', index: 'by_owner', attribute: 'owner' },
    { filter: 'account', index: 'by_account', attribute: 'account' },
  ];

/** The queries that answer a filter, one after the other. */
function planOf(filter: FindingFilter): readonly Plan[] {
  // What is open now says nothing of what was open then.
  const now = filter.asOf === undefined;
  const status = now ? filter.status : undefined;
  // Nor does whose it is now say whose it was.
  const chosen = INDEXES.find(({ filter: name }) => filter[name] !== undefined && (now || name !== 'owner'));
  if (chosen !== undefined) {
    const { index, attribute } = chosen;
    const value = String(filter[chosen.filter]);
    return status === undefined
      ? [query(index, attribute, value, undefined)]
      : rankPrefixes(status, filter).map((prefix) => query(index, attribute, value, prefix));
  }
  const statuses = status === undefined ? FINDING_STATUSES : [status];
  return statuses.flatMap((s) =>
    now
      ? rankPrefixes(s, filter).map((prefix) => query('by_status', 'status', s, prefix))
      : [query('by_status', 'status', s, undefined)],
  );
}

/** How the sort keys of a status begin; with severities, of each of them, so that no other one is read on the way. */
const rankPrefixes = (status: FindingStatus, { severity }: FindingFilter): readonly string[] =>
  severity === undefined
    ? [`${rankedStatus(status)}#`]
    : SEVERITIES.flatMap((s, i) => (severity.includes(s) ? [`${rankedStatus(status)}#${i}-${s}#`] : []));

/** Where a query that was cut after this item goes on: the keys of the index and of the table. */
function placeOf(item: Item, plan: Plan | undefined): Item {
  const names = ['finding', 'item', 'rank', plan?.ExpressionAttributeNames?.['#key'] ?? ''];
  return Object.fromEntries(names.map((name) => [name, item[name]]));
}

const query = (index: string, attribute: string, value: string, prefix: string | undefined): Plan => ({
  IndexName: index,
  KeyConditionExpression: prefix === undefined ? '#key = :key' : '#key = :key AND begins_with(#rank, :rank)',
  ExpressionAttributeNames: { '#key': attribute, ...(prefix === undefined ? {} : { '#rank': 'rank' }) },
  ExpressionAttributeValues: { ':key': value, ...(prefix === undefined ? {} : { ':rank': prefix }) },
});

const transitionKey = (t: Transition): string =>
  `transition#${String(t.revision).padStart(12, '0')}#${String(t.n).padStart(4, '0')}`;

function encode(f: Finding): Item {
  const { resource: r } = f;
  return {
    finding: f.id,
    item: CURRENT,
    rank: rankOf(f.status, f.severity, f.since.trueAt),
    policy: f.policy,
    title: f.title,
    severity: f.severity,
    status: f.status,
    resolution: f.resolution,
    verdict: f.verdict ?? undefined,
    resource: r.id,
    mapping: r.mapping,
    cloud: r.cloud,
    kind: r.kind ?? undefined,
    native_type: r.nativeType,
    account: indexed(r.account),
    region: r.region,
    name: r.name,
    environment: r.environment,
    owner: indexed(r.owner),
    true_at: f.since.trueAt,
    known_at: f.since.knownAt,
    first_seen_at: f.firstSeenAt,
    last_changed_at: f.lastChangedAt,
    openings: f.openings,
    revision: f.last.revision,
    n: f.last.n,
    baseline: f.baseline,
    shadow: f.shadow,
    last: pack(shortened(f)),
  };
}

/** Stands for a value that the row says itself; what it stands for never is it. */
const SAME = null;

/** The last transition without what the row says besides: every index holds the row, and is charged by its size. */
function shortened({ last, title, severity, resource }: Finding): object {
  const { is: _is, policy: _policy, of, ...rest } = last;
  const same = of !== undefined && canonicalJson(of) === canonicalJson(ofResource(resource));
  return {
    ...rest,
    ...(last.title === title ? { title: SAME } : {}),
    ...(last.severity === severity ? { severity: SAME } : {}),
    ...(of === undefined ? {} : { of: same ? SAME : of }),
  };
}

function lengthened(packed: unknown, { title, severity, policy, resource }: Omit<Finding, 'last'>): Transition {
  const short = packed as { readonly [key: string]: unknown };
  return {
    is: 'transition',
    ...short,
    policy,
    ...(short['title'] === SAME ? { title } : {}),
    ...(short['severity'] === SAME ? { severity } : {}),
    ...(short['of'] === SAME ? { of: ofResource(resource) } : {}),
  } as unknown as Transition; // what `shortened` took away is there again
}

const ofResource = ({ id: _id, mapping: _mapping, cloud: _cloud, kind: _kind, ...of }: Finding['resource']) => of;

function decode(item: Item): Finding {
  const text = (name: string): string => (typeof item[name] === 'string' ? item[name] : '');
  const optional = <K extends string>(key: K, name: string = key): { [P in K]?: string } =>
    (typeof item[name] === 'string' ? { [key]: item[name] } : {}) as { [P in K]?: string };
  const row: Omit<Finding, 'last'> = {
    id: text('finding'),
    policy: text('policy'),
    title: text('title'),
    severity: text('severity') as Severity,
    status: text('status') as FindingStatus,
    ...(optional('resolution') as { resolution?: Resolution }),
    verdict: typeof item['verdict'] === 'string' ? (item['verdict'] as Verdict) : null,
    resource: {
      id: text('resource'),
      mapping: text('mapping'),
      cloud: text('cloud') as Cloud,
      kind: typeof item['kind'] === 'string' ? item['kind'] : null,
      nativeType: text('native_type'),
      ...optional('account'),
      ...optional('region'),
      ...optional('name'),
      ...optional('environment'),
      ...optional('owner'),
    },
    since: { trueAt: text('true_at'), knownAt: text('known_at') },
    firstSeenAt: text('first_seen_at'),
    lastChangedAt: text('last_changed_at'),
    openings: Number(item['openings'] ?? 0),
    ...optional('baseline'),
    ...(item['shadow'] === true ? { shadow: true } : {}),
  };
  return { ...row, last: lengthened(unpack(item['last']), row) };
}

async function guarded<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw fromStore(error, what);
  }
}
