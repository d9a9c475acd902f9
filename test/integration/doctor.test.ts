/**
 * `edict doctor` against a server that speaks the protocols of all providers: every check in the table sees what is
 * there, and whatever of its questions is refused, throttled, not answered or answered with rubbish, it says unknown.
 */
import { afterEach, describe, expect, it } from 'vitest';
import { type Check, runChecks } from '../../cli/doctor/check.ts';
import { CHECKS, MEMBER_CHECKS } from '../../cli/doctor/checks.ts';
import { makeWorld } from '../../cli/doctor/world.ts';
import {
  type Answers,
  AZURE_PROVIDER,
  AZURE_SUBSCRIPTION,
  dated,
  DELIVERIES,
  delivering,
  type DoctorWorld,
  feed,
  GOOGLE,
  holding,
  IDENTITIES,
  json,
  JUDGED_TYPES,
  NO_STACK,
  type Noted,
  NOW,
  pushing,
  recorder,
  startDoctorWorld,
  TRUSTS,
  trust,
  xml,
} from '../support/doctor-world.ts';
import { edict } from './cli/run.ts';
import { CANARY } from '../../shared/model/canary.ts';
import type { Answered, Asked } from '../support/provider.ts';

const started: DoctorWorld[] = [];
afterEach(async () => {
  await Promise.all(started.splice(0).map((w) => w.stop()));
});
async function start(instead: Answers = {}, options: Parameters<typeof startDoctorWorld>[1] = {}) {
  const w = await startDoctorWorld(instead, options);
  started.push(w);
  return w;
}
const checkOf = (id: string): Check => {
  const check = CHECKS.find((c) => c.id === id);
  if (check === undefined) throw new Error(`there is no check ${id}`);
  return check;
};

it('finds nothing missing where nothing is', async () => {
  const { world } = await start();
  const rows = await runChecks(CHECKS, world);
  expect(rows.filter((r) => r.status !== 'ok')).toEqual([]);
  expect(rows.map((r) => r.id)).toEqual(CHECKS.map((c) => c.id));
});

describe('each question of each check', () => {
  /** What may go wrong with one question, in the words of whoever is asked. */
  const refusal = (status: number, type: string): ((name: string) => Answered) => {
    const headers = { 'retry-after': '0', 'x-amzn-errortype': type };
    const query: Answered = {
      status,
      headers: { ...headers, 'content-type': 'text/xml' },
      body: `<ErrorResponse><Error><Code>${type}</Code><Message>no</Message></Error></ErrorResponse>`,
    };
    const rest: Answered = {
      status,
      headers,
      body: { __type: type, message: 'no', error: { code: type, status: type, message: 'no' } },
    };
    return (name) =>
      /^(DescribeStacks|ListStackResources|Get(CallerIdentity|WebIdentityToken))\b/.test(name) ? query : rest;
  };
  const FAULTS: { readonly [fault: string]: (name: string) => Answered | 'silence' | undefined } = {
    refused: refusal(403, 'AccessDeniedException'),
    throttled: refusal(429, 'ThrottlingException'),
    broken: refusal(500, 'InternalServerError'),
    'cut off': () => undefined,
    silent: () => 'silence',
    'no form that is known': () => ({ status: 200, body: '<html>Please sign in</html>' }),
  };

  it.each(CHECKS.map((c) => [c.id, c] as const))('%s is unknown where it is not answered', async (_, check) => {
    const { world, asked } = await start();
    await runChecks([check], world);
    const questions = asked();
    expect(questions.length).toBeGreaterThan(0);
    const cases = questions.flatMap((name) =>
      Object.entries(FAULTS).map(async ([fault, answer]) => {
        const { world: faulty } = await start({ [name]: answer(name) });
        const rows = await runChecks([check], faulty, fault === 'silent' ? 300 : 10_000);
        return { name, fault, statuses: [...new Set(rows.map((r) => r.status))] };
      }),
    );
    const wrong = (await Promise.all(cases)).filter((c) => c.statuses.join() !== 'unknown');
    expect(wrong).toEqual([]);
  });

  it.each(CHECKS.map((c) => [c.id, c] as const))('%s is never ok on an empty answer', async (_, check) => {
    const { world, asked } = await start();
    await runChecks([check], world);
    const cases = asked().map(async (name) => {
      const { world: faulty } = await start({ [name]: { status: 200, body: {} } });
      const rows = await runChecks([check], faulty);
      return { name, statuses: [...new Set(rows.map((r) => r.status))] };
    });
    // Google leaves out what is empty, so of these two an empty answer says something; and one source of many may be silent.
    const wrong = (await Promise.all(cases)).filter((c) => c.statuses.includes('ok') && !c.name.startsWith('Query '));
    expect(wrong).toEqual([]);
  });
});

interface Case {
  readonly check: string;
  readonly when: string;
  readonly instead?: Answers;
  readonly options?: Parameters<typeof startDoctorWorld>[1];
  readonly is: 'missing' | 'unknown' | 'not_applicable' | 'ok';
  readonly why: RegExp;
}
const SUBSCRIPTIONS = 'Microsoft.Resources.Subscriptions';
const heard = (...list: NonNullable<Noted['heard']>): Case['options'] => ({ noted: { heard: list } });
const at = (hours: number): string => new Date(NOW - hours * 3_600_000).toISOString();
const stackIs = (status: string): Answers => ({
  'DescribeStacks edict-prod-pipeline': xml(
    'DescribeStacks',
    `<Stacks><member><StackName>x</StackName><StackStatus>${status}</StackStatus><CreationTime>2026-11-01T00:00:00Z</CreationTime></member></Stacks>`,
  ),
});
const gone: Answered = {
  status: 404,
  headers: { 'x-amzn-errortype': 'ResourceNotFoundException' },
  body: { __type: 'ResourceNotFoundException', message: 'not found' },
};
const configured = (more: object): Answers => ({
  DescribeConfigurationRecorders: json({ ConfigurationRecorders: [{ ...recorder, ...more }] }),
});
const delivers = (properties: object = {}, destination: object = {}): Answers => ({
  [DELIVERIES.subscriptions]: json({ value: [delivering(SUBSCRIPTIONS, properties, destination)] }),
});

/** A function of a deployment that knows AWS alone; of its state nothing is said. */
const bare = (name: string, variables: object): Answers => ({
  [`GET /2015-03-31/functions/fn-${name}/configuration`]: json({
    FunctionName: `fn-${name}`,
    Environment: {
      Variables: {
        POWERTOOLS_SERVICE_NAME: name,
        EDICT_STAGE: 'prod',
        CHANGES_QUEUE_URL: 'https://sqs.example/c',
        QUARANTINE_BUCKET: 'q',
        ...variables,
      },
    },
  }),
});

const CASES: readonly Case[] = [
  {
    check: 'stack-deployed',
    when: 'a deployment was taken back',
    instead: stackIs('UPDATE_ROLLBACK_COMPLETE'),
    is: 'missing',
    why: /did not succeed: UPDATE_ROLLBACK/,
  },
  {
    check: 'stack-deployed',
    when: 'it is being deployed',
    instead: stackIs('UPDATE_IN_PROGRESS'),
    is: 'unknown',
    why: /being changed/,
  },
  {
    check: 'stack-deployed',
    when: 'a stack is not there',
    instead: {
      'DescribeStacks edict-prod-observability': NO_STACK,
      'ListStackResources edict-prod-observability': NO_STACK,
    },
    is: 'missing',
    why: /no such stack/,
  },
  {
    check: 'stack-bundle',
    when: 'nothing was released',
    options: { released: false },
    is: 'missing',
    why: /ever released/,
  },
  {
    check: 'stack-functions',
    when: 'an update failed',
    instead: {
      'GET /2015-03-31/functions/fn-sweep/configuration': json({
        FunctionName: 'fn-sweep',
        LastUpdateStatus: 'Failed',
        Environment: { Variables: { POWERTOOLS_SERVICE_NAME: 'sweep' } },
      }),
    },
    is: 'missing',
    why: /last update failed/,
  },
  {
    check: 'stack-functions',
    when: 'a variable is wrong',
    instead: {
      'GET /2015-03-31/functions/fn-sweep/configuration': json({
        FunctionName: 'fn-sweep',
        Environment: { Variables: { POWERTOOLS_SERVICE_NAME: 'sweep' } },
      }),
    },
    is: 'missing',
    why: /cannot start: sweep: .*CHANGES_QUEUE_URL/,
  },
  {
    check: 'stack-functions',
    when: 'its state is not told',
    instead: bare('ingest', {}),
    is: 'unknown',
    why: /does not say whether it can run/,
  },
  {
    check: 'stack-functions',
    when: 'a function was deleted',
    instead: { 'GET /2015-03-31/functions/fn-sweep/configuration': gone },
    is: 'missing',
    why: /deleted outside/,
  },
  {
    check: 'stack-consumers',
    when: 'a queue is not consumed',
    instead: { 'GET /2015-03-31/event-source-mappings/esm-1': json({ State: 'Disabled' }) },
    is: 'missing',
    why: /switched off/,
  },
  {
    check: 'stack-rules',
    when: 'a rule is off',
    instead: {
      'DescribeRule config-changes': json({ Name: 'config-changes', State: 'DISABLED', Description: 'AWS Config saw' }),
    },
    is: 'missing',
    why: /off, news: AWS Config saw/,
  },
  {
    check: 'stack-rules',
    when: 'a rule was deleted',
    instead: { 'DescribeRule daily-sweep': gone },
    is: 'missing',
    why: /deleted outside/,
  },
  {
    check: 'stack-dead-letters',
    when: 'there are some',
    instead: { 'GetQueueAttributes changes-dlq': holding(3) },
    is: 'missing',
    why: /holds 3 messages/,
  },
  {
    check: 'stack-dead-letters',
    when: 'somebody is reading the last one',
    instead: { 'GetQueueAttributes changes-dlq': holding(0, 1) },
    is: 'missing',
    why: /holds 1 message$/,
  },
  {
    check: 'stack-errors',
    when: 'a function failed',
    instead: {
      GetMetricData: json({
        MetricDataResults: [0, 1, 2, 3].map((i) => ({
          Id: `f${i}`,
          StatusCode: 'Complete',
          Values: i === 1 ? [4] : [],
        })),
      }),
    },
    is: 'missing',
    why: /4 invocations failed/,
  },
  {
    check: 'stack-errors',
    when: 'the count is partial',
    instead: {
      GetMetricData: json({
        MetricDataResults: [0, 1, 2, 3].map((i) => ({ Id: `f${i}`, StatusCode: 'PartialData', Values: [] })),
      }),
    },
    is: 'unknown',
    why: /no whole count/,
  },
  {
    check: 'stack-alarms',
    when: 'one rings',
    instead: {
      DescribeAlarms: json({
        MetricAlarms: [
          {
            AlarmName: 'evaluate-errors',
            StateValue: 'ALARM',
            AlarmDescription: 'It fails. docs/runbook.md#function-errors',
          },
        ],
      }),
    },
    is: 'missing',
    why: /rings: It fails/,
  },
  {
    check: 'stack-alarms',
    when: 'one was not judged yet',
    instead: {
      DescribeAlarms: json({ MetricAlarms: [{ AlarmName: 'evaluate-errors', StateValue: 'INSUFFICIENT_DATA' }] }),
    },
    is: 'unknown',
    why: /cannot say whether it rings: INSUFFICIENT_DATA/,
  },
  {
    check: 'stack-alarms',
    when: 'one is not there',
    instead: { DescribeAlarms: json({ MetricAlarms: [] }) },
    is: 'missing',
    why: /deleted outside/,
  },
  {
    check: 'stack-organisation',
    when: 'the bus has no policy',
    instead: { 'DescribeEventBus default': json({ Name: 'default' }) },
    is: 'missing',
    why: /lets no organisation/,
  },
  {
    check: 'stack-slack',
    when: 'there is no secret',
    instead: { DescribeSecret: gone },
    is: 'missing',
    why: /no secret edict\/slack/,
  },
  {
    check: 'stack-slack',
    when: 'it is being deleted',
    instead: { DescribeSecret: json({ Name: 'edict/slack', DeletedDate: 1_790_000_000 }) },
    is: 'missing',
    why: /marked for deletion/,
  },

  {
    check: 'aws-recorder',
    when: 'there is none',
    instead: { DescribeConfigurationRecorders: json({ ConfigurationRecorders: [] }) },
    is: 'missing',
    why: /no recorder/,
  },
  {
    check: 'aws-recorder',
    when: 'it is another service’s',
    instead: configured({ servicePrincipal: 'x.amazonaws.com' }),
    is: 'missing',
    why: /no recorder/,
  },
  {
    check: 'aws-recorder',
    when: 'it is off',
    instead: {
      DescribeConfigurationRecorderStatus: json({
        ConfigurationRecordersStatus: [{ name: 'default', recording: false }],
      }),
    },
    is: 'missing',
    why: /default is off/,
  },
  {
    check: 'aws-recorder',
    when: 'it fails',
    instead: {
      DescribeConfigurationRecorderStatus: json({
        ConfigurationRecordersStatus: [
          { name: 'default', recording: true, lastStatus: 'FAILURE', lastErrorCode: 'AccessDenied' },
        ],
      }),
    },
    is: 'missing',
    why: /fails: AccessDenied/,
  },
  {
    check: 'aws-recorded-types',
    when: 'some are named',
    instead: configured({ recordingGroup: { allSupported: false, resourceTypes: ['AWS::S3::Bucket'] } }),
    is: 'missing',
    why: /not recorded: AWS::EC2::SecurityGroup/,
  },
  {
    check: 'aws-recorded-types',
    when: 'all are named',
    instead: configured({ recordingGroup: { allSupported: false, resourceTypes: JUDGED_TYPES } }),
    is: 'ok',
    why: /all 7/,
  },
  {
    check: 'aws-recorded-types',
    when: 'one is left out',
    instead: configured({
      recordingGroup: {
        allSupported: false,
        exclusionByResourceTypes: { resourceTypes: ['AWS::S3::Bucket'] },
        recordingStrategy: { useOnly: 'EXCLUSION_BY_RESOURCE_TYPES' },
      },
    }),
    is: 'missing',
    why: /not recorded: AWS::S3::Bucket$/,
  },
  {
    check: 'aws-recording-frequency',
    when: 'it is daily',
    instead: configured({ recordingMode: { recordingFrequency: 'DAILY' } }),
    is: 'missing',
    why: /once a day: everything/,
  },
  {
    check: 'aws-recording-frequency',
    when: 'one type is daily',
    instead: configured({
      recordingMode: {
        recordingFrequency: 'CONTINUOUS',
        recordingModeOverrides: [{ resourceTypes: ['AWS::S3::Bucket'], recordingFrequency: 'DAILY' }],
      },
    }),
    is: 'missing',
    why: /once a day: AWS::S3::Bucket$/,
  },
  {
    check: 'aws-recording-frequency',
    when: 'another type is daily',
    instead: configured({
      recordingMode: {
        recordingFrequency: 'CONTINUOUS',
        recordingModeOverrides: [{ resourceTypes: ['AWS::EC2::Instance'], recordingFrequency: 'DAILY' }],
      },
    }),
    is: 'ok',
    why: /as they happen/,
  },
  {
    check: 'aws-delivery-channel',
    when: 'there is none',
    instead: { DescribeDeliveryChannels: json({ DeliveryChannels: [] }) },
    is: 'missing',
    why: /no delivery channel/,
  },
  {
    check: 'aws-aggregator',
    when: 'an account lags',
    instead: {
      DescribeConfigurationAggregatorSourcesStatus: json({
        AggregatedSourceStatusList: [
          {
            SourceId: '222233334444',
            AwsRegion: 'eu-central-1',
            LastUpdateStatus: 'FAILED',
            LastErrorMessage: 'no recorder',
          },
        ],
      }),
    },
    is: 'missing',
    why: /FAILED: no recorder/,
  },
  {
    check: 'aws-aggregator',
    when: 'there is none',
    instead: {
      DescribeConfigurationAggregators: {
        status: 400,
        headers: { 'x-amzn-errortype': 'NoSuchConfigurationAggregatorException' },
        body: { __type: 'NoSuchConfigurationAggregatorException' },
      },
    },
    is: 'missing',
    why: /no aggregator everything/,
  },
  {
    check: 'aws-clock',
    when: 'ours is behind',
    instead: { GetCallerIdentity: dated(xml('GetCallerIdentity', '<Account>111122223333</Account>'), 61_000) },
    is: 'missing',
    why: /61 s behind/,
  },
  {
    check: 'aws-clock',
    when: 'ours is a little ahead',
    instead: { GetCallerIdentity: dated(xml('GetCallerIdentity', '<Account>111122223333</Account>'), -59_000) },
    is: 'ok',
    why: /differ by 59 s/,
  },
  { check: 'aws-events', when: 'none arrived', options: heard(), is: 'unknown', why: /no event of any account/ },
  {
    check: 'aws-events',
    when: 'the last one is long ago',
    options: heard({ source: 'aws.config', account: '111122223333', last_seen_at: at(8 * 24) }),
    is: 'unknown',
    why: /quiet or cut off/,
  },
  {
    check: 'aws-events',
    when: 'the canary fell silent',
    options: heard({ source: 'aws.config', account: CANARY.aws.account, last_seen_at: at(3) }),
    is: 'missing',
    why: /canary is not heard/,
  },
  {
    check: 'aws-inventory',
    when: 'it was never listed',
    options: heard({ source: 'aws.config', account: '111122223333', last_seen_at: at(1) }),
    is: 'missing',
    why: /never listed/,
  },
  {
    check: 'aws-inventory',
    when: 'it is refused',
    options: heard({
      source: 'aws.sweep',
      account: 'a',
      last_seen_at: at(1),
      last_denied_at: at(1),
      last_swept_at: at(30),
      last_whole_at: at(30),
    }),
    is: 'missing',
    why: /refused/,
  },
  {
    check: 'aws-permissions',
    when: 'a read was refused',
    options: { noted: { covered: [{ source: 'aws.sweep', account: '222233334444', denied_at: at(3) }] } },
    is: 'missing',
    why: /AWS::S3::Bucket was refused/,
  },
  {
    check: 'aws-permissions',
    when: 'nothing was read',
    options: { noted: { covered: [] } },
    is: 'unknown',
    why: /nothing/,
  },

  {
    check: 'azure-keys',
    when: 'there are none',
    instead: { 'GET /keys/azure': dated(json({ keys: [] })) },
    is: 'missing',
    why: /no keys/,
  },
  {
    check: 'azure-clock',
    when: 'ours is ahead',
    instead: { 'GET /keys/azure': dated(json({ keys: [{}] }), -90_000) },
    is: 'missing',
    why: /90 s ahead/,
  },
  {
    check: 'azure-token',
    when: 'nobody is signed in',
    options: { signedIn: false },
    is: 'unknown',
    why: /nobody is signed in/,
  },
  {
    check: 'azure-federation',
    when: 'AWS signs no tokens',
    instead: {
      GetWebIdentityToken: {
        status: 403,
        headers: { 'content-type': 'text/xml' },
        body: '<ErrorResponse><Error><Code>OutboundWebIdentityFederationDisabledException</Code><Message>off</Message></Error></ErrorResponse>',
      },
    },
    is: 'missing',
    why: /signs no identity tokens/,
  },
  {
    check: 'azure-federation',
    when: 'a role is not trusted',
    instead: { [TRUSTS]: json({ value: [trust('evaluate')] }) },
    is: 'missing',
    why: /does not trust .*-sweep/,
  },
  {
    check: 'azure-federation',
    when: 'another issuer is trusted',
    instead: { [TRUSTS]: json({ value: [trust('evaluate', { issuer: 'https://other.example' }), trust('sweep')] }) },
    is: 'missing',
    why: /does not trust .*-evaluate/,
  },
  {
    check: 'azure-federation',
    when: 'another audience is trusted',
    instead: { [TRUSTS]: json({ value: [trust('evaluate'), trust('sweep', { audiences: ['x'] })] }) },
    is: 'missing',
    why: /does not trust .*-sweep/,
  },
  {
    check: 'azure-federation',
    when: 'the identity is none of the subscriptions',
    instead: { [IDENTITIES]: json({ value: [] }) },
    is: 'unknown',
    why: /Entra ID alone/,
  },
  {
    check: 'azure-subscriptions',
    when: 'it is disabled',
    instead: { [AZURE_SUBSCRIPTION]: json({ state: 'Disabled' }) },
    is: 'missing',
    why: /disabled/,
  },
  {
    check: 'azure-subscriptions',
    when: 'the tenant does not have it',
    instead: { [AZURE_SUBSCRIPTION]: { status: 404, body: { error: { code: 'SubscriptionNotFound' } } } },
    is: 'unknown',
    why: /refused/,
  },
  {
    check: 'azure-provider',
    when: 'it is not registered',
    instead: { [AZURE_PROVIDER]: json({ registrationState: 'NotRegistered' }) },
    is: 'missing',
    why: /not registered/,
  },
  {
    check: 'azure-event-subscriptions',
    when: 'there is none',
    instead: { [DELIVERIES.subscriptions]: json({ value: [] }) },
    is: 'missing',
    why: /no event subscription of Microsoft.Resources.Subscriptions/,
  },
  {
    check: 'azure-event-subscriptions',
    when: 'it is made at the subscription itself',
    instead: {
      [DELIVERIES.subscriptions]: json({ value: [] }),
      [DELIVERIES.ofTheSubscription]: json({ value: [delivering(SUBSCRIPTIONS)] }),
    },
    is: 'ok',
    why: /tells all/,
  },
  {
    check: 'azure-event-subscriptions',
    when: 'it leads elsewhere',
    instead: delivers({}, { endpointBaseUrl: 'https://other.example/azure/events' }),
    is: 'missing',
    why: /no event subscription/,
  },
  {
    check: 'azure-event-subscriptions',
    when: 'a type is left out',
    instead: delivers({ filter: { includedEventTypes: ['Microsoft.Resources.ResourceWriteSuccess'] } }),
    is: 'missing',
    why: /not told: Microsoft.Resources.ResourceDeleteSuccess/,
  },
  {
    check: 'azure-event-subscriptions',
    when: 'no type is named',
    instead: delivers({ filter: { includedEventTypes: null } }),
    is: 'ok',
    why: /tells all/,
  },
  {
    check: 'azure-event-subscriptions',
    when: 'it filters',
    instead: delivers({ filter: { includedEventTypes: null, subjectBeginsWith: '/subscriptions/x' } }),
    is: 'missing',
    why: /filter/,
  },
  {
    check: 'azure-event-subscriptions',
    when: 'it ends some day',
    instead: delivers({ expirationTimeUtc: '2026-12-31T00:00:00Z' }),
    is: 'missing',
    why: /ends, or has ended, at 2026-12-31/,
  },
  {
    check: 'azure-event-subscriptions',
    when: 'the handshake waits',
    instead: delivers({ provisioningState: 'AwaitingManualAction' }),
    is: 'missing',
    why: /does not deliver: AwaitingManualAction/,
  },
  {
    check: 'azure-event-subscriptions',
    when: 'it brings no token',
    instead: delivers({}, { azureActiveDirectoryApplicationIdOrUri: null }),
    is: 'missing',
    why: /no token/,
  },
  {
    check: 'azure-event-subscriptions',
    when: 'its token is of another tenant',
    instead: delivers({}, { azureActiveDirectoryTenantId: 'other' }),
    is: 'missing',
    why: /of the tenant other/,
  },
  {
    check: 'azure-event-subscriptions',
    when: 'its token names the application otherwise',
    instead: delivers({}, { azureActiveDirectoryApplicationIdOrUri: 'api://edict' }),
    is: 'unknown',
    why: /is for api:\/\/edict/,
  },
  {
    check: 'azure-dead-letters',
    when: 'there is no destination',
    instead: delivers({ deadLetterDestination: null }),
    is: 'missing',
    why: /is lost: edict-prod/,
  },
  {
    check: 'azure-dead-letters',
    when: 'the topic’s identity writes',
    instead: delivers({
      deadLetterDestination: null,
      deadLetterWithResourceIdentity: { identity: { type: 'SystemAssigned' } },
    }),
    is: 'ok',
    why: /kept/,
  },

  {
    check: 'gcp-token',
    when: 'nobody is signed in',
    options: { signedIn: false },
    is: 'unknown',
    why: /nobody is signed in/,
  },
  {
    check: 'gcp-federation',
    when: 'it is disabled',
    instead: { [GOOGLE.pool]: json({ state: 'ACTIVE', disabled: true, aws: { accountId: '111122223333' } }) },
    is: 'missing',
    why: /disabled/,
  },
  {
    check: 'gcp-federation',
    when: 'it trusts another account',
    instead: { [GOOGLE.pool]: json({ state: 'ACTIVE', aws: { accountId: '999988887777' } }) },
    is: 'missing',
    why: /999988887777/,
  },
  {
    check: 'gcp-federation',
    when: 'its condition is another one',
    instead: {
      [GOOGLE.pool]: json({ state: 'ACTIVE', aws: { accountId: '111122223333' }, attributeCondition: 'false' }),
    },
    is: 'unknown',
    why: /does not name the role/,
  },
  {
    check: 'gcp-feeds',
    when: 'one is not there',
    instead: { [GOOGLE.feeds]: json({ feeds: [feed('RESOURCE'), feed('IAM_POLICY')] }) },
    is: 'missing',
    why: /no feed of ORG_POLICY/,
  },
  {
    check: 'gcp-feeds',
    when: 'a type is left out',
    instead: {
      [GOOGLE.feeds]: json({
        feeds: [
          feed('RESOURCE', { assetTypes: ['storage.googleapis.com/Bucket'] }),
          feed('IAM_POLICY'),
          feed('ORG_POLICY'),
        ],
      }),
    },
    is: 'missing',
    why: /tells of aiplatform/,
  },
  {
    check: 'gcp-feeds',
    when: 'types are named by an expression',
    instead: {
      [GOOGLE.feeds]: json({
        feeds: [feed('RESOURCE', { assetTypes: ['.*.googleapis.com.*'] }), feed('IAM_POLICY'), feed('ORG_POLICY')],
      }),
    },
    is: 'unknown',
    why: /but by an expression/,
  },
  {
    check: 'gcp-feeds',
    when: 'one leads elsewhere',
    instead: {
      [GOOGLE.feeds]: json({
        feeds: [
          feed('RESOURCE', { feedOutputConfig: { pubsubDestination: { topic: 'projects/x/topics/y' } } }),
          feed('IAM_POLICY'),
          feed('ORG_POLICY'),
        ],
      }),
    },
    is: 'missing',
    why: /no feed of RESOURCE/,
  },
  {
    check: 'gcp-feeds',
    when: 'one has a condition',
    instead: {
      [GOOGLE.feeds]: json({
        feeds: [feed('RESOURCE', { condition: { expression: 'false' } }), feed('IAM_POLICY'), feed('ORG_POLICY')],
      }),
    },
    is: 'unknown',
    why: /a condition/,
  },
  {
    check: 'gcp-subscription',
    when: 'there is none',
    instead: { [GOOGLE.push]: { status: 404, body: { error: { code: 404, status: 'NOT_FOUND' } } } },
    is: 'missing',
    why: /no subscription/,
  },
  {
    check: 'gcp-subscription',
    when: 'it pushes elsewhere',
    instead: { [GOOGLE.push]: json(pushing({}, { pushEndpoint: 'https://other.example' })) },
    is: 'missing',
    why: /pushes to https:\/\/other/,
  },
  {
    check: 'gcp-subscription',
    when: 'it is pulled',
    instead: { [GOOGLE.push]: json(pushing({ pushConfig: {} })) },
    is: 'missing',
    why: /does not push/,
  },
  {
    check: 'gcp-subscription',
    when: 'it brings no token',
    instead: { [GOOGLE.push]: json(pushing({}, { oidcToken: undefined })) },
    is: 'missing',
    why: /no token/,
  },
  {
    check: 'gcp-subscription',
    when: 'its token is for another audience',
    instead: {
      [GOOGLE.push]: json(
        pushing(
          {},
          { oidcToken: { serviceAccountEmail: 'edict-prod-push@acme.iam.gserviceaccount.com', audience: 'x' } },
        ),
      ),
    },
    is: 'missing',
    why: /is for x/,
  },
  {
    check: 'gcp-subscription',
    when: 'it expires',
    instead: { [GOOGLE.push]: json(pushing({ expirationPolicy: { ttl: '2678400s' } })) },
    is: 'missing',
    why: /after 2678400s/,
  },
  {
    check: 'gcp-dead-letters',
    when: 'there is no topic',
    instead: { [GOOGLE.push]: json(pushing({ deadLetterPolicy: undefined })) },
    is: 'missing',
    why: /no dead-letter topic/,
  },
  {
    check: 'gcp-dead-letters',
    when: 'nobody keeps them',
    instead: { [GOOGLE.keepers]: json({}) },
    is: 'missing',
    why: /nobody keeps/,
  },
  {
    check: 'gcp-dead-letters',
    when: 'its agent has no grant there',
    instead: { [GOOGLE.onTopic]: json({}) },
    is: 'unknown',
    why: /granted neither/,
  },
];

const NOT_CONNECTED: Answers = {
  ...bare('ingest', {}),
  ...bare('sweep', {
    RESOURCES_TABLE: 'resources',
    FINDINGS_TABLE: 'findings',
    BUS_NAME: 'edict',
  }),
};

describe('a check', () => {
  it.each(CASES.map((c) => [`${c.check}, ${c.when}: ${c.is}`, c] as const))('%s', async (_, c) => {
    const { world } = await start(c.instead, c.options);
    const rows = await runChecks([checkOf(c.check)], world);
    expect(new Set(rows.map((r) => r.status))).toEqual(new Set([c.is]));
    expect(rows[0]?.why).toMatch(c.why);
    expect(rows[0]?.todo === null).toBe(c.is === 'ok' || c.is === 'not_applicable');
  });

  it('has a case in which something is missing, or could not be seen', () => {
    const without = CHECKS.filter((c) => !CASES.some((k) => k.check === c.id && k.is !== 'ok')).map((c) => c.id);
    // The same code as those of AWS and Azure.
    expect(without).toEqual([
      'azure-events',
      'azure-inventory',
      'azure-permissions',
      'gcp-keys',
      'gcp-clock',
      'gcp-events',
      'gcp-inventory',
      'gcp-permissions',
    ]);
  });

  it('is run by the command, which ends by itself: what to do on standard output, the exit code by what is missing', async () => {
    const off = { 'DescribeRule config-changes': json({ Name: 'config-changes', State: 'DISABLED' }) };
    const { provider } = await start({ ...NOT_CONNECTED, ...off });
    const env = { AWS_ENDPOINT_URL: provider.url, AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' };
    const table = await edict(['doctor', '--region', 'eu-central-1'], { env });
    expect(table.code).toBe(1);
    expect(table.stdout).toMatch(/^✗ stack-rules +ConfigChanges: it is off/m);
    expect(table.stdout).toContain('    aws events enable-rule --name config-changes (docs/doctor.md#stack-rules)');
    expect(table.stdout).not.toContain('\u001b');

    const nowhere = await edict(['doctor', '--stage', 'other', '--region', 'eu-central-1'], { env });
    expect([nowhere.code, nowhere.stderr]).toEqual([2, expect.stringContaining('There is no stack edict-other-state')]);
  });

  it('looks at a member account by its one stack', async () => {
    const { provider } = await start({
      'DescribeStacks edict-member': stackIs('CREATE_COMPLETE')['DescribeStacks edict-prod-pipeline'],
      'ListStackResources edict-member': xml(
        'ListStackResources',
        `<StackResourceSummaries>${[
          ['ConfigChanges', 'AWS::Events::Rule', 'config-changes'],
          ['Undelivered', 'AWS::SQS::Queue', 'https://sqs.eu-central-1.amazonaws.com/222233334444/lost'],
        ]
          .map(
            ([logical, type, id]) =>
              `<member><LogicalResourceId>${logical}</LogicalResourceId><PhysicalResourceId>${id}</PhysicalResourceId><ResourceType>${type}</ResourceType><LastUpdatedTimestamp>2026-11-01T00:00:00Z</LastUpdatedTimestamp><ResourceStatus>CREATE_COMPLETE</ResourceStatus></member>`,
          )
          .join('')}</StackResourceSummaries>`,
      ),
      'GetQueueAttributes lost': holding(2),
    });
    const aws = {
      region: 'eu-central-1',
      endpoint: provider.url,
      credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
      useQueueUrlAsEndpoint: false,
    };
    const none = (): never => {
      throw new Error('a member account has no tables');
    };
    const stack = { title: 'edict-member', local: undefined, aws, output: none, documents: none };
    const waiting = new AbortController();
    const world = makeWorld({ stack, stage: 'prod', signal: waiting.signal, nowMs: () => NOW, member: 'edict-member' });
    const rows = await runChecks(MEMBER_CHECKS, world);
    waiting.abort();
    expect(rows.map((r) => `${r.id} ${r.status}`)).toEqual([
      'stack-deployed ok',
      'stack-rules ok',
      'stack-dead-letters missing',
      'aws-recorder ok',
      'aws-recorded-types ok',
      'aws-recording-frequency ok',
      'aws-delivery-channel ok',
      'aws-clock ok',
    ]);
    expect(rows[2]).toMatchObject({ where: 'Undelivered', why: 'it holds 2 messages' });
  });

  it('does not ask Azure and Google Cloud where they are not connected', async () => {
    const { world, provider } = await start(NOT_CONNECTED);
    const rows = await runChecks(
      CHECKS.filter((c) => c.where === 'azure' || c.where === 'gcp'),
      world,
    );
    expect(new Set(rows.map((r) => r.status))).toEqual(new Set(['not_applicable']));
    const paths = provider.asked.map((a: Asked) => a.path);
    expect(paths.filter((p) => p.startsWith('/subscriptions') || p.startsWith('/v1') || p.startsWith('/keys'))).toEqual(
      [],
    );
  });
});
