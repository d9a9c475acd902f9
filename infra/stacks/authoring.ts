import { ArnFormat, CfnOutput, Duration, Stack, type StackProps } from 'aws-cdk-lib';
import type { Table } from 'aws-cdk-lib/aws-dynamodb';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import type { Construct } from 'constructs';
import { type AuthoringOutput, stackNames } from '../../shared/model/deployment.ts';
import type { EdictConfig } from '../config.ts';
import { AppFunction } from '../constructs/app-function.ts';
import { acknowledge } from '../constructs/nag.ts';
import { WorkQueue } from '../constructs/work-queue.ts';

export interface AuthoringStackProps extends StackProps {
  readonly config: EdictConfig;
  readonly authoring: NonNullable<EdictConfig['authoring']>;
  readonly policies: Table;
}

/** As many sentences at once: each is several calls of a model long, and every one costs. */
const AT_ONCE = 2;

/** From a sentence to a draft, by queue. Nothing that judges depends on it: it may be deployed, changed and removed alone. */
export class AuthoringStack extends Stack {
  /** Every queue, for those who watch. */
  readonly queues: readonly WorkQueue[];

  constructor(scope: Construct, id: string, props: AuthoringStackProps) {
    const { config, authoring, policies } = props;
    super(scope, id, { ...props, stackName: stackNames(config.stage).authoring, description: 'Edict: authoring' });
    // The longest there is: several calls of a model fit in. What does not is gone on with by a message of its own.
    const timeout = Duration.minutes(15);
    const queue = new WorkQueue(this, 'AuthoringQueue', {
      config,
      name: 'authoring',
      consumerTimeout: timeout,
      maxReceives: 3,
      late: Duration.hours(2),
    });
    const author = new AppFunction(this, 'Author', {
      functionName: 'author',
      config,
      timeout,
      environment: {
        POLICIES_TABLE: policies.tableName,
        AUTHORING_QUEUE_URL: queue.queue.queueUrl,
        AUTHORING: JSON.stringify(authoring.models),
        AUTHORING_SECRET: authoring.secretName,
      },
      rings: [
        {
          metric: 'ModelCalls',
          above: 300,
          says: 'Language models are asked far more often than people write sentences.',
          runbook: 'model-calls',
        },
        {
          metric: 'ModelTokens',
          above: 2_000_000,
          says: 'Authoring spends more tokens than five sentences may.',
          runbook: 'model-tokens',
        },
        {
          metric: 'AuthoringRefused',
          above: 10,
          says: 'Sentence after sentence is refused.',
          runbook: 'authoring-refused',
        },
      ],
    });
    // Its own sentences, and to read what is active: no approval, no activation, no bundle is ever written here.
    items(author, policies, ['GetItem', 'Query', 'PutItem', 'UpdateItem'], ['authoring#*']);
    items(author, policies, ['GetItem'], ['active', 'bundle#*']);
    policies.encryptionKey?.grantEncryptDecrypt(author.function);
    if (authoring.secretName !== undefined)
      Secret.fromSecretNameV2(this, 'ModelKey', authoring.secretName).grantRead(author.function);
    for (const model of new Set(Object.values(authoring.models.models ?? {}))) this.#invoke(author, model);
    queue.grantSend(author);
    queue.consume(author, { batchSize: 1, maxConcurrency: AT_ONCE });
    this.queues = [queue];
    const output = (name: AuthoringOutput, value: string) => new CfnOutput(this, name, { value });
    output('AuthoringQueueUrl', queue.queue.queueUrl);
  }

  /**
   * One model of Bedrock: of this region, or through an inference profile, which calls it in other regions.
   * https://docs.aws.amazon.com/bedrock/latest/userguide/inference-profiles-prereq.html, read 2026-11-25.
   */
  #invoke(author: AppFunction<'author'>, model: string): void {
    const arn = (resource: string, name: string, place: { readonly account?: string; readonly region?: string }) =>
      this.formatArn({
        service: 'bedrock',
        resource,
        resourceName: name,
        arnFormat: ArnFormat.SLASH_RESOURCE_NAME,
        ...place,
      });
    const allow = (resources: string[], profile?: string): void =>
      author.function.addToRolePolicy(
        new PolicyStatement({
          actions: ['bedrock:InvokeModel'],
          resources,
          ...(profile === undefined
            ? {}
            : { conditions: { StringEquals: { 'bedrock:InferenceProfileArn': profile } } }),
        }),
      );
    const [, plain] = /^(?:us-gov|us|eu|apac|jp|au|ca|global)\.(.+)$/.exec(model) ?? [];
    if (plain === undefined) return allow([arn('foundation-model', model, { account: '' })]);
    const profile = arn('inference-profile', model, {});
    allow([profile]);
    allow([arn('foundation-model', plain, { account: '', region: '*' })], profile);
    acknowledge(
      author,
      `AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:bedrock:*::foundation-model/${plain}]`,
      'The regions that an inference profile calls are its own business; the condition allows that one profile.',
    );
  }
}

/** Allows calls on the items of some partitions of a table. */
function items(to: AppFunction<'author'>, table: Table, calls: readonly string[], partitions: readonly string[]): void {
  to.function.addToRolePolicy(
    new PolicyStatement({
      actions: calls.map((call) => `dynamodb:${call}`),
      resources: [table.tableArn],
      conditions: { 'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': [...partitions] } },
    }),
  );
}
