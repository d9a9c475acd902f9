import { CfnOutput, Duration, RemovalPolicy, Stack, type StackProps } from 'aws-cdk-lib';
import { CfnStage, HttpApi, HttpMethod } from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import { ComparisonOperator, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import type { ITable, Table } from 'aws-cdk-lib/aws-dynamodb';
import { CfnEventBusPolicy, type EventBus, Rule, RuleTargetInput, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction, SfnStateMachine, SqsQueue } from 'aws-cdk-lib/aws-events-targets';
import { FilterCriteria, FilterRule } from 'aws-cdk-lib/aws-lambda';
import { SqsDlq } from 'aws-cdk-lib/aws-lambda-event-sources';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { Bucket } from 'aws-cdk-lib/aws-s3';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import type { Construct } from 'constructs';
import { CANARY, CANARY_LOOK_MINUTES, CANARY_MINUTES, CANARY_SOURCE } from '../../shared/model/canary.ts';
import {
  AWS_DETAIL_TYPES,
  CONFIG_MESSAGE_TYPES,
  EVENT_SOURCE,
  INGEST_PATHS,
  LOCAL_SOURCES,
  type PipelineOutput,
  stackNames,
} from '../../shared/model/deployment.ts';
import { FINDING_DETAIL_TYPES } from '../../shared/model/finding-event.ts';
import type { FunctionName } from '../../shared/runtime/env.ts';
import type { EdictConfig } from '../config.ts';
import { addAlarm, edictMetric } from '../constructs/alarm.ts';
import { ArchiveStream } from '../constructs/archive-stream.ts';
import { AppFunction } from '../constructs/app-function.ts';
import { acknowledge } from '../constructs/nag.ts';
import { SweepMachine } from '../constructs/sweep-machine.ts';
import { WorkQueue } from '../constructs/work-queue.ts';
import type { StateStack } from './state.ts';

export interface PipelineStackProps extends StackProps {
  readonly config: EdictConfig;
  readonly resources: Table;
  readonly findings: Table;
  readonly policies: Table;
  readonly quarantine: Bucket;
  readonly archive: StateStack['archive'];
  readonly bus: EventBus;
}

/** Requests a second that the front door takes, and how many at once above it. */
const FRONT_DOOR = { rateLimit: 200, burstLimit: 400 };

/** From a provider's notice to a published finding. It holds no state that cannot be read or delivered again. */
export class PipelineStack extends Stack {
  /** Every queue, for those who watch. */
  readonly queues: readonly WorkQueue[];
  readonly #props: PipelineStackProps;

  constructor(scope: Construct, id: string, props: PipelineStackProps) {
    const { config } = props;
    super(scope, id, { ...props, stackName: stackNames(config.stage).pipeline, description: 'Edict: pipeline' });
    this.#props = props;

    const reJudge = new WorkQueue(this, 'ReJudgeQueue', {
      config,
      name: 're-judge',
      consumerTimeout: Duration.seconds(60),
    });
    const changes = this.#evaluate();
    const { api, ingest } = this.#ingest(changes);
    this.#noticesOfAws(changes);
    this.#project(reJudge);
    this.#reJudge(reJudge);
    const sweep = this.#sweep(changes);
    if (config.slack !== undefined) {
      this.#slack(config.slack);
      this.#slackActions(config.slack, api);
    }
    // Nothing local moves by the clock that a person did not ask for.
    if (!config.local) this.#canary(ingest);

    this.queues = this.node.findAll().filter((construct) => construct instanceof WorkQueue);
    const output = (name: PipelineOutput, value: string) => new CfnOutput(this, name, { value });
    output('IngestUrl', api.apiEndpoint);
    output('IngestFunction', ingest.function.functionName);
    output('ChangesQueueUrl', changes.queue.queueUrl);
    output('ReJudgeQueueUrl', reJudge.queue.queueUrl);
    output('SweepMachineArn', sweep.machine.stateMachineArn);
    output('Local', String(config.local));
  }

  /** The changes queue and who judges what is in it. */
  #evaluate(): WorkQueue {
    const { config, resources, policies, quarantine, archive } = this.#props;
    const timeout = Duration.seconds(60);
    const kept = archive === undefined ? undefined : new ArchiveStream(this, 'ArchiveStream', { config, ...archive });
    const changes = new WorkQueue(this, 'ChangesQueue', { config, name: 'changes', consumerTimeout: timeout });
    const evaluate = new AppFunction(this, 'Evaluate', {
      functionName: 'evaluate',
      config,
      timeout,
      environment: {
        RESOURCES_TABLE: resources.tableName,
        POLICIES_TABLE: policies.tableName,
        QUARANTINE_BUCKET: quarantine.bucketName,
        CHANGES_QUEUE_URL: changes.queue.queueUrl,
        ARCHIVE_STREAM: kept?.streamName,
        AWS_READER: optionalJson(config.awsReader),
        AZURE_READER: optionalJson(config.azureReader),
      },
      rings: [
        {
          metric: 'ChangesQuarantined',
          says: 'Content that cannot be used is in the quarantine.',
          runbook: 'quarantine',
        },
        {
          metric: 'BundlesRejected',
          says: 'The active bundle cannot be used: the last good one stays in force.',
          runbook: 'bundle-rejected',
        },
        {
          metric: 'ReadBacksDenied',
          says: 'A provider refuses read-backs: facts are unknown.',
          runbook: 'read-backs-denied',
        },
        {
          metric: 'ReadBacksThrottled',
          above: 50,
          says: 'A provider throttles read-backs or does not answer.',
          runbook: 'read-backs-throttled',
        },
        {
          metric: 'MissedEvents',
          above: 50,
          says: 'A sweep finds what no event had told: news of a source is lost.',
          runbook: 'missed-events',
        },
        {
          metric: 'ChangesNotArchived',
          says: 'Changes are judged and cannot be kept: replays will not know of them.',
          runbook: 'archive',
        },
      ],
    });
    resources.grantReadWriteData(evaluate.function);
    policies.grantReadData(evaluate.function);
    quarantine.grantPut(evaluate.function);
    kept?.grantPut(evaluate);
    // What has to be read again goes behind what waits already.
    changes.grantSend(evaluate);
    const reads = [
      'config:GetResourceConfigHistory',
      'rds:DescribeDBClusterParameterGroups',
      'rds:DescribeDBClusterParameters',
      'rds:DescribeDBParameterGroups',
      'rds:DescribeDBParameters',
      's3:GetAccountPublicAccessBlock',
      'sagemaker:DescribeEndpoint',
      'sagemaker:DescribeEndpointConfig',
      'sagemaker:DescribeModel',
      'sagemaker:ListTags',
    ];
    evaluate.allowAnywhere(
      reads,
      'Reads back what a notice names: any resource of the account, none known beforehand.',
    );
    if (config.awsReader !== undefined) this.#readAccounts(evaluate, config.awsReader);
    this.#readAzure(evaluate);
    changes.consume(evaluate, { batchSize: 10, maxConcurrency: config.local ? 2 : 50 });
    return changes;
  }

  /** The front door for webhooks. Who may call, and what each answer means, is the function's business. */
  #ingest(changes: WorkQueue): { readonly api: HttpApi; readonly ingest: AppFunction<'ingest'> } {
    const { config, quarantine } = this.#props;
    const ingest = new AppFunction(this, 'Ingest', {
      functionName: 'ingest',
      config,
      timeout: Duration.seconds(15),
      environment: {
        CHANGES_QUEUE_URL: changes.queue.queueUrl,
        QUARANTINE_BUCKET: quarantine.bucketName,
        AZURE_CALLERS: optionalJson(config.azureCallers),
        GOOGLE_CALLERS: optionalJson(config.googleCallers),
      },
      rings: [
        {
          metric: 'ChangesQuarantined',
          says: 'Content that cannot be used is in the quarantine.',
          runbook: 'quarantine',
        },
        {
          metric: 'CallersRefused',
          above: 50,
          says: 'Somebody keeps calling the front door without a valid token.',
          runbook: 'callers-refused',
        },
        {
          metric: 'CallersUncheckable',
          above: 5,
          says: 'Tokens cannot be checked: the keys of their issuer cannot be fetched.',
          runbook: 'callers-uncheckable',
        },
      ],
    });
    changes.grantSend(ingest);
    quarantine.grantPut(ingest.function);

    const api = new HttpApi(this, 'Api', {
      apiName: `edict-${config.stage}-ingest`,
      description: 'Where Azure Event Grid and Google Pub/Sub deliver changes',
    });
    const integration = new HttpLambdaIntegration('IngestIntegration', ingest.function);
    const routes = [
      ...api.addRoutes({ path: INGEST_PATHS.azure, methods: [HttpMethod.POST, HttpMethod.OPTIONS], integration }),
      ...api.addRoutes({ path: INGEST_PATHS.google, methods: [HttpMethod.POST], integration }),
    ];
    for (const route of routes)
      acknowledge(
        route,
        'AwsSolutions-APIG4',
        'The caller is authenticated in the function: subscriptions, subscription names and roles cannot be said to a JWT authorizer, and unreachable keys must answer 503, not 401.',
      );
    const stage = api.defaultStage?.node.defaultChild;
    if (!(stage instanceof CfnStage)) throw new Error('the API has no default stage');
    stage.defaultRouteSettings = {
      throttlingRateLimit: FRONT_DOOR.rateLimit,
      throttlingBurstLimit: FRONT_DOOR.burstLimit,
    };
    const accessLog = new LogGroup(this, 'ApiLog', {
      retention: RetentionDays.ONE_MONTH,
      removalPolicy: config.local ? RemovalPolicy.DESTROY : RemovalPolicy.RETAIN,
    });
    stage.accessLogSettings = {
      destinationArn: accessLog.logGroupArn,
      // Never a header or a body: the one holds tokens, the other what a provider's documents hold.
      format: JSON.stringify({
        requestId: '$context.requestId',
        ip: '$context.identity.sourceIp',
        route: '$context.routeKey',
        status: '$context.status',
        responseLength: '$context.responseLength',
        error: '$context.error.message',
      }),
    };
    addAlarm(this, 'ApiErrors', {
      metric: api.metricServerError({ period: Duration.minutes(5), statistic: 'Sum' }),
      threshold: 5,
      evaluationPeriods: 2,
      says: 'The front door answers with errors of its own.',
      runbook: 'front-door-errors',
    });
    return { api, ingest };
  }

  /** AWS's own notices arrive on the default bus; member accounts of an organisation forward theirs to it. */
  #noticesOfAws(changes: WorkQueue): void {
    const { config } = this.#props;
    const sources = (source: keyof typeof LOCAL_SOURCES): string[] =>
      config.local ? [source, LOCAL_SOURCES[source]] : [source];
    const target = new SqsQueue(changes.queue, { deadLetterQueue: changes.deadLetters, retryAttempts: 185 });
    new Rule(this, 'ConfigChanges', {
      description: 'AWS Config saw a resource change',
      eventPattern: {
        source: sources('aws.config'),
        detailType: [...AWS_DETAIL_TYPES['aws.config']],
        detail: { messageType: [...CONFIG_MESSAGE_TYPES] },
      },
      targets: [target],
    });
    new Rule(this, 'SageMakerChanges', {
      description: 'A SageMaker endpoint, its configuration or a model changed: Config has no type for them',
      eventPattern: { source: sources('aws.sagemaker'), detailType: [...AWS_DETAIL_TYPES['aws.sagemaker']] },
      targets: [target],
    });
    if (!config.local)
      new Rule(this, 'CanaryChanges', {
        description: 'The canary changed: of its one resource and of nothing else',
        eventPattern: {
          source: [CANARY_SOURCE],
          detailType: [...AWS_DETAIL_TYPES['aws.config']],
          detail: { configurationItem: { ARN: [CANARY.aws.id], awsAccountId: [CANARY.aws.account] } },
        },
        targets: [target],
      });
    if (config.organizationId !== undefined)
      new CfnEventBusPolicy(this, 'Organisation', {
        statementId: `edict-${config.stage}-organisation`,
        statement: {
          Effect: 'Allow',
          Principal: '*',
          Action: 'events:PutEvents',
          Resource: this.formatArn({ service: 'events', resource: 'event-bus', resourceName: 'default' }),
          Condition: {
            StringEquals: { 'aws:PrincipalOrgID': config.organizationId },
            // Nothing but what the rules above take: a member account speaks for AWS in no other matter.
            'ForAllValues:StringEquals': { 'events:source': Object.keys(AWS_DETAIL_TYPES) },
            Null: { 'events:source': 'false' },
          },
        },
      });
  }

  /** Derives findings and events from the commits of the resources table. */
  #project(reJudge: WorkQueue): void {
    const { config, resources, findings, policies, bus } = this.#props;
    const waiting = new WorkQueue(this, 'ProjectionQueue', {
      config,
      name: 'projection',
      consumerTimeout: Duration.seconds(60),
    });
    const project = new AppFunction(this, 'Project', {
      functionName: 'project',
      config,
      timeout: Duration.seconds(60),
      environment: {
        RESOURCES_TABLE: resources.tableName,
        FINDINGS_TABLE: findings.tableName,
        POLICIES_TABLE: policies.tableName,
        BUS_NAME: bus.eventBusName,
        RE_JUDGE_QUEUE_URL: reJudge.queue.queueUrl,
        PROJECTION_QUEUE_URL: waiting.queue.queueUrl,
      },
      rings: [
        {
          metric: 'RecordsPoisoned',
          says: 'A commit cannot be projected for a reason of its own.',
          runbook: 'records-poisoned',
        },
        {
          metric: 'PolicyErrors',
          says: 'A policy ends in an error on a resource: it is neither passed nor violated.',
          runbook: 'policy-errors',
        },
      ],
    });
    resources.grantReadWriteData(project.function);
    findings.grantReadWriteData(project.function);
    policies.grantReadData(project.function);
    bus.grantPutEventsTo(project.function);
    reJudge.grantSend(project);
    waiting.grantSend(project);
    addAlarm(project, 'IteratorAge', {
      metric: project.function.metric('IteratorAge', { period: Duration.minutes(5), statistic: 'Maximum' }),
      threshold: Duration.minutes(5).toMilliseconds(),
      evaluationPeriods: 2,
      says: 'The projection is more than five minutes behind the commits.',
      runbook: 'projection-behind',
    });
    project.follow(asStream(resources), {
      batchSize: 100,
      parallelizationFactor: config.local ? 1 : 4,
      // Only commits with something to publish: most have nothing, and what publishing itself writes has not either.
      filters: [FilterCriteria.filter({ dynamodb: { NewImage: { pending_since: { N: FilterRule.exists() } } } })],
      bisectBatchOnError: true,
      reportBatchItemFailures: true,
      onFailure: new SqsDlq(waiting.deadLetters),
    });
    // A commit that failed for a reason of its own is tried again from here, by its resource's id.
    waiting.consume(project, { batchSize: 10, maxConcurrency: 2 });
    this.#tick(waiting, 'Repair', Schedule.rate(Duration.minutes(5)), 'Project what the stream lost', 'repair');
  }

  /** What must be judged again from stored facts: a new bundle, a changed dependency, a clause on age that flips. */
  #reJudge(queue: WorkQueue): void {
    const { config, resources, policies, quarantine, bus } = this.#props;
    const reJudge = new AppFunction(this, 'ReJudge', {
      functionName: 're-judge',
      config,
      timeout: Duration.seconds(60),
      environment: {
        RESOURCES_TABLE: resources.tableName,
        POLICIES_TABLE: policies.tableName,
        BUS_NAME: bus.eventBusName,
        QUARANTINE_BUCKET: quarantine.bucketName,
        RE_JUDGE_QUEUE_URL: queue.queue.queueUrl,
      },
      rings: [
        {
          metric: 'BundlesRejected',
          says: 'The active bundle cannot be used: the last good one stays in force.',
          runbook: 'bundle-rejected',
        },
      ],
    });
    resources.grantReadWriteData(reJudge.function);
    policies.grantReadData(reJudge.function);
    // What was due of an exception, once it is done.
    grantItems(policies, reJudge, ['DeleteItem']);
    bus.grantPutEventsTo(reJudge.function);
    quarantine.grantPut(reJudge.function);
    queue.grantSend(reJudge);
    queue.consume(reJudge, { batchSize: 10, maxConcurrency: config.local ? 2 : 20 });
    reJudge.follow(asStream(policies), {
      batchSize: 10,
      filters: [FilterRule.isEqual('active'), FilterRule.beginsWith('exception#')].map((id) =>
        FilterCriteria.filter({ dynamodb: { Keys: { id: { S: id } } } }),
      ),
      onFailure: new SqsDlq(queue.deadLetters),
    });
    this.#tick(queue, 'DueFlips', Schedule.rate(Duration.minutes(1)), 'Judge what a clause on age flips now', 'flips');
    this.#tick(
      queue,
      'Activations',
      Schedule.rate(Duration.minutes(15)),
      'Judge what was judged by less than what is active',
      'activation',
    );
  }

  /** The inventory: daily, and when somebody asks. */
  #sweep(changes: WorkQueue): SweepMachine {
    const { config, resources, findings, quarantine, bus } = this.#props;
    const sweep = new AppFunction(this, 'Sweep', {
      functionName: 'sweep',
      config,
      timeout: Duration.minutes(5),
      environment: {
        CHANGES_QUEUE_URL: changes.queue.queueUrl,
        RESOURCES_TABLE: resources.tableName,
        FINDINGS_TABLE: findings.tableName,
        QUARANTINE_BUCKET: quarantine.bucketName,
        BUS_NAME: bus.eventBusName,
        AWS_AGGREGATOR: config.awsAggregator,
        AZURE_READER: optionalJson(config.azureReader),
        GOOGLE_READER: optionalJson(config.googleReader),
      },
      rings: [
        {
          metric: 'ChangesQuarantined',
          says: 'Content that cannot be used is in the quarantine.',
          runbook: 'quarantine',
        },
        {
          metric: 'SweepsDenied',
          says: 'A provider refuses to list: the inventory is not complete.',
          runbook: 'sweeps-denied',
        },
        {
          metric: 'SweepsGivenUp',
          says: 'A part of a sweep failed every time: the inventory is not complete.',
          runbook: 'sweep-failed',
        },
      ],
    });
    changes.grantSend(sweep);
    // Of the inventory what is held against the lists, and its own marks; of the findings the list for the digest.
    grantItems(resources, sweep, ['BatchGetItem', 'GetItem', 'Query', 'UpdateItem']);
    grantItems(findings, sweep, ['Query']);
    quarantine.grantPut(sweep.function);
    bus.grantPutEventsTo(sweep.function);
    const reads = ['config:SelectResourceConfig', 'config:SelectAggregateResourceConfig', 'sagemaker:ListEndpoints'];
    sweep.allowAnywhere(reads, 'An inventory lists everything.');
    this.#readAzure(sweep);
    const machine = new SweepMachine(this, 'SweepMachine', { sweep });
    new Rule(this, 'DailySweep', {
      description: 'Take the inventory of every cloud',
      schedule: Schedule.cron({ hour: '2', minute: '17' }),
      targets: [new SfnStateMachine(machine.machine, { input: RuleTargetInput.fromObject({}) })],
    });
    // A beginning and no success: how long a run takes is the providers' affair, and every other end rings by itself.
    if (!config.local)
      addAlarm(machine, 'Silent', {
        metric: machine.machine.metricStarted({ period: Duration.hours(1), statistic: 'Sum' }),
        threshold: 1,
        comparison: ComparisonOperator.LESS_THAN_THRESHOLD,
        // A day and two hours. Periods of an hour may be looked at for seven days, shorter ones for one.
        evaluationPeriods: 26,
        silence: TreatMissingData.BREACHING,
        says: 'No sweep began for 26 hours: nobody takes the inventory.',
        runbook: 'sweep-failed',
      });
    return machine;
  }

  /** Proves by the clock that a change on every path is noticed, and rings where it is not. */
  #canary(ingest: AppFunction<'ingest'>): void {
    const { config, resources } = this.#props;
    const canary = new AppFunction(this, 'Canary', {
      functionName: 'canary',
      config,
      timeout: Duration.seconds(60),
      environment: {
        RESOURCES_TABLE: resources.tableName,
        INGEST_FUNCTION: ingest.function.functionName,
        AZURE_PATH: String(config.azureCallers !== undefined),
        GOOGLE_SUBSCRIPTION: config.googleCallers?.subscription,
      },
    });
    addAlarm(canary, 'CanaryMissed', {
      metric: edictMetric(config, 'CanaryMissed', 'canary', Duration.minutes(CANARY_LOOK_MINUTES)),
      // The first one rings, and it rings until a move was noticed: not anew with each move on a path that stays broken.
      evaluationPeriods: CANARY_MINUTES / CANARY_LOOK_MINUTES + 1,
      datapointsToAlarm: 1,
      says: 'A change that Edict made itself was not noticed within twice the promise: a path of news is broken.',
      runbook: 'canary-missed',
    });
    // Its own moves, and what became of the one resource of each path.
    grantItems(resources, canary, ['BatchGetItem', 'GetItem', 'PutItem', 'Query']);
    canary.function.addToRolePolicy(
      new PolicyStatement({ actions: ['lambda:InvokeFunction'], resources: [ingest.function.functionArn] }),
    );
    const bus = this.formatArn({ service: 'events', resource: 'event-bus', resourceName: 'default' });
    canary.function.addToRolePolicy(
      new PolicyStatement({
        actions: ['events:PutEvents'],
        resources: [bus],
        conditions: { StringEquals: { 'events:source': CANARY_SOURCE } },
      }),
    );
    addAlarm(canary, 'Silent', {
      metric: edictMetric(config, 'CanaryProbes', 'canary'),
      threshold: 1,
      comparison: ComparisonOperator.LESS_THAN_THRESHOLD,
      evaluationPeriods: 3,
      silence: TreatMissingData.BREACHING,
      says: 'The canary did not move for fifteen minutes: nobody knows whether changes are noticed.',
      runbook: 'canary-silent',
    });
    new Rule(this, 'CanaryTick', {
      description: 'Look whether the last move of the canary was noticed, and make the next one when it is time',
      schedule: Schedule.rate(Duration.minutes(CANARY_LOOK_MINUTES)),
      targets: [new LambdaFunction(canary.function, { retryAttempts: 0 })],
    });
  }

  /** Tells Slack, grouped by cause over a small window. */
  #slack(slack: NonNullable<EdictConfig['slack']>): void {
    const { config, findings, policies, bus } = this.#props;
    const timeout = Duration.seconds(60);
    const queue = new WorkQueue(this, 'SlackQueue', {
      config,
      name: 'slack',
      consumerTimeout: timeout,
      maxReceives: 8,
    });
    const secret = Secret.fromSecretNameV2(this, 'SlackSecret', slack.secretName);
    const notify = new AppFunction(this, 'NotifySlack', {
      functionName: 'notify-slack',
      config,
      timeout,
      environment: {
        FINDINGS_TABLE: findings.tableName,
        POLICIES_TABLE: policies.tableName,
        SLACK_SECRET: slack.secretName,
        SLACK_URL: slack.url,
      },
      rings: [
        {
          metric: 'MessagesFailed',
          above: 3,
          says: 'Slack does not take messages.',
          runbook: 'slack-failing',
        },
      ],
    });
    // What was sent, threads and digests lie beside the findings, which it neither reads nor lists.
    grantItems(findings, notify, ['DeleteItem', 'GetItem', 'PutItem', 'Query', 'UpdateItem']);
    // Who hears of what.
    grantItems(policies, notify, ['GetItem']);
    secret.grantRead(notify.function);
    new Rule(this, 'FindingsForSlack', {
      description: 'Findings that people hear about',
      eventBus: bus,
      eventPattern: {
        source: [EVENT_SOURCE],
        detailType: [...FINDING_DETAIL_TYPES, 'FindingsBaselined.v1', 'ExceptionExpiring.v1'],
      },
      targets: [new SqsQueue(queue.queue, { deadLetterQueue: queue.deadLetters })],
    });
    // What belongs together must meet in one batch; two at once tell at most two a second, and Slack takes about one for a channel.
    queue.consume(notify, { batchSize: 200, window: Duration.seconds(config.local ? 1 : 15), maxConcurrency: 2 });
    this.#tick(queue, 'SlackTick', Schedule.rate(Duration.minutes(1)), 'Tell digests, and of what flaps', 'tick');
  }

  /** Where Slack calls when somebody presses a button. The signature of the call is the function's business. */
  #slackActions(slack: NonNullable<EdictConfig['slack']>, api: HttpApi): void {
    const { config, resources, findings, policies } = this.#props;
    const actions = new AppFunction(this, 'SlackActions', {
      functionName: 'slack-actions',
      config,
      timeout: Duration.seconds(10),
      environment: {
        RESOURCES_TABLE: resources.tableName,
        FINDINGS_TABLE: findings.tableName,
        POLICIES_TABLE: policies.tableName,
        SLACK_SECRET: slack.secretName,
        SLACK_URL: slack.url,
      },
      rings: [
        {
          metric: 'CallersRefused',
          above: 50,
          says: 'Somebody keeps calling the door for Slack without its signature.',
          runbook: 'callers-refused',
        },
      ],
    });
    // Reads what it explains; writes what was answered, and exceptions that are asked for and approved.
    grantItems(resources, actions, ['BatchGetItem', 'GetItem']);
    grantItems(findings, actions, ['GetItem', 'PutItem', 'UpdateItem']);
    grantItems(policies, actions, ['GetItem', 'PutItem']);
    Secret.fromSecretNameV2(this, 'SlackActionsSecret', slack.secretName).grantRead(actions.function);
    const integration = new HttpLambdaIntegration('SlackActionsIntegration', actions.function);
    for (const route of api.addRoutes({ path: INGEST_PATHS.slack, methods: [HttpMethod.POST], integration }))
      acknowledge(
        route,
        'AwsSolutions-APIG4',
        'The caller is authenticated in the function: Slack signs each call, which no authorizer of API Gateway can check.',
      );
  }

  /** Enqueues a job by the clock. */
  #tick(to: WorkQueue, id: string, schedule: Schedule, description: string, job: string): void {
    const message = RuleTargetInput.fromObject({ job });
    new Rule(this, id, {
      description,
      schedule,
      targets: [new SqsQueue(to.queue, { message, deadLetterQueue: to.deadLetters })],
    });
  }

  /** The reader's role in any account of the organisation: its trust policy and the external id say who may be it. */
  #readAccounts(evaluate: AppFunction<'evaluate'>, { role }: NonNullable<EdictConfig['awsReader']>): void {
    const resource = this.formatArn({ service: 'iam', region: '', account: '*', resource: 'role', resourceName: role });
    evaluate.function.addToRolePolicy(new PolicyStatement({ actions: ['sts:AssumeRole'], resources: [resource] }));
    acknowledge(
      evaluate,
      `AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:iam::*:role/${role}]`,
      'The accounts whose changes arrive are not known beforehand; the role of that name trusts this function alone.',
    );
  }

  #readAzure(reader: AppFunction<'evaluate'> | AppFunction<'sweep'>): void {
    if (this.#props.config.azureReader?.credential !== 'federated') return;
    reader.allowAnywhere(
      ['sts:GetWebIdentityToken'],
      'The token names no resource; the condition allows the one audience that Azure takes.',
      {
        'ForAllValues:StringEquals': { 'sts:IdentityTokenAudience': ['api://AzureADTokenExchange'] },
        Null: { 'sts:IdentityTokenAudience': ['false'] },
      },
    );
  }
}

/** Lets a function make these calls on the items of a table, under the table's key. */
function grantItems<F extends FunctionName>(table: Table, to: AppFunction<F>, calls: readonly string[]): void {
  table.grant(to.function, ...calls.map((call) => `dynamodb:${call}`));
  table.encryptionKey?.grantEncryptDecrypt(to.function);
}

/** The same table, typed by its interface: under exactOptionalPropertyTypes the class does not fit it. */
const asStream = (table: Table): ITable => table as ITable;

const optionalJson = (value: object | undefined): string | undefined =>
  value === undefined ? undefined : JSON.stringify(value);
