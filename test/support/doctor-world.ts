/**
 * A deployment with all three clouds connected and nothing missing, as its providers would answer of it: one server on
 * loopback for all of them, every answer to be replaced by its name. Answers are our own, in the providers' forms.
 */
import { OAuth2Client } from 'google-auth-library';
import { UnsecuredJWT } from 'jose';
import { shippedBundleFolder } from '../../cli/commands/release.ts';
import { makeWorld, type World } from '../../cli/doctor/world.ts';
import type { Stack } from '../../cli/stack/stack.ts';
import { makeDocumentClient } from '../../shared/adapters/dynamodb/client.ts';
import { makeDynamoPolicyStore } from '../../shared/adapters/dynamodb/policy-store.ts';
import { readBundle } from '../../shared/adapters/opa/bundle-files.ts';
import { typesOf } from '../../shared/adapters/service/inventories.ts';
import { EVENT_GRID_TOPICS } from '../../shared/mappings/dialects/event-grid.ts';
import { assetTypes } from '../../shared/mappings/registry.ts';
import { CLOUD_SOURCES, SWEPT_CLOUDS } from '../../shared/model/coverage.ts';
import { type Answered, type Asked, type Provider, startProvider } from './provider.ts';

export const NOW = Date.parse('2026-11-25T12:00:00.000Z');
export const STAGE = 'prod';
const ACCOUNT = '111122223333';
const REGION = 'eu-central-1';
const INGEST = 'https://edict.example';
export const SUBSCRIPTION = '0f2e6a51-5d3c-4a0b-9b3f-7c1d2e3f4a5b';
const TENANT = '5b1c7d2e-8f90-4a3b-b2c1-d0e9f8a7b6c5';
const AUDIENCE = 'c0ffee00-1234-4cde-8f01-23456789abcd';
const CLIENT = '9a8b7c6d-5e4f-4321-8fed-cba987654321';
const ISSUER = 'https://00000000-1111-2222-3333-444444444444.tokens.sts.global.api.aws';
const PUSHER = 'edict-prod-push@acme.iam.gserviceaccount.com';
export const PUSH = 'projects/acme/subscriptions/edict-prod-push';
const TOPIC = 'projects/acme/topics/edict-prod-changes';
const LOST = 'projects/acme/topics/edict-prod-undelivered';
const POOL = 'projects/415104041262/locations/global/workloadIdentityPools/edict-prod/providers/aws';
const SCOPE = 'organizations/998877665544';
const roleOf = (name: string): string => `arn:aws:iam::${ACCOUNT}:role/edict-prod-pipeline-${name}`;

/** What is asked, under one name whatever the protocol. */
export function nameOf(asked: Asked): string {
  const target = asked.headers['x-amz-target'];
  if (typeof target === 'string') {
    const operation = target.split('.').at(-1) ?? '';
    const body = JSON.parse(asked.body) as { readonly [key: string]: unknown };
    const of = partitionOf(body) ?? body['Name'] ?? body['QueueUrl'];
    return `${operation}${typeof of === 'string' ? ` ${of.replace(/^.*\//, '')}` : ''}`;
  }
  const form = new URLSearchParams(asked.body);
  const action = form.get('Action');
  if (action !== null) return `${action}${form.has('StackName') ? ` ${form.get('StackName')}` : ''}`;
  return `${asked.method} ${asked.path}`;
}

const OUTPUTS: { readonly [name: string]: string } = {
  IngestUrl: INGEST,
  ResourcesTable: 'resources',
  PoliciesTable: 'policies',
};

type Attributes = { readonly [name: string]: { readonly S?: string } };
interface TableCall {
  readonly Key?: Attributes;
  readonly Item?: Attributes;
  readonly ExpressionAttributeValues?: Attributes;
  readonly TransactItems?: readonly { readonly Put: { readonly Item: Attributes } }[];
}
const keyOf = (of: Attributes | undefined): string | undefined => (of?.['resource'] ?? of?.['id'])?.S;
/** The partition that a call of DynamoDB is about; undefined: it is no such call. */
const partitionOf = ({ Key, ExpressionAttributeValues: values }: TableCall): string | undefined =>
  keyOf(Key) ?? (values?.[':resource'] ?? values?.[':id'])?.S;

/** The clock of every provider, `aheadMs` of ours. */
export const dated = (answer: Answered, aheadMs = 0): Answered => ({
  ...answer,
  headers: { ...answer.headers, date: new Date(NOW + aheadMs).toUTCString() },
});
export const xml = (action: string, body: string): Answered => ({
  status: 200,
  headers: { 'content-type': 'text/xml' },
  body: `<${action}Response><${action}Result>${body}</${action}Result></${action}Response>`,
});
export const json = (body: unknown): Answered => ({ status: 200, body });

/** CloudFormation's word for a stack that is not there. */
export const NO_STACK: Answered = {
  status: 400,
  headers: { 'content-type': 'text/xml' },
  body: '<ErrorResponse><Error><Code>ValidationError</Code><Message>Stack with id x does not exist</Message></Error></ErrorResponse>',
};

const RESOURCES: { readonly [stack: string]: readonly (readonly [string, string, string])[] } = {
  'edict-prod-state': [['Resources', 'AWS::DynamoDB::Table', 'resources']],
  'edict-prod-pipeline': [
    ['IngestFunction', 'AWS::Lambda::Function', 'fn-ingest'],
    ['EvaluateFunction', 'AWS::Lambda::Function', 'fn-evaluate'],
    ['SweepFunction', 'AWS::Lambda::Function', 'fn-sweep'],
    ['NotifySlackFunction', 'AWS::Lambda::Function', 'fn-notify-slack'],
    ['EvaluateChanges', 'AWS::Lambda::EventSourceMapping', 'esm-1'],
    ['ConfigChanges', 'AWS::Events::Rule', 'config-changes'],
    ['DailySweep', 'AWS::Events::Rule', 'daily-sweep'],
    ['FindingsForSlack', 'AWS::Events::Rule', 'edict|findings-for-slack'],
    ['ChangesQueueDeadLetters', 'AWS::SQS::Queue', 'https://sqs.example/changes-dlq'],
    ['ChangesQueue', 'AWS::SQS::Queue', 'https://sqs.example/changes'],
    ['Organisation', 'AWS::Events::EventBusPolicy', 'organisation'],
    ['EvaluateErrors', 'AWS::CloudWatch::Alarm', 'evaluate-errors'],
  ],
  'edict-prod-observability': [],
};

const environment = (origin: string): { readonly [name: string]: { readonly [variable: string]: string } } => {
  const azureReader = JSON.stringify({
    tenantId: TENANT,
    clientId: CLIENT,
    endpoint: origin,
    subscriptions: [SUBSCRIPTION],
  });
  const tables = { RESOURCES_TABLE: 'resources', FINDINGS_TABLE: 'findings', POLICIES_TABLE: 'policies' };
  const base = {
    EDICT_STAGE: STAGE,
    EDICT_LOCAL: 'true',
    ...tables,
    QUARANTINE_BUCKET: 'quarantine',
    BUS_NAME: 'edict',
  };
  return {
    ingest: {
      ...base,
      CHANGES_QUEUE_URL: 'https://sqs.example/changes',
      AZURE_CALLERS: JSON.stringify({
        tenantId: TENANT,
        audience: AUDIENCE,
        issuers: ['https://issuer.example/azure'],
        jwksUrl: `${origin}/keys/azure`,
        subscriptions: [SUBSCRIPTION],
      }),
      GOOGLE_CALLERS: JSON.stringify({
        audience: `${INGEST}/google/assets`,
        issuers: ['https://accounts.google.com'],
        jwksUrl: `${origin}/keys/google`,
        serviceAccount: PUSHER,
        subscription: PUSH,
      }),
    },
    evaluate: { ...base, CHANGES_QUEUE_URL: 'https://sqs.example/changes', AZURE_READER: azureReader },
    sweep: {
      ...base,
      CHANGES_QUEUE_URL: 'https://sqs.example/changes',
      AWS_AGGREGATOR: 'everything',
      AZURE_READER: azureReader,
      GOOGLE_READER: JSON.stringify({
        scope: SCOPE,
        endpoint: origin,
        credentials: { type: 'external_account', audience: `//iam.googleapis.com/${POOL}` },
      }),
    },
    'notify-slack': { ...base, SLACK_SECRET: 'edict/slack' },
  };
};

const functionAnswer = (name: string, origin: string): Answered =>
  json({
    FunctionName: `fn-${name}`,
    Role: roleOf(name),
    State: 'Active',
    LastUpdateStatus: 'Successful',
    Environment: { Variables: { ...environment(origin)[name], POWERTOOLS_SERVICE_NAME: name } },
  });

/** What SQS says of a queue. */
export const holding = (waiting: number, inHand = 0): Answered =>
  json({
    Attributes: {
      ApproximateNumberOfMessages: String(waiting),
      ApproximateNumberOfMessagesNotVisible: String(inHand),
    },
  });

const rule = (Name: string, more: object = {}): Answered => json({ Name, State: 'ENABLED', ...more });

export const recorder = {
  name: 'default',
  recordingGroup: { allSupported: true, recordingStrategy: { useOnly: 'ALL_SUPPORTED_RESOURCE_TYPES' } },
  recordingMode: { recordingFrequency: 'CONTINUOUS', recordingModeOverrides: [] },
};
export const JUDGED_TYPES = typesOf('aws.config');

const eventGrid = `/subscriptions/${SUBSCRIPTION}/providers/Microsoft.EventGrid`;
const topicId = (type: string): string =>
  `/subscriptions/${SUBSCRIPTION}/resourceGroups/edict-prod/providers/Microsoft.EventGrid/systemTopics/${type.split('.').at(-2)?.toLowerCase() ?? ''}`;
/** The names under which the event subscriptions of each topic are asked for. */
export const DELIVERIES = {
  systemTopics: `GET ${eventGrid}/systemTopics`,
  subscriptions: `GET ${topicId('Microsoft.Resources.Subscriptions')}/eventSubscriptions`,
  notifications: `GET ${topicId('Microsoft.ResourceNotifications.Resources')}/eventSubscriptions`,
  ofTheSubscription: `GET ${eventGrid}/eventSubscriptions`,
} as const;

/** An event subscription that delivers; parts of it replaced. */
export const delivering = (
  type: keyof typeof EVENT_GRID_TOPICS,
  properties: object = {},
  destination: object = {},
) => ({
  name: 'edict-prod',
  properties: {
    provisioningState: 'Succeeded',
    eventDeliverySchema: 'EventGridSchema',
    filter: { includedEventTypes: Object.keys(EVENT_GRID_TOPICS[type]), subjectBeginsWith: '', subjectEndsWith: '' },
    destination: {
      endpointType: 'WebHook',
      properties: {
        endpointBaseUrl: `${INGEST}/azure/events`,
        azureActiveDirectoryTenantId: TENANT,
        azureActiveDirectoryApplicationIdOrUri: AUDIENCE,
        ...destination,
      },
    },
    deadLetterDestination: { endpointType: 'StorageBlob', properties: { blobContainerName: 'undelivered' } },
    ...properties,
  },
});

const identityId = `/subscriptions/${SUBSCRIPTION}/resourceGroups/edict-prod/providers/Microsoft.ManagedIdentity/userAssignedIdentities/edict-prod-reader`;
/** A credential of the reader that trusts a role; parts of it replaced. */
export const trust = (role: string, properties: object = {}) => ({
  name: role,
  properties: { issuer: ISSUER, subject: roleOf(role), audiences: ['api://AzureADTokenExchange'], ...properties },
});
export const IDENTITIES = `GET /subscriptions/${SUBSCRIPTION}/providers/Microsoft.ManagedIdentity/userAssignedIdentities`;
export const TRUSTS = `GET ${identityId}/federatedIdentityCredentials`;
export const AZURE_SUBSCRIPTION = `GET /subscriptions/${SUBSCRIPTION}`;
export const AZURE_PROVIDER = `GET ${eventGrid}`;

/** The subscription that pushes; parts of it replaced. */
export const pushing = (more: object = {}, push: object = {}) => ({
  name: PUSH,
  topic: TOPIC,
  state: 'ACTIVE',
  pushConfig: {
    pushEndpoint: `${INGEST}/google/assets`,
    oidcToken: { serviceAccountEmail: PUSHER, audience: `${INGEST}/google/assets` },
    ...push,
  },
  deadLetterPolicy: { deadLetterTopic: LOST, maxDeliveryAttempts: 100 },
  expirationPolicy: {},
  ...more,
});
/** A feed; parts of it replaced. */
export const feed = (contentType: keyof typeof assetTypes, more: object = {}) => ({
  name: `${SCOPE}/feeds/edict-prod-${contentType}`,
  contentType,
  assetTypes: assetTypes[contentType],
  feedOutputConfig: { pubsubDestination: { topic: TOPIC } },
  ...more,
});
const AGENT = 'serviceAccount:service-415104041262@gcp-sa-pubsub.iam.gserviceaccount.com';
const grant = (role: string): object => ({ bindings: [{ role, members: [AGENT] }] });
export const GOOGLE = {
  push: `GET /v1/${PUSH}`,
  feeds: `GET /v1/${SCOPE}/feeds`,
  keepers: `GET /v1/${LOST}/subscriptions`,
  onTopic: `GET /v1/${LOST}:getIamPolicy`,
  onPush: `GET /v1/${PUSH}:getIamPolicy`,
  pool: `GET /v1/${POOL}`,
} as const;

export type Answers = { readonly [name: string]: Answered | 'silence' | undefined };

/** Every answer but those of the tables, by the name of what is asked. */
const healthy = (origin: string): Answers => ({
  ...Object.fromEntries(
    Object.entries(RESOURCES).flatMap(([stack, resources]) => [
      [
        `DescribeStacks ${stack}`,
        xml(
          'DescribeStacks',
          `<Stacks><member><StackName>${stack}</StackName><StackStatus>UPDATE_COMPLETE</StackStatus><CreationTime>2026-11-01T00:00:00Z</CreationTime><Outputs>${Object.entries(
            OUTPUTS,
          )
            .map(([key, value]) => `<member><OutputKey>${key}</OutputKey><OutputValue>${value}</OutputValue></member>`)
            .join('')}</Outputs></member></Stacks>`,
        ),
      ],
      [
        `ListStackResources ${stack}`,
        xml(
          'ListStackResources',
          `<StackResourceSummaries>${resources
            .map(
              ([logical, type, id]) =>
                `<member><LogicalResourceId>${logical}</LogicalResourceId><PhysicalResourceId>${id}</PhysicalResourceId><ResourceType>${type}</ResourceType><LastUpdatedTimestamp>2026-11-01T00:00:00Z</LastUpdatedTimestamp><ResourceStatus>CREATE_COMPLETE</ResourceStatus></member>`,
            )
            .join('')}</StackResourceSummaries>`,
        ),
      ],
    ]),
  ),
  ...Object.fromEntries(
    Object.keys(environment(origin)).map((name) => [
      `GET /2015-03-31/functions/fn-${name}/configuration`,
      functionAnswer(name, origin),
    ]),
  ),
  'GET /2015-03-31/event-source-mappings/esm-1': json({ UUID: 'esm-1', State: 'Enabled' }),
  'DescribeRule config-changes': rule('config-changes'),
  'DescribeRule daily-sweep': rule('daily-sweep', { ScheduleExpression: 'cron(17 2 * * ? *)' }),
  'DescribeRule findings-for-slack': rule('findings-for-slack', { EventBusName: 'edict' }),
  'GetQueueAttributes changes-dlq': holding(0),
  GetMetricData: json({
    MetricDataResults: [0, 1, 2, 3].map((i) => ({ Id: `f${i}`, StatusCode: 'Complete', Values: [], Timestamps: [] })),
  }),
  DescribeAlarms: json({
    MetricAlarms: [{ AlarmName: 'evaluate-errors', StateValue: 'OK', ActionsEnabled: true }],
  }),
  'DescribeEventBus default': json({
    Name: 'default',
    Policy: JSON.stringify({
      Statement: [
        {
          Sid: 'edict-prod-organisation',
          Effect: 'Allow',
          Condition: { StringEquals: { 'aws:PrincipalOrgID': 'o-abcdefghij' } },
        },
      ],
    }),
  }),
  DescribeSecret: json({ Name: 'edict/slack', VersionIdsToStages: { one: ['AWSCURRENT'] } }),
  DescribeConfigurationRecorders: json({ ConfigurationRecorders: [recorder] }),
  DescribeConfigurationRecorderStatus: json({
    ConfigurationRecordersStatus: [{ name: 'default', recording: true, lastStatus: 'SUCCESS' }],
  }),
  DescribeDeliveryChannels: json({ DeliveryChannels: [{ name: 'default' }] }),
  DescribeConfigurationAggregators: json({
    ConfigurationAggregators: [{ ConfigurationAggregatorName: 'everything' }],
  }),
  DescribeConfigurationAggregatorSourcesStatus: json({ AggregatedSourceStatusList: [] }),
  GetCallerIdentity: dated(xml('GetCallerIdentity', `<Account>${ACCOUNT}</Account>`)),
  GetWebIdentityToken: xml(
    'GetWebIdentityToken',
    `<WebIdentityToken>${new UnsecuredJWT({ iss: ISSUER }).encode()}</WebIdentityToken>`,
  ),
  'GET /keys/azure': dated(json({ keys: [{ kid: 'one' }] })),
  'GET /keys/google': dated(json({ keys: [{ kid: 'one' }, { kid: 'two' }] })),
  [AZURE_SUBSCRIPTION]: json({ subscriptionId: SUBSCRIPTION, state: 'Enabled' }),
  [AZURE_PROVIDER]: json({ namespace: 'Microsoft.EventGrid', registrationState: 'Registered' }),
  [DELIVERIES.systemTopics]: json({
    value: Object.keys(EVENT_GRID_TOPICS).map((type) => ({ id: topicId(type), properties: { topicType: type } })),
  }),
  [DELIVERIES.subscriptions]: json({ value: [delivering('Microsoft.Resources.Subscriptions')] }),
  [DELIVERIES.notifications]: json({ value: [delivering('Microsoft.ResourceNotifications.Resources')] }),
  [DELIVERIES.ofTheSubscription]: json({ value: [] }),
  [IDENTITIES]: json({ value: [{ id: identityId, name: 'edict-prod-reader', properties: { clientId: CLIENT } }] }),
  [TRUSTS]: json({ value: [trust('evaluate'), trust('sweep')] }),
  [GOOGLE.push]: json(pushing()),
  [GOOGLE.feeds]: json({ feeds: [feed('RESOURCE'), feed('IAM_POLICY'), feed('ORG_POLICY')] }),
  [GOOGLE.keepers]: json({ subscriptions: ['projects/acme/subscriptions/edict-prod-undelivered'] }),
  [GOOGLE.onTopic]: json(grant('roles/pubsub.publisher')),
  [GOOGLE.onPush]: json(grant('roles/pubsub.subscriber')),
  [GOOGLE.pool]: json({
    name: POOL,
    state: 'ACTIVE',
    aws: { accountId: ACCOUNT },
    attributeCondition: `attribute.aws_role == 'edict-prod-pipeline-sweep'`,
  }),
});

/** As much of DynamoDB as is asked: items by their keys. */
function makeTables() {
  const items = new Map<string, Map<string, Attributes>>();
  const put = (item: Attributes): void => {
    const partition = keyOf(item) ?? '';
    const of = items.get(partition) ?? new Map<string, Attributes>();
    of.set(item['item']?.S ?? '', item);
    items.set(partition, of);
  };
  return {
    put,
    all: () => [...items.values()].flatMap((of) => [...of.values()]),
    answer(asked: Asked): Answered | undefined {
      const operation = String(asked.headers['x-amz-target'] ?? '').split('.')[1];
      if (!String(asked.headers['x-amz-target'] ?? '').startsWith('DynamoDB')) return undefined;
      const call = JSON.parse(asked.body) as TableCall;
      const of = items.get(partitionOf(call) ?? '');
      switch (operation) {
        case 'PutItem':
          if (call.Item !== undefined) put(call.Item);
          return json({});
        case 'TransactWriteItems':
          for (const { Put } of call.TransactItems ?? []) put(Put.Item);
          return json({});
        case 'GetItem':
          return json({ Item: of?.get(call.Key?.['item']?.S ?? '') });
        case undefined:
        default:
          return json({ Items: [...(of?.values() ?? [])] });
      }
    },
  };
}

/** What a release writes, once it was written: packing the bundle for each world takes long. */
let releasedItems: readonly Attributes[] | undefined;

export interface DoctorWorld {
  readonly world: World;
  readonly provider: Provider;
  /** The names of what was asked. */
  readonly asked: () => readonly string[];
  stop(): Promise<void>;
}

/** What stands in the resources table: what was heard, and what was refused. */
export interface Noted {
  readonly heard?: readonly { readonly source: string; readonly account: string; readonly [at: string]: string }[];
  readonly covered?: readonly { readonly source: string; readonly account: string; readonly denied_at?: string }[];
}

const hoursAgo = (hours: number): string => new Date(NOW - hours * 3_600_000).toISOString();
const HEARD: NonNullable<Noted['heard']> = SWEPT_CLOUDS.flatMap((cloud) => {
  const { events, sweep } = CLOUD_SOURCES[cloud];
  const at = { last_seen_at: hoursAgo(1) };
  return [
    { source: events[0], account: 'an-account', ...at },
    { source: sweep, account: 'a-scope', ...at, last_swept_at: hoursAgo(1), last_whole_at: hoursAgo(1) },
  ];
});
const COVERED: NonNullable<Noted['covered']> = SWEPT_CLOUDS.map((cloud) => ({
  source: CLOUD_SOURCES[cloud].sweep,
  account: 'an-account',
}));

const strings = (values: { readonly [name: string]: string }): Attributes =>
  Object.fromEntries(Object.entries(values).map(([name, S]) => [name, { S }]));

/** Starts it. `instead` replaces answers by name; `noted` what stands in the tables. */
export async function startDoctorWorld(
  instead: Answers = {},
  options: { readonly noted?: Noted; readonly released?: boolean; readonly signedIn?: boolean } = {},
): Promise<DoctorWorld> {
  const tables = makeTables();
  let answers: Answers = {};
  const provider = await startProvider((asked) => {
    const name = nameOf(asked);
    if (Object.hasOwn(instead, name)) return instead[name];
    if (/^(DescribeStacks|ListStackResources) /.test(name) && !Object.hasOwn(answers, name)) return NO_STACK;
    return (
      tables.answer(asked) ??
      answers[name] ?? { status: 404, body: { error: { code: 'ResourceNotFound', message: `nobody has ${name}` } } }
    );
  });
  answers = healthy(provider.url);
  const { heard = HEARD, covered = COVERED } = options.noted ?? {};
  for (const { source, account, ...at } of heard)
    tables.put(strings({ resource: `source#${source}`, item: `account#${account}`, heard_account: account, ...at }));
  for (const { source, account, ...at } of covered)
    tables.put(
      strings({
        resource: `coverage#${source}`,
        item: `${account}#type`,
        covered_account: account,
        native_type: 'AWS::S3::Bucket',
        ...at,
      }),
    );
  const aws = {
    region: REGION,
    endpoint: provider.url,
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  };
  const stack: Stack = {
    title: 'edict-prod',
    local: undefined,
    aws,
    output: (name) => OUTPUTS[name] ?? '',
    documents: () => makeDocumentClient({ ...aws, maxAttempts: 1 }),
  };
  if (options.released !== false && releasedItems !== undefined) for (const item of releasedItems) tables.put(item);
  else if (options.released !== false) {
    const policies = makeDynamoPolicyStore({ client: stack.documents(), name: 'policies' });
    const bundle = await policies.putBundle(readBundle(shippedBundleFolder));
    const first = { sequence: 1, bundleSequence: 1, contextSequence: 1, activatedAt: hoursAgo(5) };
    await policies.activate({ ...first, bundle, context: 'none' });
    releasedItems = tables.all().filter((item) => item['id'] !== undefined);
  }
  const google = new OAuth2Client();
  if (options.signedIn !== false)
    google.setCredentials({ access_token: 'test-token', expiry_date: Date.now() + 3_600_000 });
  const waiting = new AbortController();
  const world = makeWorld({
    stack,
    stage: STAGE,
    signal: waiting.signal,
    nowMs: () => NOW,
    askers: {
      azure: { getToken: async () => (options.signedIn === false ? null : { token: 'test-token' }) },
      google,
      pubSub: provider.url,
      iam: provider.url,
    },
  });
  const before = provider.asked.length;
  return {
    world,
    provider,
    asked: () => [...new Set(provider.asked.slice(before).map(nameOf))],
    async stop() {
      waiting.abort();
      await provider.stop();
    },
  };
}
