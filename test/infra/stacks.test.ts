/** What the templates mean, for a customer's account and for the local AWS. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { App } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { describe, expect, it } from 'vitest';
import { readConfig } from '../../infra/config.ts';
import { addEdict } from '../../infra/edict.ts';
import { EdictChecks } from '../../infra/nag.ts';
import { CANARY, CANARY_SOURCE } from '../../shared/model/canary.ts';
import { AWS_DETAIL_TYPES, LOCAL_SOURCES, STACK_OUTPUTS } from '../../shared/model/deployment.ts';
import { METRICS } from '../../shared/model/telemetry.ts';
import { environments } from '../../shared/runtime/env.ts';
import { TRIES_AGAIN } from '../support/sweep-machine.ts';

const root = join(import.meta.dirname, '..', '..');
const { context: flags } = JSON.parse(readFileSync(join(root, 'cdk.json'), 'utf8')) as {
  readonly context: Record<string, unknown>;
};

const everything = {
  stage: 'prod',
  bundle: 'false',
  slackSecretName: 'edict/slack',
  azureTenantId: '11111111-2222-4333-8444-555555555555',
  azureAudience: 'api://edict',
  azureSubscriptions: 'AAAAAAAA-0000-4000-8000-000000000001, aaaaaaaa-0000-4000-8000-000000000002',
  azureClientId: '99999999-2222-4333-8444-555555555555',
  googleAudience: 'https://edict.example/google/assets',
  googleServiceAccount: 'push@example.iam.gserviceaccount.com',
  googleSubscription: 'projects/example/subscriptions/edict',
  googleScope: 'organizations/123',
  awsReaderRole: 'edict-reader',
  awsExternalId: 'edict-0123456789',
};

function deploy(context: Record<string, string>) {
  const app = new App({ context: { ...flags, ...context } });
  const stacks = addEdict(
    app,
    readConfig((key) => app.node.tryGetContext(key)),
  );
  const findings = new EdictChecks().validateScope(app).violations.map((v) => [v.ruleName, v.violatingResources]);
  return {
    app,
    findings,
    state: Template.fromStack(stacks.state),
    pipeline: Template.fromStack(stacks.pipeline),
    observability: Template.fromStack(stacks.observability),
    authoring: stacks.authoring === undefined ? undefined : Template.fromStack(stacks.authoring),
    stacks,
  };
}
const prod = deploy(everything);
const authored = deploy({ ...everything, stage: 'authored', authoringSecretName: 'edict/model' });
const local = deploy({ ...everything, stage: 'local', local: 'true' });

type Resource = {
  readonly Type: string;
  readonly Properties: Record<string, unknown>;
  readonly [key: string]: unknown;
};
const resourcesOf = (template: Template, type: string): [string, Resource][] =>
  Object.entries(template.findResources(type)) as [string, Resource][];

const authoringOf = (type: string): [string, Resource][] =>
  authored.authoring === undefined ? [] : resourcesOf(authored.authoring, type);

describe('the archive', () => {
  it('keeps what was observed for 400 days, or as long as the context says, or not at all', () => {
    const days = (template: Template) =>
      resourcesOf(template, 'AWS::S3::Bucket').map(
        ([, { Properties }]) =>
          (Properties['LifecycleConfiguration'] as { readonly Rules: readonly { readonly ExpirationInDays: number }[] })
            .Rules[0]?.ExpirationInDays,
      );
    expect(days(prod.state)).toEqual([30, 400]);
    expect(days(deploy({ ...everything, archiveDays: '90' }).state)).toEqual([30, 90]);
    const none = deploy({ ...everything, archiveDays: '0' });
    expect(days(none.state)).toEqual([30]);
    none.pipeline.resourceCountIs('AWS::KinesisFirehose::DeliveryStream', 0);
    none.state.hasOutput('ArchiveBucket', { Value: 'none' });
    expect(() => deploy({ ...everything, archiveDays: 'long' })).toThrow('archiveDays');
  });

  it('is written by one stream, in large packed objects under the state key', () => {
    const imported = { 'Fn::GetStackOutput': Match.objectLike({ OutputName: Match.stringLikeRegexp('Key') }) };
    prod.pipeline.hasResourceProperties('AWS::KinesisFirehose::DeliveryStream', {
      DeliveryStreamType: 'DirectPut',
      DeliveryStreamEncryptionConfigurationInput: { KeyType: 'CUSTOMER_MANAGED_CMK', KeyARN: imported },
      ExtendedS3DestinationConfiguration: {
        Prefix: 'changes/!{timestamp:yyyy/MM/dd/HH}/',
        CompressionFormat: 'GZIP',
        BufferingHints: { IntervalInSeconds: 300, SizeInMBs: 64 },
        EncryptionConfiguration: { KMSEncryptionConfig: { AWSKMSKeyARN: imported } },
      },
    });
  });

  it('lets the evaluator put into the stream, and the stream alone into the bucket', () => {
    const allowed = (action: string) =>
      resourcesOf(prod.pipeline, 'AWS::IAM::Policy').flatMap(([id, { Properties }]) =>
        JSON.stringify(Properties).includes(`"${action}"`) ? [id.replace(/[0-9A-F]{8}$/, '')] : [],
      );
    expect(allowed('firehose:PutRecordBatch')).toEqual(['EvaluateRoleDefaultPolicy']);
    expect(allowed('s3:AbortMultipartUpload')).toEqual(['ArchiveStreamRoleDefaultPolicy']);
    const archive = JSON.stringify(
      resourcesOf(prod.pipeline, 'AWS::IAM::Policy').filter(([id]) => !id.startsWith('ArchiveStream')),
    );
    expect(archive).not.toMatch(/FnGetAttArchive/);
  });
});

describe('the state stack', () => {
  it('keeps the logical ids of what holds data: a change here is data loss', () => {
    const stateful = ['AWS::DynamoDB::Table', 'AWS::S3::Bucket', 'AWS::KMS::Key', 'AWS::Events::EventBus'];
    expect(Object.fromEntries(stateful.map((t) => [t, resourcesOf(prod.state, t).map(([id]) => id)]))).toEqual({
      'AWS::DynamoDB::Table': ['Resources431A4779', 'Findings172CF60E', 'Policies05F61E66'],
      'AWS::S3::Bucket': ['Quarantine23FF09FE', 'ArchiveDA4CB258'],
      'AWS::KMS::Key': ['Key961B73FD'],
      'AWS::Events::EventBus': ['BusEA82B648'],
    });
  });

  it('retains, encrypts under its own key and can be restored to any second; only the local one goes', () => {
    for (const [id, table] of resourcesOf(prod.state, 'AWS::DynamoDB::Table')) {
      expect(table['DeletionPolicy'], id).toBe('Retain');
      expect(table['UpdateReplacePolicy'], id).toBe('Retain');
      expect(table.Properties, id).toMatchObject({
        DeletionProtectionEnabled: true,
        PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
        SSESpecification: {
          SSEEnabled: true,
          SSEType: 'KMS',
          KMSMasterKeyId: { 'Fn::GetAtt': ['Key961B73FD', 'Arn'] },
        },
      });
    }
    prod.state.hasResource('AWS::S3::Bucket', { DeletionPolicy: 'Retain' });
    prod.state.hasResource('AWS::KMS::Key', { DeletionPolicy: 'Retain', Properties: { EnableKeyRotation: true } });
    expect(prod.stacks.state.terminationProtection).toBe(true);
    expect(local.stacks.state.terminationProtection).toBe(false);
    for (const [id, table] of resourcesOf(local.state, 'AWS::DynamoDB::Table'))
      expect(table['DeletionPolicy'], id).toBe('Delete');
  });

  it('streams old and new images of the resources table', () => {
    prod.state.hasResourceProperties('AWS::DynamoDB::Table', {
      StreamSpecification: { StreamViewType: 'NEW_AND_OLD_IMAGES' },
      KeySchema: [
        { AttributeName: 'resource', KeyType: 'HASH' },
        { AttributeName: 'item', KeyType: 'RANGE' },
      ],
      TimeToLiveSpecification: { AttributeName: 'expires_at', Enabled: true },
    });
  });

  it('forgets the quarantine after 30 days, and lets nobody see it without TLS', () => {
    prod.state.hasResourceProperties('AWS::S3::Bucket', {
      LifecycleConfiguration: {
        Rules: [Match.objectLike({ ExpirationInDays: 30, Status: 'Enabled' })],
      },
      PublicAccessBlockConfiguration: {
        BlockPublicAcls: true,
        BlockPublicPolicy: true,
        IgnorePublicAcls: true,
        RestrictPublicBuckets: true,
      },
    });
    prod.state.hasResourceProperties('AWS::S3::BucketPolicy', {
      PolicyDocument: {
        Statement: Match.arrayWith([
          Match.objectLike({ Effect: 'Deny', Condition: { Bool: { 'aws:SecureTransport': 'false' } } }),
        ]),
      },
    });
  });

  it('archives what it publishes, except locally, where no archive exists', () => {
    prod.state.resourceCountIs('AWS::Events::Archive', 1);
    local.state.resourceCountIs('AWS::Events::Archive', 0);
    prod.state.hasResourceProperties('AWS::Events::EventBus', { Name: 'edict' });
    local.state.hasResourceProperties('AWS::Events::EventBus', { Name: 'edict-local' });
  });
});

describe('the canary', () => {
  it('moves by the clock, through a rule that takes its one resource and nothing else', () => {
    prod.pipeline.hasResourceProperties('AWS::Events::Rule', {
      EventPattern: {
        source: [CANARY_SOURCE],
        detail: { configurationItem: { ARN: [CANARY.aws.id], awsAccountId: [CANARY.aws.account] } },
      },
    });
    prod.pipeline.hasResourceProperties('AWS::Events::Rule', {
      ScheduleExpression: 'rate(1 minute)',
      Targets: [{ Arn: { 'Fn::GetAtt': [Match.stringLikeRegexp('^CanaryFunction'), 'Arn'] } }],
    });
  });

  it('rings when it is missed, and when it does not move', () => {
    const alarms = resourcesOf(prod.pipeline, 'AWS::CloudWatch::Alarm').filter(([id]) => id.startsWith('Canary'));
    const told = alarms.map(([, { Properties: p }]) => [p['MetricName'], p['TreatMissingData'], p['Threshold']]);
    expect(told).toContainEqual(['CanaryMissed', 'notBreaching', 0]);
    expect(told).toContainEqual(['CanaryProbes', 'breaching', 1]);
    // At once, and until the next move was noticed.
    expect(alarms.find(([, { Properties: p }]) => p['MetricName'] === 'CanaryMissed')?.[1].Properties).toMatchObject({
      Period: 60,
      DatapointsToAlarm: 1,
      EvaluationPeriods: 6,
    });
  });

  it('is not there locally, where nothing moves by itself', () => {
    expect(JSON.stringify(local.pipeline.toJSON())).not.toMatch(/canary/i);
  });
});

describe('the machine of a sweep', () => {
  interface State {
    readonly Type: string;
    readonly Retry?: readonly object[];
    readonly Catch?: readonly { readonly Next: string }[];
    readonly ItemProcessor?: { readonly ProcessorConfig: object; readonly States: States };
    readonly [key: string]: unknown;
  }
  interface States {
    readonly [name: string]: State;
  }
  const definition = (template: Template): States => {
    const [machine] = resourcesOf(template, 'AWS::StepFunctions::StateMachine');
    const joined = machine?.[1].Properties['DefinitionString'] as { 'Fn::Join': [string, unknown[]] } | undefined;
    const text = (joined?.['Fn::Join'][1] ?? []).map((piece) => (typeof piece === 'string' ? piece : 'token')).join('');
    return (JSON.parse(text) as { readonly States: States }).States;
  };
  const states = definition(prod.pipeline);

  it('maps over scopes and over segments, each an execution of its own that pages cannot fill', () => {
    const maps = Object.values(states).filter(({ Type }) => Type === 'Map');
    expect(
      maps.map(({ ItemsPath, ItemProcessor, MaxConcurrency }) => [
        ItemsPath,
        ItemProcessor?.ProcessorConfig,
        MaxConcurrency,
      ]),
    ).toEqual([
      ['$.scopes', { Mode: 'DISTRIBUTED', ExecutionType: 'STANDARD' }, 8],
      ['$.walks', { Mode: 'DISTRIBUTED', ExecutionType: 'STANDARD' }, 8],
    ]);
    // Hundreds of children give back nothing: what comes out of a map must fit into 256 KB.
    for (const map of maps) expect(map).toMatchObject({ ResultPath: null, ToleratedFailurePercentage: 100 });
  });

  it('tries each step again as the tests do, and gives up the one that fails every time', () => {
    const inner = Object.values(states).flatMap((s) => (s.ItemProcessor === undefined ? [] : [s.ItemProcessor.States]));
    const chains: readonly States[] = [states, ...inner];
    const tasks = chains.flatMap((of) => Object.entries(of).filter(([, s]) => s.Type === 'Task'));
    expect(tasks.map(([name]) => name).sort()).toEqual([
      'Begin',
      ...['List', 'Look for what is gone', 'Sum up'].flatMap((chain) => [`${chain} given up`, `${chain} step`]),
    ]);
    const again = {
      ErrorEquals: ['States.ALL'],
      IntervalSeconds: 60,
      MaxAttempts: TRIES_AGAIN,
      BackoffRate: 2,
      MaxDelaySeconds: 900,
    };
    for (const [name, task] of tasks) {
      expect(task.Retry, name).toEqual([{ ErrorEquals: ['BadInput'], MaxAttempts: 0 }, again]);
      const caught = task.Catch?.map(({ Next }) => Next) ?? [];
      expect(caught, name).toEqual(name.endsWith(' step') ? [name.replace(/step$/, 'given up')] : []);
    }
  });

  it('fails where the digest is given up, and goes on without anything else', () => {
    expect(states['Sum up given up']).toMatchObject({ Next: 'Sum up failed' });
    expect(states['Sum up failed']?.Type).toBe('Fail');
    const inner = Object.values(states).flatMap((s) => (s.ItemProcessor === undefined ? [] : [s.ItemProcessor.States]));
    const ends = inner.map((of) =>
      Object.values(of).flatMap(({ Type }) => (['Fail', 'Succeed'].includes(Type) ? [Type] : [])),
    );
    expect(ends).toEqual([
      ['Succeed', 'Succeed'],
      ['Succeed', 'Succeed'],
    ]);
  });

  it('rings when none began for more than a day, which it may without an alarm of CloudWatch’s being refused', () => {
    const silent = resourcesOf(prod.pipeline, 'AWS::CloudWatch::Alarm').filter(
      ([, { Properties: p }]) => p['MetricName'] === 'ExecutionsStarted',
    );
    expect(silent.map(([, { Properties: p }]) => p)).toMatchObject([
      { Period: 3600, EvaluationPeriods: 26, TreatMissingData: 'breaching', Threshold: 1 },
    ]);
    // However else it ends without success, it rings: what begins and does not ring has succeeded, or goes on.
    const ends = resourcesOf(prod.pipeline, 'AWS::CloudWatch::Alarm').flatMap(([, { Properties: p }]) =>
      String(p['MetricName']).startsWith('Executions') ? [p['MetricName']] : [],
    );
    expect(new Set(ends)).toEqual(
      new Set(['ExecutionsAborted', 'ExecutionsFailed', 'ExecutionsStarted', 'ExecutionsTimedOut']),
    );
    // https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html (Period), 2026-11-25
    for (const [id, { Properties: p }] of resourcesOf(prod.pipeline, 'AWS::CloudWatch::Alarm')) {
      const [period, periods] = [Number(p['Period']), Number(p['EvaluationPeriods'])];
      expect(period * periods, id).toBeLessThanOrEqual(period < 3600 ? 86_400 : 604_800);
    }
  });

  it('is started daily, by a person otherwise, and may call one function and its own executions', () => {
    prod.pipeline.hasResourceProperties('AWS::Events::Rule', {
      ScheduleExpression: 'cron(17 2 * * ? *)',
      Targets: [Match.objectLike({ Arn: { Ref: Match.stringLikeRegexp('^SweepMachine') }, Input: '{}' })],
    });
    const actions = statements(prod.pipeline)
      .filter(([id]) => id.startsWith('SweepMachine'))
      .flatMap(([, s]) => actionsOf(s));
    expect([...new Set(actions)].sort()).toEqual([
      'lambda:InvokeFunction',
      'states:DescribeExecution',
      'states:RedriveExecution',
      'states:StartExecution',
      'states:StopExecution',
    ]);
  });
});

describe('who may tell', () => {
  const sources = (template: Template): string[] =>
    resourcesOf(template, 'AWS::Events::Rule').flatMap(
      ([, rule]) => (rule.Properties['EventPattern'] as { source?: string[] } | undefined)?.source ?? [],
    );

  it('takes a private source only under the local context', () => {
    for (const source of Object.values(LOCAL_SOURCES)) {
      expect(sources(local.pipeline)).toContain(source);
      expect(sources(prod.pipeline)).not.toContain(source);
    }
    expect(JSON.stringify(prod.pipeline.toJSON())).not.toContain('edict.local');
  });

  it('takes both forms of a Config change, and the SageMaker changes that Config lacks', () => {
    prod.pipeline.hasResourceProperties('AWS::Events::Rule', {
      EventBusName: Match.absent(),
      EventPattern: {
        source: ['aws.config'],
        'detail-type': ['Config Configuration Item Change'],
        detail: {
          messageType: ['ConfigurationItemChangeNotification', 'OversizedConfigurationItemChangeNotification'],
        },
      },
    });
    prod.pipeline.hasResourceProperties('AWS::Events::Rule', {
      EventPattern: { source: ['aws.sagemaker'], 'detail-type': [...AWS_DETAIL_TYPES['aws.sagemaker']] },
    });
  });

  it('lets member accounts forward only where an organisation is named, and only those sources', () => {
    prod.pipeline.resourceCountIs('AWS::Events::EventBusPolicy', 0);
    const organised = deploy({ stage: 'org', bundle: 'false', organizationId: 'o-abcdefghij' });
    organised.pipeline.hasResourceProperties('AWS::Events::EventBusPolicy', {
      Statement: {
        Action: 'events:PutEvents',
        Condition: {
          StringEquals: { 'aws:PrincipalOrgID': 'o-abcdefghij' },
          'ForAllValues:StringEquals': { 'events:source': ['aws.config', 'aws.sagemaker'] },
          Null: { 'events:source': 'false' },
        },
      },
    });
    expect(organised.findings).toEqual([]);
  });

  it('throttles the front door and logs neither headers nor bodies', () => {
    prod.pipeline.hasResourceProperties('AWS::ApiGatewayV2::Stage', {
      DefaultRouteSettings: { ThrottlingRateLimit: 200, ThrottlingBurstLimit: 400 },
      AccessLogSettings: { Format: Match.not(Match.stringLikeRegexp('authorizer|header|body')) },
    });
    expect(
      resourcesOf(prod.pipeline, 'AWS::ApiGatewayV2::Route').map(([, route]) => route.Properties['RouteKey']),
    ).toEqual(
      expect.arrayContaining([
        'POST /azure/events',
        'OPTIONS /azure/events',
        'POST /google/assets',
        'POST /slack/actions',
      ]),
    );
  });

  it('hands the callers to the front door as one contract, subscriptions in lower case', () => {
    const [, ingest] = functionOf(prod.pipeline, 'Ingest');
    const { AZURE_CALLERS } = (ingest.Properties['Environment'] as { Variables: Record<string, string> }).Variables;
    expect(JSON.parse(AZURE_CALLERS ?? '')).toMatchObject({
      issuers: [
        'https://sts.windows.net/11111111-2222-4333-8444-555555555555/',
        'https://login.microsoftonline.com/11111111-2222-4333-8444-555555555555/v2.0',
      ],
      jwksUrl: 'https://login.microsoftonline.com/11111111-2222-4333-8444-555555555555/discovery/v2.0/keys',
      subscriptions: ['aaaaaaaa-0000-4000-8000-000000000001', 'aaaaaaaa-0000-4000-8000-000000000002'],
    });
  });
});

function functionOf(template: Template, id: string): [string, Resource] {
  const found = resourcesOf(template, 'AWS::Lambda::Function').find(([logicalId]) => logicalId.startsWith(id));
  if (found === undefined) throw new Error(`no function ${id}`);
  return found;
}

describe('the functions', () => {
  it('are one for each contract of an environment, on Node 24 and ARM, of at most 512 MB', () => {
    const functions = [...resourcesOf(prod.pipeline, 'AWS::Lambda::Function'), ...authoringOf('AWS::Lambda::Function')];
    expect(functions).toHaveLength(Object.keys(environments).length);
    for (const [id, { Properties }] of functions)
      expect(Properties, id).toMatchObject({ Runtime: 'nodejs24.x', Architectures: ['arm64'], MemorySize: 512 });
  });

  it('get an environment that their contract accepts', () => {
    for (const [id, { Properties }] of [
      ...resourcesOf(prod.pipeline, 'AWS::Lambda::Function'),
      ...authoringOf('AWS::Lambda::Function'),
    ]) {
      const { Variables } = Properties['Environment'] as { Variables: Record<string, unknown> };
      const name = Variables['POWERTOOLS_SERVICE_NAME'] as keyof typeof environments;
      const strings = Object.fromEntries(
        // A token becomes a name when it is deployed; a queue's is a URL.
        Object.entries(Variables).map(([key, v]) => [key, typeof v === 'string' ? v : `https://token.example/${key}`]),
      );
      expect(environments[name].safeParse(strings).error, id).toBeUndefined();
    }
  });

  it('are called for a commit only where it has something to publish', () => {
    const patterns = resourcesOf(prod.pipeline, 'AWS::Lambda::EventSourceMapping').map(
      ([, { Properties }]) => (Properties['FilterCriteria'] as { Filters: { Pattern: string }[] } | undefined)?.Filters,
    );
    const wanted = { dynamodb: { NewImage: { pending_since: { N: [{ exists: true }] } } } };
    expect(patterns).toContainEqual([{ Pattern: JSON.stringify(wanted) }]);
  });

  it('have no Slack notifier and no Azure identity where neither is configured', () => {
    const bare = deploy({ stage: 'bare', bundle: 'false' });
    expect(resourcesOf(bare.pipeline, 'AWS::Lambda::Function')).toHaveLength(Object.keys(environments).length - 3);
    expect(JSON.stringify(bare.pipeline.toJSON())).not.toContain('sts:GetWebIdentityToken');
    expect(bare.findings).toEqual([]);
  });
});

describe('queues', () => {
  it('have dead letters, TLS, encryption, and a visibility of six times their consumer', () => {
    const queues = resourcesOf(prod.pipeline, 'AWS::SQS::Queue');
    const consumed = resourcesOf(prod.pipeline, 'AWS::Lambda::EventSourceMapping').flatMap(([, { Properties }]) => {
      const arn = Properties['EventSourceArn'] as { 'Fn::GetAtt'?: [string, string] };
      const fn = (Properties['FunctionName'] as { Ref: string }).Ref;
      const id = arn['Fn::GetAtt']?.[0];
      return id === undefined || !queues.some(([queue]) => queue === id) ? [] : [{ id, fn, Properties }];
    });
    expect(consumed).toHaveLength(4);
    for (const { id, fn, Properties } of consumed) {
      const queue = queues.find(([queueId]) => queueId === id)?.[1].Properties;
      const consumer = resourcesOf(prod.pipeline, 'AWS::Lambda::Function').find(([logicalId]) => logicalId === fn)?.[1];
      const Timeout = Number(consumer?.Properties['Timeout']);
      expect(queue?.['VisibilityTimeout'], id).toBe(Timeout * 6);
      expect(queue?.['RedrivePolicy'], id).toMatchObject({ deadLetterTargetArn: expect.anything() });
      expect(Properties['FunctionResponseTypes'], id).toEqual(['ReportBatchItemFailures']);
      expect(Properties['ScalingConfig'], id).toMatchObject({ MaximumConcurrency: expect.any(Number) });
    }
    for (const [id, { Properties }] of queues) expect(Properties['SqsManagedSseEnabled'], id).toBe(true);
  });

  it('ring for dead letters and for age', () => {
    const queues = resourcesOf(prod.pipeline, 'AWS::SQS::Queue');
    const alarms = resourcesOf(prod.pipeline, 'AWS::CloudWatch::Alarm').map(([, { Properties }]) => Properties);
    const rings = (metric: string) =>
      alarms.filter((a) => a['MetricName'] === metric && a['Namespace'] === 'AWS/SQS').length;
    expect(rings('ApproximateNumberOfMessagesVisible')).toBe(queues.length / 2);
    expect(rings('ApproximateAgeOfOldestMessage')).toBe(queues.length / 2);
  });
});

describe('alarms', () => {
  const runbook = readFileSync(join(root, 'docs', 'runbook.md'), 'utf8');
  const anchors = new Set(
    [...runbook.matchAll(/^#{2,3} (.+)$/gm)].map(([, title = '']) =>
      title
        .toLowerCase()
        .replaceAll(/[^\w\- ]/g, '')
        .replaceAll(' ', '-'),
    ),
  );
  const alarms = [...resourcesOf(prod.pipeline, 'AWS::CloudWatch::Alarm'), ...authoringOf('AWS::CloudWatch::Alarm')];

  it('name a section of the runbook that exists', () => {
    expect(alarms.length).toBeGreaterThan(25);
    for (const [id, { Properties }] of alarms) {
      const anchor = /docs\/runbook\.md#([\w-]+)$/.exec(String(Properties['AlarmDescription']))?.[1];
      expect(anchors, id).toContain(anchor);
    }
  });

  it('are of single metrics: the local AWS takes no metric math', () => {
    for (const [id, { Properties }] of alarms) expect(Properties['Metrics'], id).toBeUndefined();
  });

  it('watch only metrics that Edict publishes', () => {
    for (const [id, { Properties }] of alarms)
      if (Properties['Namespace'] === 'Edict') expect(Object.keys(METRICS), id).toContain(Properties['MetricName']);
  });

  it('reach people: every state change of an alarm of the pipeline goes to the topic', () => {
    prod.observability.hasResourceProperties('AWS::Events::Rule', {
      EventPattern: {
        source: ['aws.cloudwatch'],
        detail: { alarmName: [{ prefix: 'edict-prod-pipeline-' }] },
      },
      Targets: [Match.objectLike({ Arn: { Ref: Match.stringLikeRegexp('^Alarms') } })],
    });
    authored.observability.hasResourceProperties('AWS::Events::Rule', {
      EventPattern: {
        detail: { alarmName: [{ prefix: 'edict-authored-pipeline-' }, { prefix: 'edict-authored-authoring-' }] },
      },
    });
  });
});

interface Statement {
  readonly Action: string | string[];
  readonly Resource: unknown;
  readonly Effect: string;
  readonly Condition?: unknown;
}
const statements = (template: Template): [string, Statement][] =>
  resourcesOf(template, 'AWS::IAM::Policy').flatMap(([id, { Properties }]) =>
    (Properties['PolicyDocument'] as { Statement: Statement[] }).Statement.map((s): [string, Statement] => [id, s]),
  );
const actionsOf = ({ Action }: Statement): string[] => [Action].flat();

describe('least privilege', () => {
  it('has nothing on every resource but what names none', () => {
    const anywhere = statements(prod.pipeline)
      .filter(([, s]) => s.Resource === '*')
      .flatMap(([id, s]) => actionsOf(s).map((action) => `${id.replace(/Role.*$/, '')} ${action}`))
      .sort();
    expect(anywhere).toEqual([
      'Evaluate config:GetResourceConfigHistory',
      'Evaluate rds:DescribeDBClusterParameterGroups',
      'Evaluate rds:DescribeDBClusterParameters',
      'Evaluate rds:DescribeDBParameterGroups',
      'Evaluate rds:DescribeDBParameters',
      'Evaluate s3:GetAccountPublicAccessBlock',
      'Evaluate sagemaker:DescribeEndpoint',
      'Evaluate sagemaker:DescribeEndpointConfig',
      'Evaluate sagemaker:DescribeModel',
      'Evaluate sagemaker:ListTags',
      'Evaluate sts:GetWebIdentityToken',
      'Project dynamodb:ListStreams',
      'ReJudge dynamodb:ListStreams',
      'Sweep config:SelectAggregateResourceConfig',
      'Sweep config:SelectResourceConfig',
      'Sweep sagemaker:ListEndpoints',
      'Sweep sts:GetWebIdentityToken',
    ]);
  });

  it('reads other accounts by one role alone, and not without one', () => {
    const assumes = (template: Template) =>
      statements(template).flatMap(([id, s]) => (actionsOf(s).includes('sts:AssumeRole') ? [[id, s.Resource]] : []));
    expect(assumes(prod.pipeline)).toEqual([
      [
        expect.stringMatching(/^Evaluate/),
        { 'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, ':iam::*:role/edict-reader']] },
      ],
    ]);
    const { awsReaderRole: _role, awsExternalId: _id, ...alone } = everything;
    expect(assumes(deploy({ ...alone, stage: 'alone' }).pipeline)).toEqual([]);
  });

  it('lets the canary speak as itself, knock at one door and keep its proofs, and nothing else', () => {
    const canary = statements(prod.pipeline).filter(([id]) => id.startsWith('Canary'));
    const actions = canary.flatMap(([, s]) => actionsOf(s)).filter((action) => !/^(kms|logs):/.test(action));
    expect(actions.sort()).toEqual([
      'dynamodb:BatchGetItem',
      'dynamodb:GetItem',
      'dynamodb:PutItem',
      'dynamodb:Query',
      'events:PutEvents',
      'lambda:InvokeFunction',
    ]);
    const invokes = canary.find(([, s]) => actionsOf(s).includes('lambda:InvokeFunction'))?.[1].Resource;
    expect(JSON.stringify(invokes)).toMatch(/^\{"Fn::GetAtt":\["IngestFunction/);
    const speaks = canary.find(([, s]) => actionsOf(s).includes('events:PutEvents'))?.[1];
    expect(speaks).toMatchObject({ Condition: { StringEquals: { 'events:source': CANARY_SOURCE } } });
  });

  it('lets the front door write only to the queue and the quarantine', () => {
    const actions = statements(prod.pipeline)
      .filter(([id]) => id.startsWith('Ingest'))
      .flatMap(([, s]) => actionsOf(s))
      .filter((action) => !/^(kms|logs):/.test(action));
    expect(actions.sort()).toEqual([
      's3:Abort*',
      's3:PutObject',
      's3:PutObjectLegalHold',
      's3:PutObjectRetention',
      's3:PutObjectTagging',
      's3:PutObjectVersionTagging',
      'sqs:GetQueueAttributes',
      'sqs:GetQueueUrl',
      'sqs:SendMessage',
    ]);
  });

  it('lets the sweep and the notifier make only the calls on tables that they make', () => {
    const tables = (id: string) =>
      statements(prod.pipeline)
        .filter(([policy]) => policy.startsWith(id))
        .map(([, s]) => actionsOf(s).filter((action) => action.startsWith('dynamodb:')))
        .filter((actions) => actions.length > 0);
    expect(tables('Sweep')).toEqual([
      ['dynamodb:BatchGetItem', 'dynamodb:GetItem', 'dynamodb:Query', 'dynamodb:UpdateItem'],
      ['dynamodb:Query'],
    ]);
    expect(tables('NotifySlack')).toEqual([
      ['dynamodb:DeleteItem', 'dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:Query', 'dynamodb:UpdateItem'],
      ['dynamodb:GetItem'],
    ]);
  });

  it('lets the door for Slack explain, record what was answered and keep exceptions, and nothing else', () => {
    const of = statements(prod.pipeline).filter(([id]) => id.startsWith('SlackActions'));
    const actions = of.map(([, s]) => actionsOf(s).filter((action) => !/^(kms|logs):/.test(action)));
    expect(actions.filter((some) => some.length > 0)).toEqual([
      ['dynamodb:BatchGetItem', 'dynamodb:GetItem'],
      ['dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:UpdateItem'],
      ['dynamodb:GetItem', 'dynamodb:PutItem'],
      ['secretsmanager:DescribeSecret', 'secretsmanager:GetSecretValue'],
    ]);
    for (const [id, s] of of) expect(s.Resource, id).not.toBe('*');
  });

  it('passes cdk-nag, in every context', () => {
    expect(prod.findings).toEqual([]);
    expect(local.findings).toEqual([]);
    expect(authored.findings).toEqual([]);
  });
});

describe('the stack that authors', () => {
  const actions = (template: Template | undefined): readonly (readonly [readonly string[], unknown, unknown])[] =>
    (template === undefined ? [] : statements(template))
      .map(([, s]) => [actionsOf(s), s.Resource, s.Condition] as const)
      .filter(([all]) => !all.every((a) => /^(?:kms|logs|sqs):/.test(a)));

  it('is there where a model is configured, and nothing else changes but that what is authored expires', () => {
    expect(prod.authoring).toBeUndefined();
    expect(JSON.stringify([prod.state, prod.pipeline, prod.observability].map((t) => t.toJSON()))).not.toMatch(
      /authoring|"author"/i,
    );
    const named = (template: Template): string => JSON.stringify(template.toJSON()).replaceAll('authored', 'prod');
    const tables = (template: Template) =>
      resourcesOf(template, 'AWS::DynamoDB::Table').map(
        ([id, { Properties }]) => [id, Properties['TimeToLiveSpecification']] as const,
      );
    expect(tables(prod.state).filter(([, ttl]) => ttl === undefined)).toEqual([['Policies05F61E66', undefined]]);
    expect(tables(authored.state)).toContainEqual(['Policies05F61E66', { AttributeName: 'expires_at', Enabled: true }]);
    expect(named(authored.pipeline)).toBe(named(deploy({ ...everything, stage: 'authored' }).pipeline));
  });

  it('lets its function write its own items, read what is active and one secret, and neither approve nor activate', () => {
    const own = { 'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': ['authoring#*'] } };
    const read = { 'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': ['active', 'bundle#*'] } };
    const all = actions(authored.authoring);
    expect(all.map(([of, , condition]) => [of, condition])).toEqual([
      [['dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:Query', 'dynamodb:UpdateItem'], own],
      [['dynamodb:GetItem'], read],
      [['secretsmanager:DescribeSecret', 'secretsmanager:GetSecretValue'], undefined],
    ]);
    expect(JSON.stringify(all[2]?.[1])).toContain(':secret:edict/model-??????');
    for (const [, resource] of all) expect(resource).not.toBe('*');
  });

  it('may call the configured models of Bedrock, those of an inference profile through it alone, and reads no secret', () => {
    const bedrock = deploy({
      ...everything,
      stage: 'bedrock',
      authoringBedrockModels: 'eu.anthropic.claude-opus-5-5,anthropic.claude-sonnet-5-5,anthropic.claude-sonnet-5-5',
      authoringTokenBudget: '100000',
    });
    expect(bedrock.findings).toEqual([]);
    const calls = actions(bedrock.authoring).filter(([of]) => of.some((a) => !a.startsWith('dynamodb:')));
    const models = ([, resource]: (typeof calls)[number]): readonly string[] =>
      [resource].flat().map((r) =>
        JSON.stringify(r)
          .replace(/^.*:bedrock:/, '')
          .replace(/"\]\]\}$/, ''),
      );
    expect(calls.map(([of]) => of)).toEqual([['bedrock:InvokeModel'], ['bedrock:InvokeModel']]);
    const [outright, through] = calls.map((c) => models(c).toSorted());
    expect(outright).toEqual([
      expect.stringMatching(/AWS::AccountId.*:inference-profile\/eu\.anthropic\.claude-opus-5-5$/),
      expect.stringMatching(/^(?!\*).*::foundation-model\/anthropic\.claude-sonnet-5-5$/),
    ]);
    expect(through).toEqual(['*::foundation-model/anthropic.claude-opus-5-5']);
    const profile = { 'Fn::Join': ['', expect.arrayContaining([':inference-profile/eu.anthropic.claude-opus-5-5'])] };
    expect([calls[0]?.[2], calls[1]?.[2]]).toEqual([
      undefined,
      { StringEquals: { 'bedrock:InferenceProfileArn': profile } },
    ]);
    expect(JSON.stringify(bedrock.authoring?.toJSON())).not.toContain('secretsmanager');
    bedrock.authoring?.hasResourceProperties('AWS::Lambda::Function', {
      Environment: {
        Variables: {
          AUTHORING: JSON.stringify({
            provider: 'bedrock',
            models: {
              author: 'eu.anthropic.claude-opus-5-5',
              second: 'anthropic.claude-sonnet-5-5',
              explain: 'anthropic.claude-sonnet-5-5',
            },
            token_budget: 100_000,
          }),
        },
      },
    });
  });

  it('works on two sentences at once, tries each message three times, and keeps it as a dead letter that rings', () => {
    authored.authoring?.hasResourceProperties('AWS::Lambda::EventSourceMapping', {
      BatchSize: 1,
      ScalingConfig: { MaximumConcurrency: 2 },
      FunctionResponseTypes: ['ReportBatchItemFailures'],
    });
    const [fn] = authoringOf('AWS::Lambda::Function');
    authored.authoring?.hasResourceProperties('AWS::SQS::Queue', {
      VisibilityTimeout: Number(fn?.[1].Properties['Timeout']) * 6,
      RedrivePolicy: { maxReceiveCount: 3 },
    });
    const rings = authoringOf('AWS::CloudWatch::Alarm').map(([, { Properties }]) => String(Properties['MetricName']));
    expect(rings.toSorted()).toEqual([
      'ApproximateAgeOfOldestMessage',
      'ApproximateNumberOfMessagesVisible',
      'AuthoringRefused',
      'Errors',
      'ModelCalls',
      'ModelTokens',
      'Throttles',
    ]);
  });
});

describe('the context', () => {
  it.each([
    [{ azureJwksUrl: 'http://127.0.0.1:1/keys' }, /Only the local context/],
    [{ azureCredential: 'none' }, /only the local context/],
    [{ stage: 'Prod!' }, /lower case letters/],
    [{ azureAudience: '' }, /together/],
    [{ googleSubscription: '' }, /together/],
    [{ googleSubscription: 'not-a-subscription' }, /subscription/],
    [{ local: 'maybe' }, /local/],
    [{ awsExternalId: '' }, /together/],
    [{ awsReaderRole: 'arn:aws:iam::111122223333:role/x' }, /a name, no ARN/],
    [{ authoringSecretName: 'a', authoringBedrockModels: 'a,b,c' }, /not both/],
    [{ authoringBedrockModels: 'anthropic.one,anthropic.two' }, /authoringBedrockModels/],
    [{ authoringBedrockModels: 'a,b,*' }, /no ARN/],
    [{ authoringSecretName: 'a', authoringUrl: 'http://127.0.0.1:1' }, /Only the local context/],
    [{ authoringUrl: 'https://models.example' }, /authoringSecretName/],
    [{ authoringTokenBudget: '0', authoringSecretName: 'a' }, /authoringTokenBudget/],
  ])('refuses %j with a sentence', (wrong, sentence) => {
    const context: Record<string, string> = { ...everything, ...wrong };
    expect(() => readConfig((key) => context[key])).toThrow(sentence);
  });

  const subscriptions = (n: number): string =>
    Array.from({ length: n }, (_, i) => `aaaaaaaa-0000-4000-8000-${String(i).padStart(12, '0')}`).join();
  const googleCredentials = JSON.stringify({ type: 'external_account', audience: 'x'.repeat(900) });

  it('refuses more subscriptions than a function can be told, and says how many fit', () => {
    const context: Record<string, string> = {
      ...everything,
      azureSubscriptions: subscriptions(200),
      googleCredentials,
    };
    const read = () => readConfig((key) => context[key]);
    let said = '';
    expect(read).toThrow(/names 200 subscriptions, and \d+ of them fit.* several deployments/);
    try {
      read();
    } catch (error) {
      said = String(error);
    }
    const fit = Number(/and (\d+) of them fit/.exec(said)?.[1]);
    expect(fit).toBeGreaterThan(30);
    context['azureSubscriptions'] = subscriptions(fit + 1);
    expect(read).toThrow(`and ${fit} of them fit`);
    // As many as fit are within what Lambda takes, with the longest name of a stage; what a deployment fills in is taken for long.
    const { pipeline } = deploy({ ...context, stage: 'production-eu-01', azureSubscriptions: subscriptions(fit) });
    for (const [id, { Properties: p }] of resourcesOf(pipeline, 'AWS::Lambda::Function')) {
      const { Variables: told = {} } = (p['Environment'] ?? {}) as { readonly Variables?: Record<string, unknown> };
      const sizes = Object.entries(told).map(([name, v]) => name.length + (typeof v === 'string' ? v.length : 128));
      expect(
        sizes.reduce((a, b) => a + b, 0),
        id,
      ).toBeLessThanOrEqual(4096);
    }
  });

  it('says what the commands look for in the outputs', () => {
    for (const name of STACK_OUTPUTS.state) prod.state.hasOutput(name, {});
    for (const name of STACK_OUTPUTS.pipeline) prod.pipeline.hasOutput(name, {});
    for (const name of STACK_OUTPUTS.authoring) authored.authoring?.hasOutput(name, {});
  });
});
