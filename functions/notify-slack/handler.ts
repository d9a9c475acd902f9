/** Tells Slack what was published, grouped by cause, nothing twice; and, by the clock, digests and of what flaps. */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import middleware from '@middy/core';
import type { SQSEvent } from 'aws-lambda';
import { readSecret } from '../../shared/adapters/aws/secret.ts';
import { makeDocumentClient } from '../../shared/adapters/dynamodb/client.ts';
import { readNotifyConfig } from '../../shared/adapters/dynamodb/notify-config.ts';
import { nowMs as now, sleep } from '../../shared/adapters/service/clock.ts';
import { lazySlackClient, makeSlackClient } from '../../shared/adapters/slack/client.ts';
import { makeTellDue } from '../../shared/adapters/slack/due.ts';
import { makeNotes } from '../../shared/adapters/slack/notes.ts';
import { makeNotify } from '../../shared/adapters/slack/notify.ts';
import { makePace } from '../../shared/adapters/slack/pace.ts';
import { tellBatch } from '../../shared/adapters/slack/batch.ts';
import { makeSentRecord } from '../../shared/adapters/slack/sent-record.ts';
import { parseEnvironment } from '../../shared/runtime/env.ts';
import { baseStack } from '../../shared/runtime/middleware.ts';
import { answerBatch } from '../../shared/runtime/sqs-batch.ts';
import { makeTelemetry } from '../../shared/runtime/telemetry.ts';

const env = parseEnvironment('notify-slack', process.env);
const telemetry = makeTelemetry('notify-slack', env);
const secrets = new SecretsManagerClient();
const dynamo = new DynamoDBClient();
const policies = { client: makeDocumentClient(), name: env.POLICIES_TABLE };
const sent = makeSentRecord(dynamo, env.FINDINGS_TABLE, now);
const notes = makeNotes(dynamo, env.FINDINGS_TABLE, now);
const pace = makePace({ now, sleep });

/** Read again for every batch: a secret that was rotated is used at once, and a batch is a message's worth of time. */
const makeClient = async () =>
  makeSlackClient({
    secret: await readSecret(secrets, env.SLACK_SECRET),
    apiUrl: env.SLACK_URL,
    local: env.EDICT_LOCAL,
    pace,
  });

export const handler = middleware<SQSEvent>()
  .use(baseStack(telemetry))
  .handler((event) =>
    answerBatch(event, async (messages) => {
      const deps = {
        slack: lazySlackClient(makeClient),
        sent,
        notes,
        config: await readNotifyConfig(policies),
        now,
        onFailure: (error: unknown, events: number) => {
          telemetry.count('MessagesFailed');
          telemetry.failed('Slack was not told', error, { events });
        },
      };
      const { done, told } = await tellBatch(messages, makeNotify(deps), makeTellDue(deps));
      telemetry.count('MessagesSent', told);
      return done;
    }),
  );
