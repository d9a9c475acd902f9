import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { FunctionName } from '../../shared/runtime/env.ts';
import type { EdictConfig } from '../config.ts';
import { addAlarm } from './alarm.ts';
import type { AppFunction } from './app-function.ts';

export interface WorkQueueProps {
  readonly config: EdictConfig;
  /** What waits in it, for the alarms: `changes`. Also the anchor of its two sections in the runbook: `<name>-dlq`, `<name>-age`. */
  readonly name: string;
  /** The timeout of the function that will consume it: a message stays invisible six times as long. */
  readonly consumerTimeout: Duration;
  /** Deliveries before a message becomes a dead letter. @default 5 */
  readonly maxReceives?: number;
  /** The age of the oldest message above which it is late. @default 15 minutes */
  readonly late?: Duration;
}

export interface ConsumerProps {
  readonly batchSize: number;
  /** How long to gather a batch. @default not at all */
  readonly window?: Duration;
  /** The most invocations at once. */
  readonly maxConcurrency: number;
}

/** A queue, its dead letters, their alarms, and its one consumer: visibility and timeout are one decision, so they live together. */
export class WorkQueue extends Construct {
  readonly queue: Queue;
  readonly deadLetters: Queue;
  readonly #timeout: Duration;
  readonly #local: boolean;

  constructor(scope: Construct, id: string, props: WorkQueueProps) {
    super(scope, id);
    const kept = props.config.local ? RemovalPolicy.DESTROY : RemovalPolicy.RETAIN;
    this.#timeout = props.consumerTimeout;
    this.#local = props.config.local;
    this.deadLetters = new Queue(this, 'DeadLetters', {
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      retentionPeriod: Duration.days(14),
      // Dead letters are changes that were received and not judged: they outlive the stack.
      removalPolicy: kept,
    });
    this.queue = new Queue(this, 'Queue', {
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      retentionPeriod: Duration.days(14),
      visibilityTimeout: Duration.seconds(props.consumerTimeout.toSeconds() * 6),
      deadLetterQueue: { queue: this.deadLetters, maxReceiveCount: props.maxReceives ?? 5 },
      removalPolicy: kept,
    });
    addAlarm(this, 'DeadLettersAlarm', {
      metric: this.deadLetters.metricApproximateNumberOfMessagesVisible({
        period: Duration.minutes(1),
        statistic: 'Maximum',
      }),
      says: `The ${props.name} queue has dead letters: work that failed every time.`,
      runbook: `${props.name}-dlq`,
    });
    addAlarm(this, 'AgeAlarm', {
      metric: this.queue.metricApproximateAgeOfOldestMessage({ period: Duration.minutes(5), statistic: 'Maximum' }),
      threshold: (props.late ?? Duration.minutes(15)).toSeconds(),
      evaluationPeriods: 2,
      says: `The oldest message of the ${props.name} queue waits too long.`,
      runbook: `${props.name}-age`,
    });
  }

  /** Lets a function put messages in. */
  grantSend<F extends FunctionName>(sender: AppFunction<F>): void {
    this.queue.grantSendMessages(sender.function);
    // AWS allows batches by the permission for one message; the local AWS asks for the call's own name.
    if (this.#local) this.queue.grant(sender.function, 'sqs:SendMessageBatch');
  }

  /** Connects the consumer. Anything that it does not prove done is delivered again. */
  consume<F extends FunctionName>(consumer: AppFunction<F>, props: ConsumerProps): void {
    if (consumer.timeout.toSeconds() !== this.#timeout.toSeconds())
      throw new Error(`${this.node.path} was sized for a consumer of ${this.#timeout.toSeconds()} s`);
    consumer.function.addEventSource(
      new SqsEventSource(this.queue, {
        batchSize: props.batchSize,
        ...(props.window === undefined ? {} : { maxBatchingWindow: props.window }),
        maxConcurrency: props.maxConcurrency,
        reportBatchItemFailures: true,
      }),
    );
  }
}
