/** Tells Slack what was published, grouped by cause, nothing twice. */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import middleware from '@middy/core';
import type { SQSEvent } from 'aws-lambda';
import { readSecret } from '../../shared/adapters/aws/secret.ts';
import { systemClock } from '../../shared/adapters/service/clock.ts';
import { lazySlackClient, makeSlackClient } from '../../shared/adapters/slack/client.ts';
import { findingEventIn } from '../../shared/adapters/slack/finding-message.ts';
import { makeNotify } from '../../shared/adapters/slack/notify.ts';
import { makeSentRecord } from '../../shared/adapters/slack/sent-record.ts';
import { parseEnvironment } from '../../shared/runtime/env.ts';
import { baseStack } from '../../shared/runtime/middleware.ts';
import { answerBatch } from '../../shared/runtime/sqs-batch.ts';
import { makeTelemetry } from '../../shared/runtime/telemetry.ts';

const env = parseEnvironment('notify-slack', process.env);
const telemetry = makeTelemetry('notify-slack', env);
const secrets = new SecretsManagerClient();
const sent = makeSentRecord(new DynamoDBClient(), env.FINDINGS_TABLE, () => systemClock.now());

/** Read again for every batch: a secret that was rotated is used at once, and a batch is a message's worth of time. */
const makeClient = async () =>
  makeSlackClient({
    secret: await readSecret(secrets, env.SLACK_SECRET),
    apiUrl: env.SLACK_URL,
    local: env.EDICT_LOCAL,
  });

export const handler = middleware<SQSEvent>()
  .use(baseStack(telemetry))
  .handler((event) =>
    answerBatch(event, async (messages) => {
      const notify = makeNotify({
        slack: lazySlackClient(makeClient),
        sent,
        onFailure: (error, events) => {
          telemetry.count('MessagesFailed');
          telemetry.failed('Slack was not told', error, { events });
        },
      });
      const read = messages.map(({ messageId, body }) => ({ messageId, event: findingEventIn(body) }));
      const told = await notify(read.flatMap(({ event: found }) => found ?? []));
      telemetry.count('MessagesSent', told.messages);
      // A message that holds no event of ours is not done: it ends as a dead letter, where somebody sees it.
      return new Set(read.flatMap((m) => (m.event !== undefined && !told.failed.has(m.event.id) ? [m.messageId] : [])));
    }),
  );
