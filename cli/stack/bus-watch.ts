/** Hears what a stack publishes: a queue of its own behind a rule on the bus, and the events in it, each once. */
import {
  DeleteRuleCommand,
  EventBridgeClient,
  PutRuleCommand,
  PutTargetsCommand,
  RemoveTargetsCommand,
} from '@aws-sdk/client-eventbridge';
import {
  CreateQueueCommand,
  DeleteQueueCommand,
  GetQueueAttributesCommand,
  SetQueueAttributesCommand,
  DeleteMessageBatchCommand,
  ReceiveMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import type { FindingEvent, FindingTransitionEvent } from '../../shared/model/finding-event.ts';
import { EVENT_SOURCE } from '../../shared/model/deployment.ts';
import type { AwsOptions } from './stack.ts';

/** An event as it arrived, and when. */
export interface Heard {
  readonly event: FindingEvent;
  readonly atMs: number;
}

export interface BusWatch {
  /** Every event so far, in the order of arrival; told again, it is not here again. */
  readonly heard: readonly Heard[];
  /** How often an event was told again. */
  readonly repeated: number;
  stop(): Promise<void>;
}

/** Subscribes to the bus under a name of its own. `onEvent` hears each event the first time it arrives. */
export async function watchBus(
  aws: AwsOptions,
  busName: string,
  name: string,
  onEvent: (heard: Heard) => void = () => undefined,
): Promise<BusWatch> {
  const sqs = new SQSClient(aws);
  const events = new EventBridgeClient(aws);
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: name }));
  const { Attributes } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['QueueArn'] }));
  const arn = Attributes?.['QueueArn'] ?? '';
  const allow = {
    Version: '2012-10-17',
    Statement: [
      { Effect: 'Allow', Principal: { Service: 'events.amazonaws.com' }, Action: 'sqs:SendMessage', Resource: arn },
    ],
  };
  await sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes: { Policy: JSON.stringify(allow) } }));
  const rule = { Name: name, EventBusName: busName };
  await events.send(new PutRuleCommand({ ...rule, EventPattern: JSON.stringify({ source: [EVENT_SOURCE] }) }));
  await events.send(new PutTargetsCommand({ Rule: name, EventBusName: busName, Targets: [{ Id: 'watch', Arn: arn }] }));

  const heard: Heard[] = [];
  const seen = new Set<string>();
  let repeated = 0;
  const stopping = new AbortController();

  const take = (body: string): void => {
    const atMs = Date.now();
    const event = asEvent(body);
    if (event === undefined) return;
    if (seen.has(event.id)) {
      repeated += 1;
      return;
    }
    seen.add(event.id);
    heard.push({ event, atMs });
    onEvent({ event, atMs });
  };
  const listen = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      try {
        const { Messages = [] } = await sqs.send(
          new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: 5 }),
          { abortSignal: stopping.signal },
        );
        for (const message of Messages) take(message.Body ?? '');
        if (Messages.length > 0)
          await sqs.send(
            new DeleteMessageBatchCommand({
              QueueUrl,
              Entries: Messages.map((m, i) => ({ Id: String(i), ReceiptHandle: m.ReceiptHandle })),
            }),
          );
      } catch (error) {
        if (stopping.signal.aborted) return;
        // A busy server answers late; what is not deleted comes again, and is dropped.
        await new Promise((resolve) => setTimeout(resolve, 200));
        void error;
      }
    }
  };
  const listening = Promise.all([listen(), listen()]);
  return {
    heard,
    get repeated() {
      return repeated;
    },
    async stop() {
      stopping.abort();
      await listening;
      // Whoever stops listening leaves nothing behind; a server that is gone has taken it along.
      await events
        .send(new RemoveTargetsCommand({ Rule: name, EventBusName: busName, Ids: ['watch'] }))
        .then(() => events.send(new DeleteRuleCommand(rule)))
        .then(() => sqs.send(new DeleteQueueCommand({ QueueUrl })))
        .catch(() => undefined);
      sqs.destroy();
      events.destroy();
    },
  };
}

/** The event of ours inside what EventBridge delivers. */
function asEvent(body: string): FindingEvent | undefined {
  const envelope = JSON.parse(body) as {
    readonly 'detail-type'?: string;
    readonly time?: string;
    readonly resources?: readonly string[];
    readonly detail?: { readonly edict?: { readonly eventId?: string } };
  };
  const id = envelope.detail?.edict?.eventId;
  if (id === undefined) return undefined;
  return {
    id,
    detailType: envelope['detail-type'],
    time: envelope.time ?? '',
    resource: envelope.resources?.[0] ?? '',
    detail: envelope.detail,
  } as unknown as FindingEvent; // published by the stack, whose events have a schema of their own
}

/** True for the transition of a finding; the others sum up a sweep. */
export const isTransition = (event: FindingEvent): event is FindingTransitionEvent =>
  event.detailType !== 'FindingsBaselined.v1' &&
  event.detailType !== 'ExceptionExpiring.v1' &&
  event.detailType !== 'SourceReconciled.v1';
