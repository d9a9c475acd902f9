/**
 * Rows of the findings table as an estate has them after a year: seventeen findings for each of many services, one
 * service in one account of one cloud; two thirds are resolved, and big accounts and teams have many times what small
 * ones have.
 */
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { PutCommand } from '@aws-sdk/lib-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { readManifest } from '../cli/bundle.ts';
import { makeDynamoFindingStore } from '../shared/adapters/dynamodb/finding-store.ts';
import { mappings } from '../shared/mappings/registry.ts';
import { type Finding, findingId, rankOf, statusOf } from '../shared/model/finding.ts';
import type { Transition } from '../shared/model/resource.ts';
import { finding, transition } from '../test/support/findings.ts';

/** An item as DynamoDB's protocol has it. */
export interface Item {
  readonly [attribute: string]: { readonly [type: string]: unknown };
}

const YEAR_MS = 365 * 86_400_000;
const END_MS = Date.parse('2026-11-25T12:00:00.000Z');
const CLOUDS = ['aws', 'azure', 'gcp'] as const;
type OneCloud = (typeof CLOUDS)[number];
const REGIONS = {
  aws: ['eu-central-1', 'eu-west-1', 'us-east-1'],
  azure: ['westeurope', 'northeurope', 'eastus2'],
  gcp: ['europe-west1', 'europe-west3', 'us-central1'],
} as const;
const ENVIRONMENTS = ['production', 'production', 'staging', 'development', 'development'] as const;
const ACCOUNTS_PER_CLOUD = 100;
const TEAMS = 60;

/** What a finding is, and how many in a hundred are. */
const STATES: readonly (readonly [percent: number, state: Pick<Transition, 'to'> & Partial<Transition>])[] = [
  [25, { to: 'violation' }],
  [4, { to: 'unknown', missing: ['public_read'] }],
  [1, { to: 'error', error: 'the result has another shape' }],
  [4, { to: 'violation', exception: { id: '7c1e4a90b2d84f6e', owner: 'payments', until: '2027-02-01T00:00:00.000Z' } }],
  [50, { to: 'compliant', from: 'violation', resolution: 'fixed', clauses: [], facts: [] }],
  [16, { to: null, from: 'violation', resolution: 'resource_deleted', clauses: [], facts: [] }],
];

const POLICIES = readManifest().policies;
const pick = <T>(list: readonly T[], share: number): T => list[Math.floor(share * list.length)] as T;

/** The account with this number in its cloud: the lower, the more has it. */
export const accountOf = (cloud: OneCloud, n: number): string =>
  cloud === 'aws'
    ? String(111_122_220_000 + n)
    : cloud === 'azure'
      ? `0f3c2a7e-51b4-4d0e-9a66-${String(n).padStart(12, '0')}`
      : `acme-platform-${n}`;
/** The team with this number: the lower, the more has it. */
export const teamOf = (n: number): string => `team-${n}`;

/** Numbers from 0 to 1 that look like chance and are the same every time (mulberry32). */
function drawer(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

interface Template {
  readonly finding: Finding;
  readonly item: Item;
}

/**
 * The row of every number. The adapter encodes one of each policy, cloud and state; a row is one of those with its own
 * ids, place, team and times. (Those inside its compressed last transition are the first one's.)
 */
export async function findingRows(): Promise<(n: number) => Item> {
  let put: { readonly [attribute: string]: unknown } = {};
  const send = async (command: unknown): Promise<object> => {
    if (command instanceof PutCommand) put = command.input.Item ?? {};
    return {};
  };
  // The adapter calls nothing else of it.
  const client = { send } as unknown as DynamoDBDocumentClient;
  const store = makeDynamoFindingStore({ client, name: 'findings' });
  const templates = new Map<string, Template>();
  for (const { id: policy, title, severity, kind } of POLICIES)
    for (const cloud of CLOUDS) {
      const mapping = mappings.find((m) => m.cloud === cloud && m.kind?.id === kind);
      if (mapping === undefined) throw new Error(`no mapping makes a ${kind} of anything in ${cloud}`);
      const [part] = Object.values(mapping.parts);
      const nativeType = Object.values(part?.native ?? {}).flat()[0] ?? '';
      for (const [i, [, state]] of STATES.entries()) {
        const last = transition({ policy, title, severity, ...state });
        const resource = { ...finding().resource, mapping: mapping.id, cloud, kind, nativeType };
        const one = finding({
          policy,
          title,
          severity,
          resource,
          status: statusOf(last),
          verdict: last.to,
          last,
          ...(last.resolution === undefined ? {} : { resolution: last.resolution }),
        });
        await store.write(one, last);
        templates.set(`${policy} ${cloud} ${i}`, { finding: one, item: wire(put) });
      }
    }

  return (n) => {
    const service = Math.floor(n / POLICIES.length);
    const policy = POLICIES[n % POLICIES.length]?.id ?? '';
    const ofService = drawer(service);
    const own = drawer(n ^ 0x5bd1e995);
    const cloud = pick(CLOUDS, ofService());
    const account = accountOf(cloud, Math.floor(ACCOUNTS_PER_CLOUD * ofService() ** 2));
    const region = pick(REGIONS[cloud], ofService());
    const environment = pick(ENVIRONMENTS, ofService());
    const untagged = ofService() < 0.1;
    const owner = teamOf(Math.floor(TEAMS * ofService() ** 2));
    const percent = 100 * own();
    let sum = 0;
    const state = STATES.findIndex(([share]) => percent < (sum += share));
    const template = templates.get(`${policy} ${cloud} ${state}`);
    if (template === undefined) throw new Error(`there is no row ${n}`);
    const { status, severity, resource } = template.finding;
    const name = `service-${service}-${resource.kind?.replaceAll('_', '-')}`;
    const id = resourceId(cloud, { account, region, name, nativeType: resource.nativeType });
    const trueAt = new Date(END_MS - Math.floor(YEAR_MS * own())).toISOString();
    const { owner: _owner, ...item } = template.item;
    return {
      ...item,
      finding: { S: findingId(policy, id) },
      rank: { S: rankOf(status, severity, trueAt) },
      resource: { S: id },
      account: { S: account },
      region: { S: region },
      name: { S: name },
      environment: { S: environment },
      ...(untagged ? {} : { owner: { S: owner } }),
      true_at: { S: trueAt },
      known_at: { S: trueAt },
      first_seen_at: { S: trueAt },
      last_changed_at: { S: trueAt },
    };
  };
}

/** A resource's id in the form of its cloud. */
const resourceId = (
  cloud: OneCloud,
  of: { readonly account: string; readonly region: string; readonly name: string; readonly nativeType: string },
): string =>
  cloud === 'aws'
    ? `arn:aws:${of.nativeType.split('::')[1]?.toLowerCase()}:${of.region}:${of.account}:${of.name}`
    : cloud === 'azure'
      ? `/subscriptions/${of.account}/resourceGroups/platform/providers/${of.nativeType}/${of.name}`
      : `//${of.nativeType.split('/')[0]}/projects/${of.account}/locations/${of.region}/${of.name}`;

/** As it goes over the wire: binary values in base64. */
function wire(item: { readonly [attribute: string]: unknown }): Item {
  return Object.fromEntries(
    Object.entries(marshall(item, { removeUndefinedValues: true })).map(([name, value]) => [
      name,
      value.B === undefined ? { ...value } : { B: Buffer.from(value.B).toString('base64') },
    ]),
  );
}
