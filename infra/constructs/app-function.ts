import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import type { ITable } from 'aws-cdk-lib/aws-dynamodb';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Architecture, Code, Function as LambdaFunction, Runtime, StartingPosition } from 'aws-cdk-lib/aws-lambda';
import { DynamoEventSource, type DynamoEventSourceProps } from 'aws-cdk-lib/aws-lambda-event-sources';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import type { EnvironmentInput, FunctionName } from '../../shared/runtime/env.ts';
import { bundleFunction } from '../bundle.ts';
import type { EdictConfig } from '../config.ts';
import type { MetricName } from '../../shared/model/telemetry.ts';
import { addAlarm, edictMetric } from './alarm.ts';
import { acknowledge } from './nag.ts';

/** What every function gets from its stage; the rest its stack must say. */
type FromStage = 'EDICT_STAGE' | 'EDICT_LOCAL' | 'LOG_LEVEL';

export interface AppFunctionProps<F extends FunctionName> {
  /** The folder in functions/, and the contract of its environment. */
  readonly functionName: F;
  readonly config: EdictConfig;
  /** Every variable that the function's contract requires: one forgotten is a compile error. */
  readonly environment: Omit<EnvironmentInput<F>, FromStage>;
  readonly timeout: Duration;
  /** @default 512 */
  readonly memorySizeMb?: number;
  /** Its own metrics that ring. @default none */
  readonly rings?: readonly Ring[];
}

/** A metric of the function that rings when it counts more than so many in five minutes. */
export interface Ring {
  readonly metric: MetricName;
  /** @default 0 */
  readonly above?: number;
  readonly says: string;
  /** The section of docs/runbook.md. */
  readonly runbook: string;
}

/** One Lambda function: Node 24, its bundle, a role of its own that may write its own log and nothing else, an alarm on errors. */
export class AppFunction<F extends FunctionName> extends Construct {
  readonly function: LambdaFunction;
  readonly timeout: Duration;

  constructor(scope: Construct, id: string, props: AppFunctionProps<F>) {
    super(scope, id);
    const { config } = props;
    this.timeout = props.timeout;
    const logGroup = new LogGroup(this, 'Log', {
      retention: RetentionDays.ONE_MONTH,
      removalPolicy: config.local ? RemovalPolicy.DESTROY : RemovalPolicy.RETAIN,
    });
    const role = new Role(this, 'Role', {
      assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
      description: `What edict ${props.functionName} may do`,
    });
    logGroup.grantWrite(role);
    this.function = new LambdaFunction(this, 'Function', {
      runtime: Runtime.NODEJS_24_X,
      // The local AWS runs the function on the Node of this machine, whatever that is.
      architecture: config.local ? Architecture.X86_64 : Architecture.ARM_64,
      handler: 'index.handler',
      code: config.bundle
        ? Code.fromAsset(bundleFunction(props.functionName))
        : Code.fromInline(`export const handler = async () => { throw new Error('not bundled') };`),
      memorySize: props.memorySizeMb ?? 512,
      timeout: props.timeout,
      logGroup,
      role,
      environment: {
        ...strings(props.environment),
        EDICT_STAGE: config.stage,
        EDICT_LOCAL: String(config.local),
        POWERTOOLS_SERVICE_NAME: props.functionName,
        POWERTOOLS_METRICS_NAMESPACE: 'Edict',
        AWS_LAMBDA_NODEJS_DISABLE_CALLBACK_WARNING: 'true',
      },
    });
    addAlarm(this, 'Errors', {
      // A count and no rate: metric math is more than the local AWS takes, and at no traffic a rate says nothing.
      metric: this.function.metricErrors({ period: Duration.minutes(5) }),
      threshold: 10,
      evaluationPeriods: 2,
      says: `More than ten invocations of ${props.functionName} failed in five minutes, twice in a row.`,
      runbook: 'function-errors',
    });
    addAlarm(this, 'Throttles', {
      metric: this.function.metricThrottles({ period: Duration.minutes(5) }),
      evaluationPeriods: 3,
      says: `${props.functionName} was throttled for fifteen minutes.`,
      runbook: 'function-throttles',
    });
    for (const { metric, above, says, runbook } of props.rings ?? [])
      addAlarm(this, metric, {
        metric: edictMetric(config, metric, props.functionName),
        ...(above === undefined ? {} : { threshold: above }),
        says,
        runbook,
      });
  }

  /** Allows calls that no resource can narrow, and says why none can. */
  allowAnywhere(
    actions: readonly string[],
    reason: string,
    conditions?: { readonly [operator: string]: { readonly [key: string]: readonly string[] } },
  ): void {
    this.function.addToRolePolicy(
      new PolicyStatement({
        actions: [...actions],
        resources: ['*'],
        ...(conditions === undefined ? {} : { conditions }),
      }),
    );
    acknowledge(this, 'AwsSolutions-IAM5[Resource::*]', reason);
  }

  /** Follows the stream of a table. Whatever fails for a reason of its own is the function's business: what it throws is infrastructure. */
  follow(table: ITable, options: Omit<DynamoEventSourceProps, 'startingPosition' | 'retryAttempts'>): void {
    this.function.addEventSource(
      new DynamoEventSource(table, {
        startingPosition: StartingPosition.TRIM_HORIZON,
        // As long as the stream keeps records: infrastructure comes back, and until then order matters more than speed.
        retryAttempts: 10_000,
        ...options,
      }),
    );
    acknowledge(
      this,
      'AwsSolutions-IAM5[Resource::*]',
      'Listing streams, which reading one asks for, names no resource.',
    );
  }
}

/** The environment without the optional variables that were not given. */
function strings(environment: object): { [variable: string]: string } {
  const set: { [variable: string]: string } = {};
  for (const [variable, value] of Object.entries(environment)) if (typeof value === 'string') set[variable] = value;
  return set;
}
